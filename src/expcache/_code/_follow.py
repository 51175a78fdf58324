"""Following one definition: its syntax tree, and what each of its free names stands for."""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any

from expcache._code._class import add_class, add_method
from expcache._code._content import content
from expcache._code._lookup import Cells
from expcache._code._names import stem_of_namespace
from expcache._code._normal import canonical
from expcache._code._part import Part
from expcache._code._scope import scope_of
from expcache._code._source import Found, Source, bytecode, find_function, source_of
from expcache._code._tree import expressions, without_defaults, without_own
from expcache._code._value import follow_value
from expcache._code._walk import Walk
from expcache._code._wrapped import is_code
from expcache._encode import digest, named, text
from expcache.errors import CodeError

__all__ = ["finish"]


def finish(walk: Walk) -> None:
    """Look at everything reached."""
    while walk.definitions or walk.values:
        if walk.definitions:
            value, label = walk.definitions.popleft()
            (_add_function if isinstance(value, FunctionType) else add_class)(walk, value, label)
        else:
            follow_value(walk, walk.values.popleft())


def _add_function(walk: Walk, function: FunctionType, label: str) -> None:
    code, namespace = function.__code__, function.__globals__
    stem = stem_of_namespace(namespace)
    cells: Cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    found = find_function(code, namespace, fresh=walk.fresh and function is walk.root)
    pieces = _defaults(walk, function, found, label)
    names: dict[str, str] = {}
    if found is None:
        if function is walk.root:
            raise no_source(function)
        walk.unseen.append(f"{stem}.{label} has no source: its bytecode counts")
        pieces.append(bytecode(code))
        file, line, shown = code.co_filename, code.co_firstlineno, ""
    else:
        pieces += _written(walk, function, found, cells, label, names)
        file, line = found.source.file, found.node.lineno
        shown = found.source.segment(found.node)
    name = f"{stem}.{label}"
    walk.add(label, Part(name, "function", file, line, digest(*pieces), shown, names))


def _written(  # noqa: PLR0913, PLR0917 - one function in its setting
    walk: Walk,
    function: FunctionType,
    found: Found,
    cells: Cells,
    label: str,
    names: dict[str, str],
) -> list[bytes]:
    namespace = function.__globals__
    node = without_own(without_defaults(found.node), walk, cells, namespace)
    scope = scope_of(node)
    walk.beyond(scope, f"{stem_of_namespace(namespace)}.{label}")
    pieces = [canonical(node), *walk.references(scope, cells, namespace, names)]
    pieces += add_method(walk, function, scope, cells)
    if found.edited:
        name = f"{stem_of_namespace(namespace)}.{function.__code__.co_name}"
        walk.unseen.append(f"{name} was edited after it was imported: its bytecode counts too")
        pieces.append(bytecode(function.__code__))
    return pieces


def _defaults(walk: Walk, function: FunctionType, found: Found | None, label: str) -> list[bytes]:
    """Return the defaults by value; the expression stands for one without canonical form."""
    code, values = function.__code__, function.__defaults__ or ()
    positional = code.co_varnames[: code.co_argcount]
    pairs = dict(zip(positional[len(positional) - len(values) :], values, strict=True))
    pairs.update(function.__kwdefaults__ or {})
    if not pairs:
        return []
    written = {} if found is None else expressions(found.node)
    pieces: list[bytes] = []
    for name, value in sorted(pairs.items()):
        pieces.append(text(name) + _default(walk, function, value, name, label, written.get(name)))
    return pieces


def _default(  # noqa: PLR0913, PLR0917 - one default in its setting
    walk: Walk,
    function: FunctionType,
    value: object,
    name: str,
    label: str,
    expression: ast.expr | None,
) -> bytes:
    namespace = function.__globals__
    if expression is not None and not is_code(value) and content(walk, value).opaque:
        found = walk.references(scope_of(expression), {}, namespace)
        return named("expression", canonical(expression), *found)
    place, shown = (id(function), name), f"{label}({name})"
    return walk.target(value, shown, place, namespace, "default")


def no_source(function: Any) -> CodeError:
    """Return the error for a function that cannot be read."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    if name.endswith("<lambda>") and find_source(function) is not None:
        reason = "several lambdas on its line could be meant"
        remedy = 'Write it on a line of its own, or pass version="1"'
    else:
        reason = "its source is not available"
        remedy = 'Define it in a file, or pass version="1"'
    return CodeError(f"cannot fingerprint {name!r}: {reason}. {remedy}.", function=name)


def find_source(function: FunctionType) -> Source | None:
    """Return the text of the function's file, if there is one."""
    return source_of(function.__code__.co_filename, function.__globals__)
