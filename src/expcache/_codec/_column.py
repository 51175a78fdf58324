"""The trees of pandas columns and indexes: what Series and frames are made of.

Each is a list whose first item says which layout the rest has.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

from expcache._codec._tree import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from expcache._codec._tree import Reader, Writer

_MASKED = {"Integer": "IntegerArray", "Float": "FloatingArray", "boolean": "BooleanArray"}


@functools.cache
def pandas() -> Any:
    """Return the pandas module."""
    return importlib.import_module("pandas")


def write_column(writer: Writer, values: Any) -> list[object]:
    """Return the tree of a one-dimensional array of pandas or numpy."""
    pd, dtype = pandas(), values.dtype
    if isinstance(values, importlib.import_module("numpy").ndarray):
        return ["numpy", writer.write(values)]
    if type(values) is pd.arrays.NumpyExtensionArray:
        return ["wrapped", writer.write(values.to_numpy())]
    if isinstance(values, pd.arrays.DatetimeArray):
        return _write_datetimes(writer, values)
    if isinstance(values, pd.arrays.TimedeltaArray):
        return ["timedelta", writer.write(values.to_numpy())]
    for kind, write in _WRITERS.items():
        if type(dtype) is getattr(pd, kind):
            return write(writer, values)
    family = _masked_family(dtype)
    if family is None:
        raise UnsupportedError(f"a pandas column of dtype {dtype}")
    present = values.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
    return [family, writer.write(present), writer.write(values.isna())]


def _masked_family(dtype: Any) -> str | None:
    pd = pandas()
    if type(dtype) is pd.BooleanDtype:
        return "boolean"
    own = getattr(pd, type(dtype).__name__, None)
    if own is not type(dtype) or not hasattr(dtype, "numpy_dtype"):
        return None
    return "Float" if dtype.kind == "f" else "Integer"


def _freq_text(freq: Any) -> str | None:
    """Return the text of a frequency, if the text says all of it."""
    if freq is None:
        return None
    text = str(freq.freqstr)
    if pandas().tseries.frequencies.to_offset(text) != freq:
        raise UnsupportedError(f"the frequency {freq!r}")
    return text


def _write_datetimes(writer: Writer, values: Any) -> list[object]:
    instants = values.to_numpy(dtype=f"M8[{values.unit}]")
    return ["datetime", writer.write(instants), writer.write(values.tz)]


def _write_categories(writer: Writer, values: Any) -> list[object]:
    codes = writer.write(values.codes)
    return ["category", codes, write_index(writer, values.categories), bool(values.ordered)]


def _write_periods(writer: Writer, values: Any) -> list[object]:
    return ["period", writer.write(values.asi8), values.freqstr]


def _write_intervals(writer: Writer, values: Any) -> list[object]:
    ends = [write_index(writer, side) for side in (values.left, values.right)]
    return ["interval", *ends, values.closed]


def _write_strings(writer: Writer, values: Any) -> list[object]:
    is_na = values.dtype.na_value is pandas().NA
    items = values.to_numpy(dtype=object, na_value=None).tolist()
    return ["string", values.dtype.storage, is_na, writer.write(items)]


_WRITERS: dict[str, Callable[[Writer, Any], list[object]]] = {
    "CategoricalDtype": _write_categories,
    "PeriodDtype": _write_periods,
    "IntervalDtype": _write_intervals,
    "StringDtype": _write_strings,
}


def read_column(reader: Reader, tree: Any) -> Any:
    """Return the array of a tree."""
    kind, *rest = tree
    return _READERS[kind](reader, *rest)


def _read_datetimes(reader: Reader, instants: Any, zone: Any) -> Any:
    index = pandas().DatetimeIndex(reader.read(instants), copy=False)
    if zone is not None:
        index = index.tz_localize("UTC").tz_convert(reader.read(zone))
    return index.array


def _read_timedeltas(reader: Reader, spans: Any) -> Any:
    return pandas().TimedeltaIndex(reader.read(spans), copy=False).array


def _read_categories(reader: Reader, codes: Any, categories: Any, ordered: Any) -> Any:
    pd = pandas()
    dtype = pd.CategoricalDtype(read_index(reader, categories), ordered=ordered)
    return pd.Categorical.from_codes(reader.read(codes), dtype=dtype)


def _read_periods(reader: Reader, ordinals: Any, freq: Any) -> Any:
    pd = pandas()
    return pd.arrays.PeriodArray(reader.read(ordinals), dtype=pd.PeriodDtype(freq))


def _read_intervals(reader: Reader, left: Any, right: Any, closed: Any) -> Any:
    ends = (read_index(reader, left), read_index(reader, right))
    return pandas().arrays.IntervalArray.from_arrays(*ends, closed=closed)


def _read_strings(reader: Reader, storage: Any, is_na: Any, items: Any) -> Any:
    pd = pandas()
    dtype = pd.StringDtype(storage) if is_na else pd.StringDtype(storage, na_value=float("nan"))
    return pd.array(reader.read(items), dtype=dtype)


def _masked_reader(name: str) -> Callable[..., Any]:
    def read(reader: Reader, present: Any, missing: Any) -> Any:
        return getattr(pandas().arrays, name)(reader.read(present), reader.read(missing))

    return read


_READERS: dict[str, Callable[..., Any]] = {
    "numpy": lambda reader, tree: reader.read(tree),
    "wrapped": lambda reader, tree: pandas().arrays.NumpyExtensionArray(reader.read(tree)),
    "datetime": _read_datetimes,
    "timedelta": _read_timedeltas,
    "category": _read_categories,
    "period": _read_periods,
    "interval": _read_intervals,
    "string": _read_strings,
    **{family: _masked_reader(name) for family, name in _MASKED.items()},
}


def values_of(labelled: Any) -> Any:
    """Return what backs a Series or an Index: a numpy array wherever it is one."""
    backing = labelled.array
    is_numpy = type(backing) is pandas().arrays.NumpyExtensionArray
    return backing.to_numpy() if is_numpy else backing


def write_index(writer: Writer, index: Any) -> list[object]:
    """Return the tree of an index, with its names and its frequency."""
    pd = pandas()
    names = writer.write(list(index.names))
    if type(index) is pd.RangeIndex:
        return ["range", names, index.start, index.stop, index.step]
    if type(index) is pd.MultiIndex:
        levels = [write_index(writer, level) for level in index.levels]
        return ["multi", names, levels, [writer.write(codes) for codes in index.codes]]
    timed = isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex)
    freq = _freq_text(index.freq) if timed else None
    return ["flat", names, write_column(writer, values_of(index)), freq]


def read_index(reader: Reader, tree: Any) -> Any:
    """Return the index of a tree."""
    pd = pandas()
    kind, names, *rest = tree
    labels = reader.read(names)
    if kind == "range":
        return pd.RangeIndex(*rest, name=labels[0])
    if kind == "multi":
        levels = [read_index(reader, level) for level in rest[0]]
        return pd.MultiIndex(levels=levels, codes=reader.read(rest[1]), names=labels)
    values = read_column(reader, rest[0])
    # Without these two, tuples would become a MultiIndex, and objects would be guessed at.
    index = pd.Index(values, dtype=values.dtype, name=labels[0], tupleize_cols=False)
    if rest[1] is not None:
        index.freq = rest[1]
    return index
