"""How a module makes a value that has no canonical form: the statements that give it its name."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

from expcache._code._block import container_of
from expcache._code._module import package_of
from expcache._code._names import is_project_namespace, module_namespace
from expcache._code._normal import canonical
from expcache._code._part import Value
from expcache._code._scope import scope_of
from expcache._code._source import source_of
from expcache._code._walk import Walk
from expcache._code._watch import MISSING
from expcache._encode import named

__all__ = ["made"]

_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_HOPS = 20


def made(walk: Walk, one: Value) -> list[bytes]:
    """Return the statements that make or change a module's name, and follow what they use."""
    if one.place is None or one.place[0] != id(one.namespace):
        return []
    namespace, name = one.namespace, one.place[1]
    for _ in range(_HOPS):
        tree = _tree(namespace)
        origin = None if tree is None else _imported(tree, name, namespace)
        if origin is None:
            return [] if tree is None else _statements(walk, tree, name, namespace)
        namespace, name = origin
    return []


def _tree(namespace: dict[str, Any]) -> ast.Module | None:
    file = namespace.get("__file__")
    if not isinstance(file, str) or not is_project_namespace(namespace):
        return None
    source = source_of(file, namespace)
    return None if source is None else source.tree


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a module is loaded."""
    for one in body:
        if isinstance(one, _LATER):
            continue
        yield one
        for child in ast.iter_child_nodes(one):
            if isinstance(child, ast.stmt):
                yield from _top([child])
            elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
                yield from _top(child.body)


def _imported(
    tree: ast.Module, name: str, namespace: dict[str, Any]
) -> tuple[dict[str, Any], str] | None:
    """Return the module that a name was imported from, and its name there."""
    value = namespace.get(name, MISSING)
    for one in _top(tree.body):
        for alias in one.names if isinstance(one, ast.ImportFrom) else ():
            if name != (alias.asname or alias.name) and alias.name != "*":
                continue
            inner = _module(one, namespace)  # type: ignore[arg-type]
            there = name if alias.name == "*" else alias.name
            if inner is not None and inner.get(there, MISSING) is value:
                return inner, there
    return None


def _module(one: ast.ImportFrom, namespace: dict[str, Any]) -> dict[str, Any] | None:
    package = package_of(namespace).split(".")
    above = package[: len(package) - one.level + 1] if one.level else []
    module = sys.modules.get(".".join([*above, *filter(None, [one.module])]))
    return None if module is None else module_namespace(module)


def _statements(walk: Walk, tree: ast.Module, name: str, namespace: dict[str, Any]) -> list[bytes]:
    # `M = M.copy()` refers to itself: that name is being followed already.
    return [
        named("made", canonical(node), *walk.references(scope_of(node), {}, namespace))
        for one in _top(tree.body)
        for node, targets in _pieces(one)
        if _meets(targets, name)
    ]


def _pieces(one: ast.stmt) -> Iterator[tuple[ast.AST, list[ast.expr]]]:
    """Yield what of a statement gives names their value, or changes it, and the names."""
    if isinstance(one, (ast.Assign, ast.Delete)):
        yield one, one.targets
    elif isinstance(one, (ast.AnnAssign, ast.AugAssign)):
        yield one, [one.target]
    elif isinstance(one, (ast.For, ast.AsyncFor)):
        yield one.iter, [one.target]
    elif isinstance(one, (ast.With, ast.AsyncWith)):
        for item in one.items:
            yield item.context_expr, [item.optional_vars] if item.optional_vars else []
    elif isinstance(one, ast.Expr) and isinstance(one.value, ast.Call):
        yield one, [one.value.func]


def _meets(targets: list[ast.expr], name: str) -> bool:
    for one in targets:
        if isinstance(one, (ast.Tuple, ast.List)):
            if _meets(one.elts, name):
                return True
            continue
        chain = container_of(one)
        if chain is not None and chain[0] == name:
            return True
    return False
