"""The xxh3-128 of an array's values: of little-endian bytes in C order, with one NaN.

A contiguous array is hashed where it lies. Each chunk is hashed and, while the cache still holds
it, searched for NaN with a reduction; only an array that has one is hashed again, in copies. A
second thread for the search gains nothing: the memory serves one reader as fast as two. Other
arrays are read through a buffered iterator. The digest does not depend on how chunks fall.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from xxhash import xxh3_128

_CHUNK = 1 << 19  # bytes: small enough for a core's cache, large enough to hide the calls


def fingerprint(values: np.ndarray[Any, Any]) -> bytes:
    """Return the 16 bytes that stand for the values of an array of one plain dtype."""
    dtype = values.dtype.newbyteorder("<")
    floats = _floats(dtype)
    if not (values.flags.c_contiguous and values.dtype == dtype):
        return _hash_with_nan(_copies(values, dtype), floats)
    flat = values.reshape(-1).view(np.ndarray)
    found = _hash_without_nan(flat, floats)
    return _hash_with_nan(_chunks(flat, _CHUNK), floats) if found is None else found


def _floats(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the dtype of the floats that a value consists of, or None."""
    if dtype.kind == "f":
        return dtype
    return np.dtype(f"<f{dtype.itemsize // 2}") if dtype.kind == "c" else None


def _chunks(flat: np.ndarray[Any, Any], size: int) -> Iterator[np.ndarray[Any, Any]]:
    count = max(1, size // max(1, flat.itemsize))
    for start in range(0, flat.size, count):
        yield flat[start : start + count]


def _copies(
    values: np.ndarray[Any, Any],
    dtype: np.dtype[Any],
) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the values in C order, a buffer at a time, as little-endian."""
    buffered = np.nditer(
        values,
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_dtypes=[dtype],
        order="C",
        casting="equiv",
        buffersize=max(1, _CHUNK // max(1, dtype.itemsize)),
    )
    with buffered:
        for chunk in buffered:
            yield np.ascontiguousarray(chunk)


def _raw(chunk: np.ndarray[Any, Any]) -> memoryview:
    """Return the same bytes, whatever the dtype: not every one can be exported as it is."""
    return chunk.view(np.uint8).data if chunk.itemsize else memoryview(b"")


def _hash_without_nan(flat: np.ndarray[Any, Any], floats: np.dtype[Any] | None) -> bytes | None:
    """Return the digest, or None if there is a NaN."""
    if floats is None:
        return xxh3_128(_raw(flat)).digest()
    state = xxh3_128()
    for chunk in _chunks(flat, _CHUNK):
        state.update(_raw(chunk))
        if _has_nan(chunk.view(floats)):
            return None
    return state.digest()


def _has_nan(values: np.ndarray[Any, Any]) -> bool:
    """Tell whether the maximum is NaN, as it is where an item is."""
    with np.errstate(invalid="ignore"):
        top = np.maximum.reduce(values)
    return bool(top != top)  # noqa: PLR0124 - NaN test


def _hash_with_nan(
    chunks: Iterator[np.ndarray[Any, Any]],
    floats: np.dtype[Any] | None,
) -> bytes:
    state = xxh3_128()
    for chunk in chunks:
        state.update(_raw(chunk if floats is None else _one_nan(chunk.view(floats))))
    return state.digest()


def _one_nan(chunk: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    nans = np.isnan(chunk)
    return np.where(nans, chunk.dtype.type("nan"), chunk) if nans.any() else chunk
