"""Canonical bytes of pandas' tables, columns and scalars; imported when one is met.

Values count, and with them dtype, labels, names and order. Blocks, caches and the storage behind
an extension array do not. Labels that are all text are written by value: pandas 2 keeps them as
objects, pandas 3 as strings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from expcache._encode._builtin import encode_int, encode_str
from expcache._encode._dispatch import ENCODERS, Encoder, child, each, named
from expcache._encode._instance import STATES
from expcache._encode._names import type_name
from expcache._encode._numpy import encode_array

_MASKED = "iufb"


def _frame(value: Any, depth: int) -> bytes:
    columns = range(value.shape[1])
    return named(
        "DataFrame",
        child(value.columns, depth, ".columns", value),
        child(value.index, depth, ".index", value),
        child(dict(value.attrs), depth, ".attrs", value),
        *(_column(value.iloc[:, n], depth, f".iloc[:, {n}]", value) for n in columns),
    )


def _column(column: Any, depth: int, step: str, holder: object) -> bytes:
    return child(column.array, depth, step, holder)


def _series(value: Any, depth: int) -> bytes:
    return named(
        "Series",
        child(value.name, depth, ".name", value),
        child(value.index, depth, ".index", value),
        child(dict(value.attrs), depth, ".attrs", value),
        _column(value, depth, "", value),
    )


def _index(value: Any, depth: int) -> bytes:
    name = child(value.name, depth, ".name", value)
    if value.dtype == object or isinstance(value.dtype, pd.StringDtype):
        items = value.tolist()
        if set(map(type, items)) <= {str}:
            return named("Index of text", name, *(encode_str(item, 0) for item in items))
    array = child(value.array, depth, "", value)
    frequency = encode_str(str(getattr(value, "freqstr", None)), 0)
    return named("Index", name, array, frequency)


def _range(value: Any, depth: int) -> bytes:
    """Write a range of labels as the integers that it stands for."""
    return _index(pd.Index(np.arange(value.start, value.stop, value.step), name=value.name), depth)


def _levels(value: Any, depth: int) -> bytes:
    """Write the labels of each level: how they are shared behind codes does not count."""
    columns = (value.get_level_values(number) for number in range(value.nlevels))
    return named("MultiIndex", *each(columns, depth, value))


def _plain(value: Any, depth: int) -> bytes:
    return child(value.to_numpy(), depth, "", value)


def _extension(value: Any, depth: int) -> bytes:
    """Write the dtype's text, which values are missing, and the others."""
    dtype = encode_str(str(value.dtype), 0)
    missing = np.asarray(value.isna())
    if getattr(value.dtype, "kind", "O") in _MASKED and hasattr(value.dtype, "numpy_dtype"):
        return _numbers(value, dtype, missing, depth)
    items = ("" if lost else item for item, lost in zip(value, missing, strict=True))
    if isinstance(value.dtype, pd.StringDtype):
        return named("array", dtype, encode_array(missing, depth), *each(items, depth, value))
    return named("array", dtype, *each(value, depth, value))


def _numbers(value: Any, dtype: bytes, missing: Any, depth: int) -> bytes:
    zero = value.dtype.numpy_dtype.type(0)
    filled = value.to_numpy(dtype=value.dtype.numpy_dtype, na_value=zero)
    return named("array", dtype, encode_array(missing, depth), encode_array(filled, depth))


def _ordinals(value: Any, depth: int) -> bytes:
    """Write dates, differences and periods as integers, next to the dtype's text and zone."""
    dtype = encode_str(str(value.dtype), 0)
    return named("array of ordinals", dtype, encode_array(value.asi8, depth))


def _categorical(value: Any, depth: int) -> bytes:
    return named(
        "Categorical",
        child(value.categories, depth, ".categories", value),
        encode_array(value.codes.astype("i8"), depth),
        child(bool(value.ordered), depth, ".ordered", value),
    )


def _intervals(value: Any, depth: int) -> bytes:
    return named(
        "IntervalArray",
        encode_str(value.closed, 0),
        child(value.left, depth, ".left", value),
        child(value.right, depth, ".right", value),
    )


def _sparse(value: Any, depth: int) -> bytes:
    dense = encode_array(np.asarray(value), depth)
    return named("SparseArray", encode_str(str(value.dtype), 0), dense)


def _instant(value: Any, depth: int) -> bytes:
    """Write value and unit; a zone of a library without form of its own by its name."""
    moment = encode_array(np.asarray(value.asm8), depth)
    zone = value.tz
    known = zone is None or type(zone) in ENCODERS
    tz = child(zone, depth, ".tz", value) if known else encode_str(str(zone), 0)
    return named("Timestamp", moment, tz, encode_int(value.fold, 0))


def _duration(value: Any, depth: int) -> bytes:
    return named("Timedelta", encode_array(np.asarray(value.asm8), depth))


def _period(value: Any, _depth: int) -> bytes:
    return named("Period", encode_str(value.freqstr, 0), encode_int(value.ordinal, 0))


def _interval(value: Any, depth: int) -> bytes:
    ends = each((value.left, value.right), depth, value)
    return named("Interval", encode_str(value.closed, 0), *ends)


def _single(name: str) -> Encoder:
    return lambda _value, _depth: named(name)


def _dtype(value: Any, depth: int) -> bytes:
    """Write a dtype by its text, a categorical one by its categories too."""
    categories = child(getattr(value, "categories", None), depth, ".categories", value)
    ordered = child(getattr(value, "ordered", None), depth, ".ordered", value)
    kind = encode_str(type_name(type(value)).rpartition(":")[2], 0)
    return named("pandas dtype", kind, encode_str(str(value), 0), categories, ordered)


def _metadata(value: Any) -> dict[str, Any]:
    """Return what a subclass of a table keeps: the attributes that it lists itself."""
    listed = value._metadata  # noqa: SLF001 - pandas documents it for subclasses
    return {name: getattr(value, name, None) for name in listed if name != "name"}


def _nothing(_value: Any) -> dict[str, Any]:
    return {}


def _own(base: type) -> Iterator[type]:
    """Yield pandas' own subclasses: where they are defined moves between its versions."""
    kinds: list[type] = base.__subclasses__()
    for kind in kinds:
        if kind.__module__.partition(".")[0] == "pandas":
            yield kind
            yield from _own(kind)


_arrays = pd.arrays
ENCODERS.update(dict.fromkeys(_own(pd.api.extensions.ExtensionArray), _extension))
ENCODERS.update(dict.fromkeys(_own(pd.api.extensions.ExtensionDtype), _dtype))
ENCODERS.update(
    {
        pd.DataFrame: _frame,
        pd.Series: _series,
        pd.Index: _index,
        pd.RangeIndex: _range,
        pd.MultiIndex: _levels,
        pd.Categorical: _categorical,
        _arrays.IntervalArray: _intervals,
        _arrays.SparseArray: _sparse,
        pd.api.extensions.ExtensionArray: _extension,
        type(pd.Series([1]).array): _plain,
        pd.Timestamp: _instant,
        pd.Timedelta: _duration,
        pd.Period: _period,
        pd.Interval: _interval,
        type(pd.NaT): _single("NaT"),
        type(pd.NA): _single("NA"),
        pd.api.extensions.ExtensionDtype: _dtype,
    },
)
_indexes = (pd.CategoricalIndex, pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex)
_times = (_arrays.DatetimeArray, _arrays.TimedeltaArray, _arrays.PeriodArray)
ENCODERS.update(dict.fromkeys((*_indexes, pd.IntervalIndex), _index))
ENCODERS.update(dict.fromkeys(_times, _ordinals))
STATES.update({pd.DataFrame: _metadata, pd.Series: _metadata, pd.Index: _nothing})
