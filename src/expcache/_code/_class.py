"""Following classes: whole where the class is named, by the methods used where a method runs."""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any

from expcache._code._content import content
from expcache._code._lookup import Cells
from expcache._code._names import class_namespace, is_project_class, stem_of_namespace
from expcache._code._normal import canonical
from expcache._code._part import Part
from expcache._code._scope import Scope, scope_of
from expcache._code._source import Found, find_class
from expcache._code._tree import body_without_methods, without_own
from expcache._code._walk import Walk
from expcache._code._watch import MISSING
from expcache._code._wrapped import is_code
from expcache._encode import digest, encode, named, text

__all__ = ["add_class", "add_method"]

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
# They make an instance; what they store is its state as it begins.
_MAKERS = ("__new__", "__init__", "__post_init__", "__attrs_post_init__", "__setstate__")
_LOOKUPS = ("__getattr__", "__getattribute__")


def add_class(walk: Walk, kind: type, label: str) -> None:
    """Add the part of a whole class: its body, its bases, and what both refer to."""
    _add(walk, kind, label, methods=True)


def _add(walk: Walk, kind: type, label: str, *, methods: bool) -> None:
    namespace = class_namespace(kind)
    stem = stem_of_namespace(namespace)
    found = find_class(kind, namespace)
    if found is None:
        body = _unwritten(walk, kind, f"{stem}.{label}")
        walk.add(label, Part(f"{stem}.{label}", "class", "", 0, digest(body), ""))
        return
    cells = _cells(kind)
    node = without_own(found.node, walk, cells, namespace)
    node = node if methods else body_without_methods(node)
    scope = scope_of(node)
    walk.beyond(scope, f"{stem}.{label}")
    names: dict[str, str] = {}
    pieces = [canonical(node), *walk.references(scope, cells, namespace, names)]
    pieces += [walk.class_(base) for base in kind.__bases__ if methods]
    pieces += _attributes(walk, kind, found, node, label)
    shown = found.source.segment(found.node)
    line = found.node.lineno
    name, file = f"{stem}.{label}", found.source.file
    walk.add(label, Part(name, "class", file, line, digest(*pieces), shown, names))


def _unwritten(walk: Walk, kind: type, name: str) -> bytes:
    """Return what can be told of a class that no class statement made."""
    fields = getattr(kind, "_fields", None)
    if issubclass(kind, tuple) and fields:
        defaults = content(walk, getattr(kind, "_field_defaults", {})).body
        return named("namedtuple", text(kind.__qualname__), encode(tuple(fields)), defaults)
    walk.unseen.append(f"{name} is a class without source: only its name counts")
    return text(kind.__qualname__)


def _cells(kind: type) -> Cells:
    cells: Cells = {}
    for one in vars(kind).values():
        function = getattr(one, "__func__", one)
        if isinstance(function, FunctionType) and function.__closure__:
            cells.update(zip(function.__code__.co_freevars, function.__closure__, strict=True))
    return cells


def _attributes(
    walk: Walk, kind: type, found: Found, node: ast.ClassDef, label: str
) -> list[bytes]:
    """Return the values of the names that the body assigns, and what replaced its methods."""
    pieces: list[bytes] = []
    namespace = class_namespace(kind)
    for name in sorted(_assigned(node)):
        value, place = walk.watch.name(vars(kind), name, kind)
        if value is MISSING or (name.startswith("__") and name.endswith("__")):
            continue
        if _is_replaced(value, found) or _is_plain(walk, value):
            target = walk.target(value, f"{label}.{name}", place, namespace)
            pieces.append(text(name) + target)
    return pieces


def _is_plain(walk: Walk, value: object) -> bool:
    """Tell whether a class attribute counts by value; of others the body's text must do."""
    return not is_code(value) and not content(walk, value).opaque


def _assigned(node: ast.ClassDef) -> set[str]:
    names: set[str] = set()
    for one in node.body:
        if isinstance(one, _FUNCTION):
            names.add(one.name)
        elif isinstance(one, (ast.Assign, ast.AnnAssign)):
            targets = one.targets if isinstance(one, ast.Assign) else [one.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
    return names


def _is_replaced(value: Any, found: Found) -> bool:
    """Tell whether a function in a class is not the one that its body defines."""
    function = getattr(value, "__func__", value)
    if not isinstance(function, FunctionType):
        return False
    code = function.__code__
    inside = found.node.lineno <= code.co_firstlineno <= found.node.end_lineno
    return code.co_filename != found.source.file or not inside


def add_method(walk: Walk, function: FunctionType, scope: Scope, cells: Cells) -> list[bytes]:
    """Follow what a method uses of its own instance; the whole class if it hands itself on."""
    above = ("super",) in scope.reads
    if not (scope.own or scope.escapes or above):
        return []
    kind = _class_of(walk, function, cells)
    if kind is None or not is_project_class(kind):
        return []
    if scope.escapes or above:
        return [walk.class_(kind)]
    pieces = [_shell(walk, base) for base in kind.__mro__ if is_project_class(base)]
    for name in sorted(scope.own.union(_MAKERS, _LOOKUPS)):
        pieces += _member(walk, kind, name)
    return pieces


def _class_of(walk: Walk, function: FunctionType, cells: Cells) -> type | None:
    """Return the class of a method; none yet while the class is being made."""
    if "__class__" in cells:
        value, _ = walk.watch.cell(cells["__class__"], "__class__")
        return value if isinstance(value, type) else None
    names = function.__code__.co_qualname.split(".")[:-1]
    if not names or "<locals>" in names:
        return None
    value, _ = walk.watch.name(function.__globals__, names[0])
    for name in names[1:]:
        value = vars(value).get(name) if isinstance(value, type) else None
    return value if isinstance(value, type) else None


def _shell(walk: Walk, kind: type) -> bytes:
    label, first = walk.claim(("shell", id(kind)), f"{kind.__qualname__}.<body>")
    if first:
        walk.kept.append(kind)
        _add(walk, kind, label, methods=False)
    return text(label)


def _member(walk: Walk, kind: type, name: str) -> list[bytes]:
    for base in kind.__mro__:
        if name not in vars(base):
            continue
        if not is_project_class(base):
            return []
        value, _ = walk.watch.name(vars(base), name, base)
        if isinstance(value, FunctionType) and value.__code__.co_filename.startswith("<string>"):
            return []  # generated, as by dataclass: the fields of the body say it
        # Of a generic method, and of a cached property.
        value = getattr(value, "dispatcher", getattr(value, "func", value))
        if is_code(value):
            return [text(name) + walk.target(value, name, None, class_namespace(base))]
        return []
    return []
