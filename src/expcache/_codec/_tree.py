"""Walk values into a tagged JSON tree and back.

A plain JSON value stands for itself. Every other kind is an object with the single key
`~<tag>`, such as `{"~tuple": [1, 2]}`. Which tag a kind has, and how its payload is laid out,
is told by the modules that fill `ENCODERS`, `FINDERS` and `DECODERS`.
"""

from __future__ import annotations

import base64
import functools
import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from expcache._codec._plain import DEPTH, TAG, are_finite, has_plain_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Buffer: TypeAlias = "bytes | bytearray | memoryview"
Encoder: TypeAlias = "Callable[[Writer, Any], object]"
Decoder: TypeAlias = "Callable[[Reader, Any], object]"

ENCODERS: dict[type, Encoder] = {}
"""How values of exactly this type are written."""

FINDERS: list[Callable[[type], Encoder | None]] = []
"""Asked in turn for types that are not in `ENCODERS`."""

DECODERS: dict[str, Decoder] = {}
"""How the payload of a tag is read."""

_encoder = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
)


def _make_to_json() -> Callable[[object], str]:
    """Return what the encoder does, made once: `encode` makes its C part anew for every tree."""
    try:
        separators, no = (":", ","), (False, False, False)
        made = json.encoder.c_make_encoder(  # type: ignore[attr-defined] # where C is in use
            None, _encoder.default, json.encoder.encode_basestring, None, *separators, *no
        )
        made({"": [0.5]}, 0)
    except (AttributeError, TypeError):
        return _encoder.encode
    return lambda tree: "".join(made(tree, 0))


to_json: Final = _make_to_json()
"""Compact JSON text of a tree."""


class UnsupportedError(Exception):
    """This value has no exact tree."""


class Writer:
    """Writes one value; its large buffers become parts beside the tree."""

    __slots__ = ("_open", "_owners", "parts")

    def __init__(self) -> None:
        self.parts: list[memoryview] = []
        self._open: set[int] = set()
        self._owners: dict[int, tuple[object, int]] = {}

    def write(self, value: object) -> object:
        """Return the tree of the value, or raise `UnsupportedError`."""
        kind: Any = type(value)
        encoder = ENCODERS.get(kind) or _find(kind)
        return encoder(self, value)

    def write_all(self, container: object, values: Iterable[object]) -> list[object]:
        """Return the trees of what is in a container, which must not contain itself."""
        mark = id(container)
        if mark in self._open or len(self._open) >= DEPTH:
            raise UnsupportedError("it contains itself, or is nested too deeply")
        self._open.add(mark)
        try:
            return [self.write(value) for value in values]
        finally:
            self._open.discard(mark)

    def write_pairs(self, mapping: dict[Any, Any]) -> list[list[object]]:
        """Return the items of a mapping as pairs, in order."""
        keys = self.write_all(mapping, mapping)
        values = self.write_all(mapping, mapping.values())
        return [[key, value] for key, value in zip(keys, values, strict=True)]

    def part(self, owner: object, buffer: memoryview) -> int | str:
        """Keep the buffer of an object and return what refers to it; once for one owner."""
        known = self._owners.get(id(owner))
        if known is None:
            # The owner is kept: the id of a freed array would soon be that of another one.
            known = self._owners[id(owner)] = (owner, len(self.parts))
            self.parts.append(buffer)
        return known[1]

    def fresh(self) -> Writer:
        """Return an empty writer of the same kind."""
        return type(self)()


class Reader:
    """Reads trees whose parts are given."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[Buffer] = ()) -> None:
        self._parts = parts

    def read(self, tree: Any) -> Any:
        """Return the value of a tree."""
        if type(tree) is list:
            return [self.read(item) for item in tree]
        if type(tree) is not dict:
            return tree
        if len(tree) == 1:
            ((tag, payload),) = tree.items()
            if tag[:1] == TAG:
                return DECODERS[tag](self, payload)
        return {key: self.read(item) for key, item in tree.items()}

    def read_pairs(self, pairs: list[Any]) -> dict[Any, Any]:
        """Return the mapping whose items were written as pairs."""
        return {self.read(key): self.read(value) for key, value in pairs}

    def part(self, reference: int | str) -> Buffer:
        """Return the buffer that a reference made by `Writer.part` stands for."""
        if isinstance(reference, str):
            return bytearray(base64.b64decode(reference))
        return self._parts[reference]

    def after(self, first: int) -> Reader:
        """Return a reader for a tree whose parts are counted from this one on."""
        return Reader(self._parts[first:])


@functools.lru_cache(256)
def _find(kind: type) -> Encoder:
    for finder in FINDERS:
        encoder = finder(kind)
        if encoder is not None:
            return encoder
    raise UnsupportedError(f"{kind.__module__}.{kind.__qualname__} has no form of its own")


def _write_list(writer: Writer, value: list[Any]) -> object:
    return value if are_finite(value) else writer.write_all(value, value)


def _write_dict(writer: Writer, value: dict[Any, Any]) -> object:
    if has_plain_keys(value):
        return dict(zip(value, writer.write_all(value, value.values()), strict=True))
    return {"~dict": writer.write_pairs(value)}


ENCODERS.update({list: _write_list, dict: _write_dict})
DECODERS["~dict"] = Reader.read_pairs
