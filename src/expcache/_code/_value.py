"""Constants, defaults and closure values: their canonical bytes, as a part of the fingerprint."""

from __future__ import annotations

import os
import re
import reprlib
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from types import FunctionType
from typing import Any

from expcache._code._content import content, probe
from expcache._code._made import made
from expcache._code._names import external_name, is_own, is_project_class
from expcache._code._part import Part, Value
from expcache._code._pin import PINS, Held, note
from expcache._code._walk import Walk
from expcache._code._watch import is_frozen
from expcache._encode import digest, named, text

__all__ = ["follow_value"]

_LIMIT = 1000
_DEPTH = 4


class _Shown(reprlib.Repr):
    """Shows plain values shortened, and others by their type: a repr may hold an address.

    Of the project's objects it shows the attributes too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 50
        self.maxstring = self.maxother = self.maxlong = 200

    def repr_instance(self, x: object, level: int) -> str:
        if type(x) in _PLAIN or isinstance(x, PurePath):
            return repr(x)[: self.maxother]
        kind = type(x).__qualname__
        if isinstance(x, Enum):
            return f"{kind}.{x.name}"
        state = getattr(x, "__dict__", None)
        if level <= 0 or not isinstance(state, dict) or not is_project_class(type(x)):
            return f"<{kind}>"
        some = islice(state.items(), _ATTRIBUTES)
        pairs = ", ".join(f"{name}={self.repr1(one, level - 1)}" for name, one in some)
        return f"<{kind} {pairs}>" if pairs else f"<{kind}>"


_ATTRIBUTES = 20
_PLAIN = (bool, float, complex, bytes, type(None), Decimal, date, datetime, time, timedelta)
_shown = _Shown()


def follow_value(walk: Walk, one: Value) -> None:
    """Add the part of one constant."""
    body = _beside(one)
    if body is None:
        held = _held(walk, one)
        body = named("value", held.body, *_origin(walk, one, held)) if held.opaque else held.body
    shown = _shown.repr(one.value)
    walk.add(one.label, Part(one.name, one.kind, one.file, 0, digest(body), shown))


def _beside(one: Value) -> bytes | None:
    """Return bytes of a path in the module's own directory: the same in every checkout."""
    value, home = one.value, one.home
    if not home or not isinstance(value, (str, PurePath)):
        return None
    shown = str(value)
    if shown != home and not shown.startswith(home + os.sep):
        return None
    kind = "path" if isinstance(value, PurePath) else "text"
    return named("beside", text(kind), text(PurePath(shown[len(home) :]).as_posix()))


def _held(walk: Walk, one: Value) -> Held:
    """Return the value as it is now, and watch it; as it was, if the runs change it."""
    pinned = PINS.values.get(id(one.value))
    if pinned is not None:
        walk.unseen.append(note(pinned.name))
        return pinned._replace(body=_again(walk, pinned))
    walk.met = {}
    _follow_instances(walk, one.value, 0)
    body, opaque = content(walk, one.value)
    held = Held(one.value, one.name, body, opaque, tuple(walk.met.values()))
    if not is_frozen(one.value):
        walk.watch.value(held, probe)
    return held


def _again(walk: Walk, held: Held) -> bytes:
    """Follow what a value referred to when it was taken; its labels are those of another walk."""
    new: dict[bytes, bytes] = {}
    for old, one in held.parts:
        new[old] = walk.function(one) if isinstance(one, FunctionType) else walk.class_(one)
    labels = b"|".join(map(re.escape, new))
    return re.sub(labels, lambda found: new[found[0]], held.body) if new else held.body


def _origin(walk: Walk, one: Value, held: Held) -> list[bytes]:
    """Return what a module says of a value that has no canonical form: how it is made."""
    found = made(walk, one)
    how = "it counts by what makes it" if found else "its content does not count"
    for name in held.opaque:
        verb = "is" if name == external_name(type(one.value)) else "holds"
        walk.unseen.append(f"{one.label!r} {verb} a {name}: {how}")
    return found


def _follow_instances(walk: Walk, value: object, depth: int) -> None:
    """Follow the classes of the project's objects inside a constant: their methods may be used."""
    if type(value) in {list, tuple, set, frozenset, dict} and depth < _DEPTH:
        items: Any = value.values() if isinstance(value, dict) else value
        classes = {type(item) for item in islice(items, _LIMIT)}
        if classes <= {int, float, str, bool, bytes, type(None)}:
            return
        for item in islice(items, _LIMIT):
            _follow_instances(walk, item, depth + 1)
    elif _is_instance(value) and depth < _DEPTH:
        walk.class_(type(value))
        state = getattr(value, "__dict__", None)
        _follow_instances(walk, dict(state) if isinstance(state, dict) else None, depth + 1)


def _is_instance(value: object) -> bool:
    if isinstance(value, type) or is_own(value):
        return False
    return is_project_class(type(value))
