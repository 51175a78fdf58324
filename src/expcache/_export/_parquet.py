"""Records as Parquet: typed columns, written by pyarrow or polars, whichever is installed."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from collections.abc import Iterable
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

from expcache._export._json import dump
from expcache._export._plain import Plain

__all__ = ["write"]

_EXACT = 2**53
_BOUND = 2**63


class _Kind(NamedTuple):
    """What a column holds: a word, and for lists how deep they are."""

    word: str
    depth: int = 0


_NOTHING, _MIXED = _Kind("nothing"), _Kind("mixed")


def write(path: Path, records: Iterable[dict[str, Any]], plain: Plain) -> None:
    """Write a column a name; a column of mixed kinds, or of mappings, is JSON text.

    Raises:
        ImportError: neither pyarrow nor polars is installed.
    """
    names = [name for name in ("pyarrow", "polars") if importlib.util.find_spec(name) is not None]
    if not names:
        message = "cannot export to Parquet: neither pyarrow nor polars is installed."
        raise ImportError(f"{message} Install expcache[parquet], or export to .csv or .json.")
    cells: dict[str, list[Any]] = {}
    count = 0
    for count, record in enumerate(records, start=1):
        plain.run = record.get("id", "")
        for name, value in record.items():
            column = cells.setdefault(plain.text(name, "a name"), [])
            column.extend([None] * (count - 1 - len(column)))
            column.append(_typed(value, name, plain))
    columns = [_column(name, column, count) for name, column in cells.items()]
    (_by_pyarrow if names[0] == "pyarrow" else _by_polars)(path, columns)


def _typed(value: Any, path: str, plain: Plain) -> Any:
    """Return a value as a column can hold it: plain, but bytes, times and NaN as they are."""
    kind = type(value)
    if kind in (float, bytes, dt.date, dt.timedelta):
        return value
    if kind is dt.datetime:
        return value if value.tzinfo is None else value.astimezone(dt.UTC)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        value = value.tolist() if value.dtype.kind in "biufU" else value
    if isinstance(value, (list, tuple)):
        return [_typed(one, f"{path}[{n}]", plain) for n, one in enumerate(value)]
    if isinstance(value, str):
        return plain.text(str(value), path)
    return value if type(value) is float else plain.write(value, path)


def _column(name: str, cells: list[Any], count: int) -> tuple[str, _Kind, list[Any]]:
    cells = [*cells, *[None] * (count - len(cells))]
    kind = reduce(_both, map(_kind_of, cells), _NOTHING)
    if kind == _MIXED:
        cells = [None if cell is None else dump(_jsonable(cell)) for cell in cells]
    elif kind.word == "float":
        cells = [_floats(cell) for cell in cells]
    return name, kind, cells


def _kind_of(cell: Any) -> _Kind:
    if cell is None:
        return _NOTHING
    if isinstance(cell, list):
        inner = reduce(_both, map(_kind_of, cell), _NOTHING)
        return inner if inner == _MIXED else _Kind(inner.word, inner.depth + 1)
    if type(cell) is int:
        word = "integer" if abs(cell) <= _EXACT else "large"
        return _Kind(word) if -_BOUND <= cell < _BOUND else _MIXED
    if type(cell) is dt.datetime and cell.tzinfo is not None:
        return _Kind("instant")
    return _WORDS.get(type(cell), _MIXED)


_WORDS = {
    bool: _Kind("truth"),
    float: _Kind("float"),
    str: _Kind("text"),
    bytes: _Kind("bytes"),
    dt.date: _Kind("day"),
    dt.datetime: _Kind("time"),
    dt.timedelta: _Kind("duration"),
}
_TOGETHER = {
    frozenset({"integer", "large"}): "large",
    frozenset({"integer", "float"}): "float",
}


def _both(one: _Kind, two: _Kind) -> _Kind:
    """Return the kind that holds the values of both; an empty list holds anything."""
    if two in (one, _NOTHING):
        return one
    if one == _NOTHING:
        return two
    if _MIXED in (one, two):
        return _MIXED
    for empty, other in ((one, two), (two, one)):
        if empty.word == "nothing" and other.depth >= empty.depth:
            return other
    pair = frozenset({one.word, two.word})
    word = one.word if len(pair) == 1 else _TOGETHER.get(pair)
    return _Kind(word, one.depth) if word and one.depth == two.depth else _MIXED


def _floats(cell: Any) -> Any:
    if isinstance(cell, list):
        return [_floats(one) for one in cell]
    return float(cell) if type(cell) is int else cell


def _jsonable(cell: Any) -> Any:
    return Plain("Parquet", None).write(cell, "value")


def _by_pyarrow(path: Path, columns: list[tuple[str, _Kind, list[Any]]]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - heavy and optional
    from pyarrow import parquet  # noqa: PLC0415 - the same

    types = {
        "truth": pa.bool_(),
        "integer": pa.int64(),
        "large": pa.int64(),
        "float": pa.float64(),
        "bytes": pa.binary(),
        "day": pa.date32(),
        "time": pa.timestamp("us"),
        "instant": pa.timestamp("us", "UTC"),
        "duration": pa.duration("us"),
    }
    arrays = []
    for _, kind, cells in columns:
        deep = reduce(
            lambda inner, _: pa.list_(inner), range(kind.depth), types.get(kind.word, pa.string())
        )
        arrays.append(pa.array(cells, type=deep, from_pandas=False))
    parquet.write_table(pa.table(arrays, names=[name for name, _, _ in columns]), path)


def _by_polars(path: Path, columns: list[tuple[str, _Kind, list[Any]]]) -> None:
    import polars as pl  # noqa: PLC0415 - heavy and optional

    types = {
        "truth": pl.Boolean(),
        "integer": pl.Int64(),
        "large": pl.Int64(),
        "float": pl.Float64(),
        "bytes": pl.Binary(),
        "day": pl.Date(),
        "time": pl.Datetime("us"),
        "instant": pl.Datetime("us", "UTC"),
        "duration": pl.Duration("us"),
    }
    series = []
    for name, kind, cells in columns:
        deep = reduce(
            lambda inner, _: pl.List(inner), range(kind.depth), types.get(kind.word, pl.String())
        )
        series.append(pl.Series(name, cells, dtype=deep))
    pl.DataFrame(series).write_parquet(path)
