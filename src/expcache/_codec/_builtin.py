"""The trees of Python's own kinds: numbers, text, bytes and collections."""

from __future__ import annotations

import base64
import decimal
import fractions
import math
from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any

from expcache._codec._plain import INT_LIMIT, is_text
from expcache._codec._tree import DECODERS, ENCODERS, UnsupportedError, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from expcache._codec._tree import Reader, Writer

_FACTORIES: dict[str, Callable[[], Any]] = {
    factory.__name__: factory
    for factory in (bool, bytes, complex, dict, float, frozenset, int, list, set, str, tuple)
}
_CONSTANTS = {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}
_PART_BYTES = 1024
"""Shorter byte strings stand in the tree itself."""


def _write_same(_: Writer, value: object) -> object:
    return value


def _write_int(_: Writer, value: int) -> object:
    return value if -INT_LIMIT < value < INT_LIMIT else {"~int": hex(value)}


def _write_float(_: Writer, value: float) -> object:
    return value if math.isfinite(value) else {"~float": repr(value)}


def _write_str(_: Writer, value: str) -> object:
    # JSON would join two lone surrogates into one character.
    return value if is_text(value) else {"~str": value.encode(errors="surrogatepass").hex()}


def _write_complex(writer: Writer, value: complex) -> object:
    return {"~complex": [writer.write(value.real), writer.write(value.imag)]}


def _write_bytes(writer: Writer, value: bytes | bytearray) -> object:
    tag = f"~{type(value).__name__}"
    if len(value) <= _PART_BYTES:
        return {tag: base64.b64encode(value).decode()}
    return {tag: {"part": writer.part(value, memoryview(value))}}


def _read_bytes(reader: Reader, payload: Any) -> bytes:
    if isinstance(payload, str):
        return base64.b64decode(payload)
    return bytes(reader.part(payload["part"]))


def _write_tuple(writer: Writer, value: tuple[Any, ...]) -> object:
    return {"~tuple": writer.write_all(value, value)}


def _write_set(writer: Writer, value: set[Any] | frozenset[Any]) -> object:
    # Sorted, since the order of a set differs between processes.
    return {f"~{type(value).__name__}": sorted(writer.write_all(value, value), key=to_json)}


def _write_mapping(writer: Writer, value: dict[Any, Any]) -> object:
    return {f"~{type(value).__name__}": writer.write_pairs(value)}


def _write_defaultdict(writer: Writer, value: defaultdict[Any, Any]) -> object:
    factory = value.default_factory
    name = getattr(factory, "__name__", None)
    if factory is not None and _FACTORIES.get(str(name)) is not factory:
        raise UnsupportedError(f"a defaultdict with the factory {factory!r}")
    return {"~defaultdict": [name, writer.write_pairs(value)]}


def _read_defaultdict(reader: Reader, payload: Any) -> defaultdict[Any, Any]:
    name, pairs = payload
    return defaultdict(None if name is None else _FACTORIES[name], reader.read_pairs(pairs))


def _write_deque(writer: Writer, value: deque[Any]) -> object:
    return {"~deque": [writer.write_all(value, value), value.maxlen]}


def _write_fraction(writer: Writer, value: fractions.Fraction) -> object:
    return {"~fraction": [writer.write(value.numerator), writer.write(value.denominator)]}


def _write_span(writer: Writer, value: range | slice) -> object:
    ends = writer.write_all(value, (value.start, value.stop, value.step))
    return {f"~{type(value).__name__}": ends}


def _write_constant(_: Writer, value: object) -> object:
    return {"~constant": repr(value)}


ENCODERS.update(
    {
        type(None): _write_same,
        bool: _write_same,
        int: _write_int,
        float: _write_float,
        str: _write_str,
        complex: _write_complex,
        bytes: _write_bytes,
        bytearray: _write_bytes,
        tuple: _write_tuple,
        set: _write_set,
        frozenset: _write_set,
        OrderedDict: _write_mapping,
        Counter: _write_mapping,
        defaultdict: _write_defaultdict,
        deque: _write_deque,
        decimal.Decimal: lambda _, value: {"~decimal": str(value)},
        fractions.Fraction: _write_fraction,
        range: _write_span,
        slice: _write_span,
        type(Ellipsis): _write_constant,
        type(NotImplemented): _write_constant,
    }
)
DECODERS.update(
    {
        "~int": lambda _, digits: int(digits, 16),
        "~float": lambda _, text: float(text),
        "~str": lambda _, digits: bytes.fromhex(digits).decode(errors="surrogatepass"),
        "~complex": lambda reader, ends: complex(*reader.read(ends)),
        "~bytes": _read_bytes,
        "~bytearray": lambda reader, payload: bytearray(_read_bytes(reader, payload)),
        "~tuple": lambda reader, items: tuple(reader.read(items)),
        "~set": lambda reader, items: set(reader.read(items)),
        "~frozenset": lambda reader, items: frozenset(reader.read(items)),
        "~OrderedDict": lambda reader, pairs: OrderedDict(reader.read_pairs(pairs)),
        "~Counter": lambda reader, pairs: Counter(reader.read_pairs(pairs)),
        "~defaultdict": _read_defaultdict,
        "~deque": lambda reader, payload: deque(reader.read(payload[0]), payload[1]),
        "~decimal": lambda _, text: decimal.Decimal(text),
        "~fraction": lambda reader, ends: fractions.Fraction(*reader.read(ends)),
        "~range": lambda reader, ends: range(*reader.read(ends)),
        "~slice": lambda reader, ends: slice(*reader.read(ends)),
        "~constant": lambda _, name: _CONSTANTS[name],
    }
)
