"""One numpy array from cells of any kind, with missing values where there is none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["HOLE", "array_of", "exact", "with_holes"]

HOLE: Any = type("Hole", (), {"__repr__": lambda _: "<no value>"})()
"""Stands where a run has no value: it failed, is missing, or the place is no point."""

_NUMBERS = frozenset("iufc")
_LARGEST = 2**53
"""Beyond it, not every integer is a float."""


def array_of(cells: Sequence[Any]) -> np.ndarray[Any, Any]:
    """Return the cells as an array of one kind; None and ``HOLE`` are missing.

    Numbers, texts, truth values, times and durations get a dtype of their own. With missing
    cells, integers become floats (objects, if a float could not hold them), and texts and truth
    values become objects, the missing ones NaN. Cells of mixed kinds stay what they are.
    """
    present = [cell for cell in cells if cell is not HOLE and cell is not None]
    dtypes = {_dtype_of(cell) for cell in present}
    common = _common(dtypes)
    if common.hasobject or not _holds(common, present):
        return _objects(cells)
    whole = np.array(present, dtype=common).reshape(len(present))
    if len(present) == len(cells):
        return whole
    wide = with_holes(common) if exact(whole) else np.dtype(object)
    array = np.full(len(cells), _missing(wide), dtype=wide)
    array[[cell is not HOLE and cell is not None for cell in cells]] = whole
    return array


def with_holes(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that holds the same values and missing ones."""
    if dtype.kind in "fcMm":
        return dtype
    return np.dtype(np.float64 if dtype.kind in "iu" else object)


def exact(array: np.ndarray[Any, Any]) -> bool:
    """Whether floats would hold each integer of the array."""
    if array.dtype.kind not in "iu" or not array.size:
        return True
    return int(array.min()) >= -_LARGEST and int(array.max()) <= _LARGEST


def _missing(dtype: np.dtype[Any]) -> Any:
    return np.array("NaT", dtype=dtype) if dtype.kind in "Mm" else np.nan


def _objects(cells: Sequence[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(cells), dtype=object)
    for place, cell in enumerate(cells):  # one by one: numpy would spread a list over places
        array[place] = np.nan if cell is HOLE else cell
    return array


def _dtype_of(cell: object) -> np.dtype[Any]:
    if isinstance(cell, np.generic):
        return np.dtype(object) if cell.dtype.kind in "SV" else cell.dtype
    found = _DTYPES.get(type(cell))
    if isinstance(cell, dt.datetime) and cell.tzinfo is not None:
        found = None
    return np.dtype(object if found is None else found)


_DTYPES: dict[type, Any] = {
    bool: np.bool_,
    int: np.int64,
    float: np.float64,
    complex: np.complex128,
    str: np.str_,
    dt.datetime: "datetime64[us]",
    dt.timedelta: "timedelta64[us]",
}


def _common(dtypes: set[np.dtype[Any]]) -> np.dtype[Any]:
    kinds = {dtype.kind for dtype in dtypes}
    if not kinds:
        return np.dtype(np.float64)
    if len(kinds) > 1 and not kinds <= _NUMBERS:
        return np.dtype(object)
    return np.result_type(*dtypes)


def _holds(dtype: np.dtype[Any], cells: list[Any]) -> bool:
    # numpy cuts NULs off the end of a text, and rounds large integers among floats.
    if dtype.kind == "U":
        return not any(cell.endswith("\0") for cell in cells)
    if dtype.kind not in _NUMBERS:  # numpy counts durations among the integers
        return True
    integers = [int(cell) for cell in cells if isinstance(cell, (int, np.integer))]
    if dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        return all(bounds.min <= one <= bounds.max for one in integers)
    return dtype.kind not in "fc" or all(abs(one) <= _LARGEST for one in integers)
