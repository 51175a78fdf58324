"""The names that a definition takes from outside, read off its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, NamedTuple

from expcache._code._block import Block, Chain, bind, chain_of, home_of
from expcache._code._normal import fields

__all__ = ["Import", "Scope", "imports_of", "scope_of"]

# What they reach depends on text that is known only when they run.
_BY_TEXT = frozenset({"eval", "exec", "globals", "__import__"})
_BY_NAME = frozenset({"getattr", "setattr", "delattr"})
_TABLES = frozenset({"locals", "vars"})


class Import(NamedTuple):
    """One imported name: of `from ..module import name`, or `import module` without a name."""

    module: str
    name: str = ""
    level: int = 0


class Scope:
    """What a definition takes from outside.

    `reads` are dotted chains that begin with a free name, `imports` what it imports when it runs.
    Of its first parameter (the instance, for a method) it uses the attributes `own`, and hands it
    on as a whole when `escapes`. What its `beyond` calls reach cannot be told from the source.
    """

    def __init__(self, imports: set[Import]) -> None:
        """Begin with the imports."""
        self.reads: set[Chain] = set()
        self.imports = imports
        self.own: set[str] = set()
        self.escapes = False
        self.beyond: set[str] = set()


def scope_of(node: ast.AST) -> Scope:
    """Return what the function or class of this node takes from outside."""
    visitor = _Visitor(node)
    visitor.visit(node, visitor.outside)
    return visitor.resolved()


def imports_of(node: ast.AST) -> set[Import]:
    """Return every import anywhere below the node."""
    found: set[Import] = set()
    for child in ast.walk(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            found.update(_imported(child))
    return found


def _imports_text(node: ast.Call) -> bool:
    first = node.args[0] if len(node.args) == 1 else None
    text = first.value if isinstance(first, ast.Constant) else None
    return isinstance(text, str) and not text.startswith(".")


def _imported(node: ast.Import | ast.ImportFrom) -> list[Import]:
    if isinstance(node, ast.Import):
        return [Import(alias.name) for alias in node.names]
    return [Import(node.module or "", alias.name, node.level) for alias in node.names]


class _Visitor:
    """Collects every use of a name first: a name may be bound below its use."""

    def __init__(self, root: ast.AST) -> None:
        self.outside = Block(None, "outside")
        self.root = root
        self.first: str | None = None
        self.inside: Block | None = None
        self.uses: list[tuple[Chain, Block, bool]] = []
        self.calls: list[tuple[Chain, Block, str]] = []
        self.imports: set[Import] = set()

    def visit(self, node: object, block: Block) -> None:
        if isinstance(node, list):
            for item in node:
                self.visit(item, block)
        elif isinstance(node, ast.AST):
            visit = _VISITS.get(type(node))
            if visit is None:
                self.generic(node, block)
            else:
                visit(self, node, block)

    def generic(self, node: ast.AST, block: Block) -> None:
        for name, value in fields(node, inside_class=block.kind == "class"):
            if isinstance(value, (ast.AST, list)):
                self.visit(value, block)
            elif name in {"name", "rest"} and isinstance(value, str):
                block.bound.add(value)  # except ... as name, and captures of match

    def name(self, node: ast.Name, block: Block) -> None:
        if isinstance(node.ctx, ast.Load):
            self.uses.append(((node.id,), block, False))
        else:
            bind(node.id, block)
            if node.id in block.declared:
                self.uses.append(((node.id,), block, True))

    def attribute(self, node: ast.Attribute, block: Block) -> None:
        chain = chain_of(node)
        if chain is None:
            self.visit(node.value, block)
        else:
            self.uses.append((chain, block, not isinstance(node.ctx, ast.Load)))
        self.table(node, block)

    def subscript(self, node: ast.Subscript, block: Block) -> None:
        self.generic(node, block)
        self.table(node, block)

    def table(self, node: ast.Subscript | ast.Attribute, block: Block) -> None:
        """Take `vars(...)[name]`, but not a call that only shows what there is."""
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
            name = node.value.func.id
            if name in _TABLES:
                self.calls.append(((name,), block, name))

    def call(self, node: ast.Call, block: Block) -> None:
        chain = chain_of(node.func) or ("",)
        last = node.func.attr if isinstance(node.func, ast.Attribute) else chain[-1]
        plain = len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
        imported = last == "import_module" and not _imports_text(node)
        if last in _BY_TEXT or (last in _BY_NAME and not plain) or imported:
            self.calls.append((chain, block, last))
        elif last == "__subclasses__":
            self.calls.append((("",), block, last))
        if last in {"import_module", "__import__"} and _imports_text(node):
            self.imports.add(Import(node.args[0].value))  # type: ignore[attr-defined]
        self.generic(node, block)

    def named(self, node: ast.NamedExpr, block: Block) -> None:
        self.visit(node.value, block)
        while block.kind == "comprehension" and block.parent is not None:
            block = block.parent
        self.visit(node.target, block)

    def declaration(self, node: ast.Global | ast.Nonlocal, block: Block) -> None:
        block.declared.update(node.names)

    def import_(self, node: ast.Import | ast.ImportFrom, block: Block) -> None:
        self.imports.update(_imported(node))
        for alias in node.names:
            bind(alias.asname or alias.name.partition(".")[0], block)

    def function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, block: Block
    ) -> None:
        arguments = node.args
        if not isinstance(node, ast.Lambda):
            bind(node.name, block)
            self.visit(node.decorator_list, block)
        self.visit([*arguments.defaults, *arguments.kw_defaults], block)
        inner = Block(block, "function")
        positional = [*arguments.posonlyargs, *arguments.args]
        others = [*arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        inner.bound.update(arg.arg for arg in (*positional, *others) if arg is not None)
        if node is self.root:
            self.inside = inner
            self.first = positional[0].arg if positional else None
        self._body(node, inner, {"args", "decorator_list", "name"})

    def class_(self, node: ast.ClassDef, block: Block) -> None:
        bind(node.name, block)
        inner = Block(block, "class")
        for names, where in (
            ({"bases", "keywords", "decorator_list"}, block),
            ({"body", "type_params"}, inner),
        ):
            for name, value in fields(node, inside_class=True):
                if name in names:
                    self.visit(value, where)

    def comprehension(self, node: ast.AST, block: Block) -> None:
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        self.visit(generators[0].iter, block)
        inner = Block(block, "comprehension")
        for place, generator in enumerate(generators):
            self.visit(generator.target, inner)
            self.visit([generator.iter] if place else [], inner)
            self.visit(generator.ifs, inner)
        for name in ("elt", "key", "value"):
            self.visit(getattr(node, name, None), inner)

    def _body(self, node: ast.AST, inner: Block, without: set[str]) -> None:
        for name, value in fields(node, inside_class=False):
            if name not in without:
                self.visit(value, inner)

    def resolved(self) -> Scope:
        scope = Scope(imports=self.imports)
        for chain, block, stored in self.uses:
            home = home_of(chain[0], block)
            if home is self.outside:
                scope.reads.add(chain)
            elif home is self.inside and chain[0] == self.first:
                if len(chain) > 1:
                    scope.own.add(chain[1])
                elif not stored:
                    scope.escapes = True
        outside = [one for one in self.calls if home_of(one[0][0], one[1]) is self.outside]
        scope.beyond.update(name for _, _, name in outside)
        return scope


_VISITS: dict[type[ast.AST], Callable[[_Visitor, Any, Block], None]] = {
    ast.Name: _Visitor.name,
    ast.NamedExpr: _Visitor.named,
    ast.Attribute: _Visitor.attribute,
    ast.Subscript: _Visitor.subscript,
    ast.Call: _Visitor.call,
    ast.Global: _Visitor.declaration,
    ast.Nonlocal: _Visitor.declaration,
    ast.Import: _Visitor.import_,
    ast.ImportFrom: _Visitor.import_,
    ast.FunctionDef: _Visitor.function,
    ast.AsyncFunctionDef: _Visitor.function,
    ast.Lambda: _Visitor.function,
    ast.ClassDef: _Visitor.class_,
    ast.ListComp: _Visitor.comprehension,
    ast.SetComp: _Visitor.comprehension,
    ast.DictComp: _Visitor.comprehension,
    ast.GeneratorExp: _Visitor.comprehension,
}
