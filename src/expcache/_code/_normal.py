"""One spelling for each meaning: syntax tree -> canonical bytes.

The bytes are equal on every supported Python and for every way to lay out the same program.
Nodes are written generically, with fields by sorted name and empty fields left out, so that
fields and node classes of later Pythons need no change here.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeVar

from expcache._encode import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["canonical", "fields", "replaced"]

_Node = TypeVar("_Node", bound=ast.AST)
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)

# Positions are attributes, not fields. Annotations of arguments and results say nothing about
# what a call computes; those of class bodies do (dataclass fields) and stay.
_DROPPED = frozenset({"ctx", "kind", "simple", "type_comment", "type_ignores"})
_DROPPED_OF: dict[type[ast.AST], frozenset[str]] = {
    ast.arg: _DROPPED | {"annotation"},
    ast.FunctionDef: _DROPPED | {"returns"},
    ast.AsyncFunctionDef: _DROPPED | {"returns"},
}
_LITERAL = (ast.Constant, ast.MatchSingleton)
_names_of: dict[type[ast.AST], tuple[str, ...]] = {}


def canonical(node: ast.AST) -> bytes:
    """Return the bytes of the node without layout, comments, docstrings and annotations."""
    out: list[bytes] = []
    _write(node, out, inside_class=False)
    return b"".join(out)


def replaced(node: _Node, **changes: object) -> _Node:
    """Return a shallow copy of the node with some fields changed."""
    copy = type(node)(**{name: getattr(node, name) for name in node._fields if hasattr(node, name)})
    ast.copy_location(copy, node)
    for name, value in changes.items():
        setattr(copy, name, value)
    return copy


def fields(node: ast.AST, *, inside_class: bool) -> Iterator[tuple[str, object]]:
    """Yield the fields of the node that count, by sorted name, with normalised values."""
    kind = type(node)
    names = _names_of.get(kind)
    if names is None:
        dropped = _DROPPED_OF.get(kind, _DROPPED)
        names = _names_of[kind] = tuple(sorted(set(kind._fields) - dropped))
    for name in names:
        value = getattr(node, name, None)
        if isinstance(value, list):
            value = _items(node, value, inside_class=inside_class)
        elif name == "format_spec" and isinstance(value, ast.JoinedStr) and not _joined(value):
            value = None
        if value is not None and value != []:
            yield name, value


def _items(node: ast.AST, items: list[object], *, inside_class: bool) -> list[object]:
    if items and isinstance(items[0], ast.stmt):
        keep = isinstance(node, ast.ClassDef) or (inside_class and not isinstance(node, _Function))
        return list(_block(items, inside_class=keep))
    if type(node).__name__ in {"JoinedStr", "TemplateStr"}:
        return _joined(node)
    return items


def _block(statements: Iterable[object], *, inside_class: bool) -> Iterator[object]:
    for statement in statements:
        if isinstance(statement, ast.Pass) or _is_bare_constant(statement):
            continue
        if isinstance(statement, ast.If) and _is_type_checking(statement.test):
            yield from _block(statement.orelse, inside_class=inside_class)
        elif isinstance(statement, ast.AnnAssign) and not inside_class:
            yield from _plain_assignment(statement)
        else:
            yield statement


def _is_bare_constant(statement: object) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_type_checking(test: ast.expr) -> bool:
    name = getattr(test, "attr", None) or getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def _plain_assignment(statement: ast.AnnAssign) -> Iterator[ast.stmt]:
    if statement.value is not None:
        yield ast.Assign(targets=[statement.target], value=statement.value)


def _joined(node: ast.AST) -> list[object]:
    """Merge neighbouring literal pieces: Pythons before 3.12 split f-strings in other places."""
    merged: list[object] = []
    text = ""
    for piece in getattr(node, "values", ()):
        if isinstance(piece, ast.Constant) and isinstance(piece.value, str):
            text += piece.value
            continue
        if text:
            merged.append(ast.Constant(value=text))
            text = ""
        merged.append(piece)
    return [*merged, ast.Constant(value=text)] if text else merged


def _write(value: object, out: list[bytes], *, inside_class: bool) -> None:
    if isinstance(value, _LITERAL):
        _frame(b"!" if isinstance(value, ast.Constant) else b"?", encode(value.value), out)
    elif isinstance(value, ast.AST):
        _write_node(value, out, inside_class=inside_class)
    elif isinstance(value, list):
        out.append(b"[")
        for item in value:
            _write(item, out, inside_class=inside_class)
        out.append(b"]")
    else:
        _frame(b"=", encode(value), out)


def _write_node(node: ast.AST, out: list[bytes], *, inside_class: bool) -> None:
    within = isinstance(node, ast.ClassDef) or (
        inside_class and not isinstance(node, (*_Function, ast.Lambda))
    )
    out.append(b"(%s" % type(node).__name__.encode())
    for name, value in fields(node, inside_class=inside_class):
        out.append(b".%s" % name.encode())
        _write(value, out, inside_class=within)
    out.append(b")")


def _frame(tag: bytes, content: bytes, out: list[bytes]) -> None:
    out.append(b"%s%d:" % (tag, len(content)))
    out.append(content)
