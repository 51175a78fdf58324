"""Canonical bytes of numpy's arrays, scalars and dtypes; imported when one is met.

Scalars that a loop over an array of Python's own kinds yields are written as the Python value: a
loop over ``np.linspace`` and a sweep over the same floats meet. Other scalars keep their dtype.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from expcache._encode._buffer import fingerprint
from expcache._encode._builtin import (
    encode_bytes,
    encode_complex,
    encode_float,
    encode_int,
    encode_str,
)
from expcache._encode._dispatch import (
    ENCODERS,
    Encoder,
    child,
    each,
    named,
    refuse,
    refusing,
)
from expcache._encode._names import type_name
from expcache._encode._refused import SEED

_Array = np.ndarray[Any, Any]
_LONG = "Convert it to float64: its bytes differ between platforms"


def _shape(value: _Array) -> bytes:
    return named("shape", *(encode_int(size, 0) for size in value.shape))


def encode_dtype(dtype: np.dtype[Any], depth: int) -> bytes:
    """Write a dtype without byte order, padding or alignment."""
    if dtype.char in "gG":
        raise refuse(type(dtype), _LONG, dtype.name)
    if dtype.names is not None:
        parts = (encode_str(name, 0) + encode_dtype(dtype[name], depth) for name in dtype.names)
        return named("dtype fields", *parts)
    if dtype.subdtype is not None:
        inner, shape = dtype.subdtype
        sizes = (encode_int(size, 0) for size in shape)
        return named("dtype block", encode_dtype(inner, depth), *sizes)
    if dtype.kind == "T":
        missing = getattr(dtype, "na_object", ...)
        return named("dtype text", child(missing, depth, ".na_object", dtype))
    text = dtype.newbyteorder("<").str
    if dtype.kind == "V" and dtype.type is not np.void:
        text = f"{type_name(dtype.type)} {text}"  # a dtype of another library, such as bfloat16
    return named("dtype", encode_str(text, 0))


def encode_array(value: _Array, depth: int) -> bytes:
    """Write dtype, shape and the digest of the values."""
    plain = np.asarray(value)
    head = encode_dtype(plain.dtype, depth) + _shape(plain)
    if plain.dtype.names is not None:
        columns = (child(plain[name], depth, f"[{name!r}]", value) for name in plain.dtype.names)
        return named("record array", head, *columns)
    if plain.dtype.hasobject or plain.dtype.kind == "T":
        return named("object array", head, *each(plain.ravel().tolist(), depth, value))
    return named("array of", head, fingerprint(plain))


def _masked(value: np.ma.MaskedArray[Any, Any], depth: int) -> bytes:
    return named(
        "masked array",
        encode_array(np.asarray(value.filled()), depth),
        encode_array(np.ma.getmaskarray(value), depth),
        encode_array(np.asarray(value.fill_value), depth),
    )


def _scalar(value: np.generic, depth: int) -> bytes:
    return named("scalar", encode_array(np.asarray(value), depth))


def _object(value: Any, depth: int) -> bytes:
    return child(value.item(), depth, "", value)


def _int64(value: Any, _depth: int) -> bytes:
    return encode_int(int(value), 0)


def _sequence(value: np.random.SeedSequence, depth: int) -> bytes:
    entropy = child(value.entropy, depth, ".entropy", value)
    key = child(tuple(value.spawn_key), depth, ".spawn_key", value)
    sizes = (value.pool_size, value.n_children_spawned)
    return named("SeedSequence", entropy, key, *(encode_int(size, 0) for size in sizes))


def _ufunc(value: np.ufunc, _depth: int) -> bytes:
    """Write the public name that leads to this very ufunc; users can make others of any name."""
    for name in ("numpy", "scipy.special"):
        if getattr(sys.modules.get(name), value.__name__, None) is value:
            return named("ufunc", encode_str(f"{name}:{value.__name__}", 0))
    raise refuse(np.ufunc, "Pass the Python function that it wraps", "private ufunc")


def _function(value: Any, _depth: int) -> bytes:
    return named("builtin", encode_str(f"{value.__module__}:{value.__qualname__}", 0))


def _kinds() -> dict[type, Encoder]:
    scalars = {np.dtype(code).type for code in np.typecodes["All"]}
    table: dict[type, Encoder] = dict.fromkeys(scalars, _scalar)
    for code in "gG":
        table[np.dtype(code).type] = refusing(_LONG)
    for kind in scalars:
        if np.dtype(kind) == np.dtype("i8"):
            table[kind] = _int64
    table[np.object_] = _object
    table[np.float64] = lambda value, _depth: encode_float(float(value), 0)
    table[np.complex128] = lambda value, _depth: encode_complex(complex(value), 0)
    table[np.bool_] = lambda value, _depth: b"T" if value else b"F"
    table[np.str_] = lambda value, _depth: encode_str(str(value), 0)
    table[np.bytes_] = lambda value, _depth: named("scalar bytes", encode_bytes(bytes(value), 0))
    return table


ENCODERS.update(_kinds())
ENCODERS.update(
    {
        np.generic: _scalar,
        np.ndarray: encode_array,
        np.memmap: encode_array,
        np.ma.MaskedArray: _masked,
        type(np.ma.masked): lambda _value, _depth: named("masked"),
        np.dtype: encode_dtype,
        np.ufunc: _ufunc,
        np.random.SeedSequence: _sequence,
        np.random.Generator: refusing(SEED),
        np.random.RandomState: refusing(SEED),
        np.random.BitGenerator: refusing(SEED),
        type(np.nditer(0)): refusing("Pass the array"),
    },
)
ENCODERS.update({type(np.dtype(code)): encode_dtype for code in np.typecodes["All"]})
if not isinstance(np.sum, type(lambda: None)):
    ENCODERS[type(np.sum)] = _function
