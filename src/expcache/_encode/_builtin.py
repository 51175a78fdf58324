"""Canonical bytes of Python's own scalars and containers."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from struct import Struct, error
from sys import byteorder
from typing import Any, Final

from expcache._encode._dispatch import (
    ENCODERS,
    LIMIT,
    Refusal,
    each,
    find,
    refusing,
    too_deep,
)

_count = Struct(">cQ").pack
_int = Struct(">cq").pack
_float = Struct(">cd").pack
_complex = Struct(">cdd").pack
_known = ENCODERS.get
_NAN: Final = float("nan")
_NAN_BYTES: Final = b"f\x7f\xf8" + bytes(6)
_SHORT: Final = 64
_HEADS: Final = [_count(b"s", size) for size in range(_SHORT)]
_PACKED: Final = 16  # from so many items on, packing all at once is worth its preparation
_SHOWN: Final = 40


def encode_int(value: int, _depth: int) -> bytes:
    """Write 64-bit integers in place, others with their length."""
    try:
        return _int(b"i", value)
    except error:
        raw = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
        return _count(b"I", len(raw)) + raw


def encode_float(value: float, _depth: int) -> bytes:
    """Write the IEEE bytes; every NaN is one."""
    return _float(b"f", value) if value == value else _NAN_BYTES  # noqa: PLR0124 - NaN test


def encode_complex(value: complex, _depth: int) -> bytes:
    """Write both parts, zeros with their sign."""
    real, imag = value.real, value.imag
    return _complex(
        b"c",
        real if real == real else _NAN,  # noqa: PLR0124 - the same test
        imag if imag == imag else _NAN,  # noqa: PLR0124
    )


def encode_str(value: str, _depth: int) -> bytes:
    """Write UTF-8; normal forms stay apart, and so do lone surrogates, as file names have them."""
    try:
        raw = value.encode()
    except UnicodeEncodeError:
        raw = value.encode("utf-8", "surrogatepass")
    size = len(raw)
    return (_HEADS[size] if size < _SHORT else _count(b"s", size)) + raw


def encode_bytes(value: bytes, _depth: int) -> bytes:
    """Write the bytes as they are."""
    return _count(b"b", len(value)) + value


def encode_bytearray(value: bytearray, _depth: int) -> bytes:
    """Write the bytes under a tag of their own."""
    return _count(b"B", len(value)) + bytes(value)


def encode_list(value: list[Any], depth: int) -> bytes:
    """Write the items in order."""
    packed = _pack(value) if len(value) >= _PACKED else None
    return _count(b"l", len(value)) + (packed or b"".join(each(value, depth, value)))


def encode_tuple(value: tuple[Any, ...], depth: int) -> bytes:
    """Write the items in order, under another tag than a list's."""
    packed = _pack(value) if len(value) >= _PACKED else None
    return _count(b"t", len(value)) + (packed or b"".join(each(value, depth, value)))


def _pack(value: Sequence[Any]) -> bytes | None:
    """Write many floats, or many 64-bit integers, at once: the same bytes as one by one."""
    kinds = set(map(type, value))
    if kinds == {float}:
        total = sum(value)
        # A sum is NaN where an item is, and else only for two infinities.
        return _interleave(b"f", array("d", value)) if total == total else None  # noqa: PLR0124
    if kinds == {int}:
        try:
            return _interleave(b"i", array("q", value))
        except OverflowError:
            return None
    return None


def _interleave(tag: bytes, values: array[Any]) -> bytes:
    if byteorder == "little":
        values.byteswap()
    raw, count = values.tobytes(), len(values)
    out = bytearray(9 * count)
    out[0::9] = tag * count
    for number in range(8):
        out[number + 1 :: 9] = raw[number::8]
    return bytes(out)


def encode_dict(value: dict[Any, Any], depth: int) -> bytes:
    """Write key and value in turn, sorted by the bytes of the key."""
    parts = pairs(value, depth)
    parts.sort()
    return _count(b"d", len(parts)) + b"".join(parts)


def pairs(value: dict[Any, Any], depth: int) -> list[bytes]:
    """Return the bytes of each key with its value, in the order of the mapping."""
    parts: list[bytes] = []
    if depth >= LIMIT:
        raise too_deep(value)
    depth += 1
    key: object = None
    head = None
    try:
        for key, item in value.items():
            head, kind = None, type(key)
            head = (_known(kind) or find(kind))(key, depth)
            kind = type(item)
            parts.append(head + (_known(kind) or find(kind))(item, depth))
    except Refusal as refusal:
        refusal.step(".keys()" if head is None else f"[{show(key)}]", value)
        raise
    return parts


def show(key: object) -> str:
    """Return how a path names a key; foreign objects by their type, for repr may do anything."""
    if type(key) not in {str, int, float, bool, bytes, type(None)}:
        return f"<{type(key).__qualname__}>"
    shown = repr(key) if not isinstance(key, int) or abs(key) < 10**_SHOWN else hex(key)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."


def encode_set(value: set[Any] | frozenset[Any], depth: int) -> bytes:
    """Write the items sorted by their bytes, for a set has no order of its own."""
    tag = b"S" if isinstance(value, set) else b"Z"
    return _count(tag, len(value)) + b"".join(members(value, depth, value))


def members(values: Any, depth: int, holder: object) -> list[bytes]:
    """Return the sorted bytes of items that have no order."""
    try:
        return sorted(each(values, depth, holder))
    except Refusal as refusal:
        if refusal.steps and refusal.steps[-1][1] is holder:
            refusal.steps[-1] = ("{...}", holder)
        raise


ENCODERS.update(
    {
        type(None): lambda _value, _depth: b"N",
        type(...): lambda _value, _depth: b"E",
        type(NotImplemented): lambda _value, _depth: b"M",
        bool: lambda value, _depth: b"T" if value else b"F",
        int: encode_int,
        float: encode_float,
        complex: encode_complex,
        str: encode_str,
        bytes: encode_bytes,
        bytearray: encode_bytearray,
        list: encode_list,
        tuple: encode_tuple,
        dict: encode_dict,
        set: encode_set,
        frozenset: encode_set,
        memoryview: refusing("Pass its bytes: the buffer under it may change"),
    },
)
