"""A constant as bytes: canonical where it can be, else leaf by leaf."""

from __future__ import annotations

import functools
from collections import deque
from types import GenericAlias, MemberDescriptorType
from typing import Any, NamedTuple

from expcache._code._names import external_name, is_own, is_project_class
from expcache._code._walk import Walk
from expcache._code._wrapped import inner_of
from expcache._encode import named, text

__all__ = ["Content", "attributes", "content", "probe"]

# They have no canonical form, and no part in what a function computes.
_QUIET = frozenset({"logging.Logger", "thread.lock", "thread.RLock", "thread._local"})
# What `functools.update_wrapper` copies from the wrapped function, which is followed itself; the
# list is longer on newer Pythons, and documentation counts nowhere.
_COPIED = {*functools.WRAPPER_ASSIGNMENTS, "__annotate__", "__annotations__", "__type_params__"}
_DEPTH = 12


class Content(NamedTuple):
    """The bytes of a value, and the types of the leaves in it that count by their type alone."""

    body: bytes
    opaque: tuple[str, ...]


def content(walk: Walk, value: object) -> Content:
    """Return what can be told of a value; the functions and classes in it are followed."""
    body = walk.bytes_of(value)
    if body is not None:
        return Content(body, ())
    opaque: list[str] = []
    body = _Leaves(walk, opaque).of(value)
    return Content(body, tuple(dict.fromkeys(opaque)))


class _Leaves:
    """Goes down from a value to what has canonical form, and to what has none."""

    def __init__(self, walk: Walk, opaque: list[str]) -> None:
        self.walk = walk
        self.opaque = opaque
        self.inside: list[int] = []

    def of(self, value: Any) -> bytes:
        body = self.walk.bytes_of(value)
        if body is not None:
            return body
        if id(value) in self.inside:
            return named("around", text(str(len(self.inside) - self.inside.index(id(value)))))
        if len(self.inside) >= _DEPTH:
            return self.leaf(value)
        self.inside.append(id(value))
        try:
            return self.inner(value)
        finally:
            self.inside.pop()

    def inner(self, value: Any) -> bytes:
        kind = type(value)
        if is_own(value):
            # Of a sweep, the experiment; what else it holds is said where it is made.
            owner = getattr(getattr(value, "experiment", None), "__wrapped__", None)
            return named("own", self.leaf(value), *([] if owner is None else [self.of(owner)]))
        wrapped = inner_of(value)
        if wrapped is not None:
            return named("around", text(external_name(kind)), *map(self.of, wrapped))
        if is_project_class(kind):
            state = sorted(attributes(value).items())
            pairs = [text(name) + self.of(one) for name, one in state]
            return named("instance", self.walk.class_(kind), *self.items(value), *pairs)
        if isinstance(value, _CONTAINERS) and kind.__module__ in {"builtins", "collections"}:
            return named("items", text(external_name(kind)), *self.items(value))
        return self.leaf(value)

    def items(self, value: Any) -> list[bytes]:
        if isinstance(value, dict):
            return sorted(self.of(key) + self.of(one) for key, one in value.items())
        if isinstance(value, (set, frozenset)):
            return sorted(map(self.of, value))
        return list(map(self.of, value)) if isinstance(value, (list, tuple, deque)) else []

    def leaf(self, value: Any) -> bytes:
        kind = type(value)
        name = external_name(kind)
        typing = getattr(kind, "__module__", "") == "typing"
        if name in _QUIET or typing or kind is GenericAlias:
            shown = repr(value) if typing else ""
            return named("quiet", text(name), text(shown))
        self.opaque.append(name)
        return named("opaque", text(name))


_CONTAINERS = (dict, list, tuple, set, frozenset, deque)


def attributes(value: object) -> dict[str, Any]:
    """Return the state of an instance, in its dict and in its slots."""
    state = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        for name, one in vars(kind).items():
            if isinstance(one, MemberDescriptorType) and is_project_class(kind):
                state[name] = getattr(value, name, None)
    return {name: one for name, one in state.items() if name not in _COPIED}


def probe(value: object) -> bytes:
    """Return the bytes of a value for comparison in this process, with functions by identity."""
    try:
        body = _BY_IDENTITY.bytes_of(value)
        return content(_BY_IDENTITY, value).body if body is None else body
    except RuntimeError:  # another thread changes it just now
        return b""


class _ByIdentity(Walk):
    """Stands in for a walk while a known constant is compared with what it was."""

    def function(self, function: Any) -> bytes:
        return b"%d" % id(function)

    def class_(self, kind: type) -> bytes:
        return b"%d" % id(kind)


_BY_IDENTITY = _ByIdentity()
