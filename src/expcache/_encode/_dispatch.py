"""From a value's exact type to the function that writes its canonical bytes.

Every encoder is a function ``(value, depth) -> bytes``. Its result is prefix-free: reading from the
front, a program knows where the value ends. The forms are

    tag                                        a singleton
    tag, 8 or 16 bytes                         int within 64 bits, float, complex
    tag, length, payload                       text, bytes, larger ints
    tag, count, items...                       list, tuple, set, dict (key and value in turn)
    "n", length, name, count, items...         everything else (`named`)

where a tag is one byte of its own per kind, and lengths and counts are 8 bytes, big-endian. So two
values have the same bytes only if they have the same kind and, item by item, the same content:
nothing can be moved across a border, because no border is marked by content. Arrays are the
exception: the xxh3-128 of their bytes stands for them, next to dtype and shape.

An encoder that cannot go on raises `Refusal`; containers add their step to it while it unwinds, so
that paths cost nothing until something is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from struct import Struct
from typing import Any, cast

from expcache._encode._names import type_name
from expcache.errors import IdentityError

Encoder = Callable[[Any, int], bytes]

LIMIT = 400
ENCODERS: dict[type, Encoder] = {}
REGISTERED: set[type] = set()
RESOLVERS: list[Callable[[type], Encoder | None]] = []
LAZY: dict[str, str] = {}

_known = ENCODERS.get
_count = Struct(">cQ").pack
_SHOWN = 12
_UNKNOWN = (
    "Make its class a dataclass, give it a method __expcache_key__, register an encoder with "
    "expcache.register, or leave the parameter out with ignore="
)


class Refusal(Exception):  # noqa: N818 - never leaves the package: `encode` turns it into an error
    """A value without canonical form, and the steps from the root to it."""

    def __init__(self, kind: str, reason: str, remedy: str) -> None:
        """Keep what the message will say."""
        super().__init__(reason)
        self.kind, self.reason, self.remedy = kind, reason, remedy
        self.steps: list[tuple[str, object]] = []

    def step(self, text: str, holder: object) -> None:
        """Add the step that a container made to reach the refused value."""
        self.steps.append((text, holder))

    def error(self, path: str) -> IdentityError:
        """Return the public error, with the whole path and the remedy."""
        steps, reason = [text for text, _ in reversed(self.steps)], self.reason
        around = self._around()
        if around is not None:
            steps, reason = steps[:around], "it contains itself"
        elif len(steps) > _SHOWN:
            steps = [*steps[:_SHOWN], "..."]
        where = path + "".join(steps)
        message = f"cannot identify {where}: {reason}. {self.remedy}."
        return IdentityError(message, path=where, kind=self.kind)

    def _around(self) -> int | None:
        """Return after how many steps a holder is met again, or None where none is."""
        seen: dict[int, object] = {}
        for number, (_, holder) in enumerate(reversed(self.steps)):
            if id(holder) in seen:
                return number
            seen[id(holder)] = holder
        return None


def refuse(kind: type, remedy: str = _UNKNOWN, noun: str | None = None) -> Refusal:
    """Return the refusal of a whole kind: *a generator has no canonical form*."""
    name = noun or kind.__qualname__
    article = "an" if name[:1].lower() in "aeiou" else "a"
    return Refusal(type_name(kind), f"{article} {name} has no canonical form", remedy)


def too_deep(value: object) -> Refusal:
    """Return the refusal of a value at the bottom of too many others."""
    reason = f"it is nested deeper than {LIMIT} levels"
    return Refusal(type_name(type(value)), reason, "Pass a flatter value")


def named(name: str, *parts: bytes) -> bytes:
    """Write a kind by its name, then its parts, each of them prefix-free."""
    text = name.encode()
    return b"".join((_count(b"n", len(text)), text, len(parts).to_bytes(8, "big"), *parts))


def text(value: str) -> bytes:
    """Write a string; the form that `str` values have too."""
    raw = value.encode("utf-8", "surrogatepass")
    return _count(b"s", len(raw)) + raw


def child(value: object, depth: int, step: str, holder: object) -> bytes:
    """Write one inner value, reached from its holder by a step such as ``.func``."""
    if depth >= LIMIT:
        raise too_deep(value)
    kind = type(value)
    encoder = ENCODERS.get(kind) or find(kind)
    try:
        return encoder(value, depth + 1)
    except Refusal as refusal:
        refusal.step(step, holder)
        raise


def each(values: Iterable[object], depth: int, holder: object) -> list[bytes]:
    """Write the items of a holder, reached by their index."""
    parts: list[bytes] = []
    if depth >= LIMIT:
        raise too_deep(holder)
    depth += 1
    try:
        for item in values:
            kind = type(item)
            parts.append((_known(kind) or find(kind))(item, depth))
    except Refusal as refusal:
        refusal.step(f"[{len(parts)}]", holder)
        raise
    return parts


def _find(kind: type) -> Encoder:
    """Return the encoder of a kind that `ENCODERS` does not list, at worst one that refuses."""
    load(kind)
    for resolve in RESOLVERS:
        encoder = resolve(kind)
        if encoder is not None:
            return encoder
    return refusing()


_found = lru_cache(maxsize=4096)(_find)
find = cast("Callable[[type], Encoder]", _found)


def load(kind: type) -> None:
    """Import the encoders of the library that a kind comes from; it is imported already."""
    for base in kind.__mro__:
        root = base.__module__.partition(".")[0]
        if root in LAZY and root in sys.modules:
            import_module(LAZY[root])


def refusing(remedy: str = _UNKNOWN, noun: str | None = None) -> Encoder:
    """Return an encoder that refuses each value, by its type's name or by a noun."""

    def encoder(value: object, _depth: int) -> bytes:
        raise refuse(type(value), remedy, noun)

    return encoder


def add_encoder(kind: type, encoder: Encoder) -> None:
    """Set the encoder of an exact type; for the floors above, which know about code."""
    ENCODERS[kind] = encoder
    _found.cache_clear()
