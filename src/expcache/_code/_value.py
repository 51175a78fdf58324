"""Constants, defaults and closure values: their canonical bytes, as a part of the fingerprint."""

from __future__ import annotations

import os
import reprlib
from pathlib import PurePath
from types import GenericAlias, MemberDescriptorType
from typing import Any

from expcache._code._lookup import Place
from expcache._code._names import external_name, is_own, is_project_class
from expcache._code._part import Part
from expcache._code._walk import Value, Walk
from expcache._code._watch import is_frozen
from expcache._encode import digest, named, text

__all__ = ["encoded", "follow_value"]

# They have no canonical form, and no part in what a function computes.
_QUIET = frozenset({"logging.Logger", "thread.lock", "thread.RLock", "thread._local"})
_LIMIT = 1000
_DEPTH = 4


class _Shown(reprlib.Repr):
    """Shows plain values shortened, and others by their type: a repr may hold an address."""

    def repr_instance(self, x: object, level: int) -> str:  # noqa: ARG002 - the signature of Repr
        plain = type(x) in {bool, float, complex, bytes, type(None)}
        return repr(x)[: self.maxother] if plain else f"<{type(x).__qualname__}>"


_shown = _Shown()


def follow_value(walk: Walk, one: Value) -> None:
    """Add the part of one constant; by its name alone, if the code itself changes it."""
    _follow_instances(walk, one.value, 0)
    if walk.definitions:  # of the classes just met, it must be known which methods change them
        walk.values.append(one)
        return
    if one.place is not None and _is_changed(walk, one.value, one.place):
        walk.state.add(one.place)
        note = f"{one.label!r} is changed by the code itself: its value does not count"
        walk.unseen.append(note)
        body, shown = b"state", ""
    else:
        body = _beside(one) or encoded(walk, one.value, one.label, one.stem)
        shown = _shown.repr(one.value)
    name = f"{one.stem}.{one.label}"
    walk.add(one.label, Part(name, one.kind, "", 0, digest(body), shown))


def _beside(one: Value) -> bytes | None:
    """Return bytes of a path in the module's own directory: the same in every checkout."""
    value = one.value
    if not one.home or not isinstance(value, (str, PurePath)):
        return None
    shown = str(value)
    if shown != one.home and not shown.startswith(one.home + os.sep):
        return None
    kind = "path" if isinstance(value, PurePath) else "text"
    return named("beside", text(kind), text(PurePath(shown[len(one.home) :]).as_posix()))


def encoded(walk: Walk, value: object, label: str, stem: str) -> bytes:
    """Return the canonical bytes of a value now, and watch it if it can change."""
    body = walk.bytes_of(value)
    if body is None:
        return _opaque(walk, value, label, stem)
    if not is_frozen(value):
        walk.watch.mutable.append((lambda: _probe(value), _probe(value)))
    return body


def _probe(value: object) -> bytes:
    """Return the bytes of a value for comparison in this process, with functions by identity."""
    return _BY_IDENTITY.bytes_of(value) or b""


class _ByIdentity(Walk):
    """Stands in for a walk while a known constant is compared with what it was."""

    def function(self, function: Any) -> bytes:
        return b"%d" % id(function)

    def class_(self, kind: type) -> bytes:
        return b"%d" % id(kind)


_BY_IDENTITY = _ByIdentity()


def _opaque(walk: Walk, value: object, label: str, stem: str) -> bytes:
    """Return what can be told of a value without canonical form: its type, parts of its state."""
    kind = type(value)
    if is_project_class(kind):
        if label.count(".") < _DEPTH:
            return named("instance", text(kind.__qualname__), *_state(walk, value, label, stem))
        walk.unseen.append(f"{label!r} is a {kind.__qualname__}: its content does not count")
        return named("opaque", text(kind.__qualname__))
    name = external_name(kind)
    if name in _QUIET or kind.__module__ == "typing" or kind is GenericAlias:
        shown = repr(value) if kind.__module__ == "typing" else ""
        return named("quiet", text(name), text(shown))
    walk.unseen.append(f"{label!r} is a {name}: its content does not count")
    return named("opaque", text(name))


def _attributes(value: object) -> dict[str, Any]:
    """Return the state of an instance, in its dict and in its slots."""
    state = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        for name, one in vars(kind).items():
            if isinstance(one, MemberDescriptorType) and is_project_class(kind):
                state[name] = getattr(value, name, None)
    return state


def _state(walk: Walk, value: object, label: str, stem: str) -> list[bytes]:
    state = _attributes(value)
    walk.watch.mutable.append((lambda: _probe_state(_attributes(value)), _probe_state(state)))
    return [
        text(name) + encoded(walk, item, f"{label}.{name}", stem)
        for name, item in sorted(state.items())
    ]


def _probe_state(state: dict[str, Any]) -> bytes:
    return b"".join(_probe((name, item)) for name, item in sorted(state.items()))


def _follow_instances(walk: Walk, value: object, depth: int) -> None:
    """Follow the classes of the project's objects inside a constant: their methods may be used."""
    if type(value) in {list, tuple, set, frozenset, dict} and depth < _DEPTH:
        items: Any = value.values() if isinstance(value, dict) else value
        classes = {type(item) for item, _ in zip(items, range(_LIMIT), strict=False)}
        if classes <= {int, float, str, bool, bytes, type(None)}:
            return
        for item, _ in zip(items, range(_LIMIT), strict=False):
            _follow_instances(walk, item, depth + 1)
    elif _is_instance(value) and depth < _DEPTH:
        walk.class_(type(value))
        state = getattr(value, "__dict__", None)
        _follow_instances(walk, dict(state) if isinstance(state, dict) else None, depth + 1)


def _is_instance(value: object) -> bool:
    if isinstance(value, type) or is_own(value):
        return False
    return is_project_class(type(value))


def _is_changed(walk: Walk, value: object, place: Place) -> bool:
    """Tell whether followed code stores into the place, or calls a method that changes it."""
    used = walk.uses.get(place, set())
    if any(used & walk.changers.get(kind, set()) for kind in type(value).__mro__):
        walk.changed.add(place)
    if place in walk.changed:
        return True
    walk.by_value.add(place)
    return False
