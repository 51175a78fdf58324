"""The trees of pandas frames, Series, indexes and arrays, each proven when it is written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expcache._codec._column import (
    pandas,
    read_column,
    read_index,
    values_of,
    write_column,
    write_index,
)
from expcache._codec._numpy import numpy
from expcache._codec._tree import DECODERS, FINDERS, Reader, UnsupportedError, Writer, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from expcache._codec._tree import Encoder

_ARRAYS = (
    "BooleanArray",
    "DatetimeArray",
    "FloatingArray",
    "IntegerArray",
    "IntervalArray",
    "NumpyExtensionArray",
    "PeriodArray",
    "TimedeltaArray",
)


def _write_series(writer: Writer, value: Any) -> dict[str, object]:
    return {
        "values": write_column(writer, values_of(value)),
        "index": write_index(writer, value.index),
        "name": writer.write(value.name),
        **_marks(writer, value),
    }


def _marks(writer: Writer, value: Any) -> dict[str, object]:
    return {
        "attrs": writer.write(value.attrs),
        "duplicates": value.flags.allows_duplicate_labels,
    }


def _read_series(reader: Reader, tree: Any) -> Any:
    values = read_column(reader, tree["values"])
    index = read_index(reader, tree["index"])
    name = reader.read(tree["name"])
    series = pandas().Series(values, index=index, dtype=values.dtype, name=name, copy=False)
    return _marked(reader, series, tree)


def _marked(reader: Reader, value: Any, tree: Any) -> Any:
    value.attrs = reader.read(tree["attrs"])
    value.flags.allows_duplicate_labels = tree["duplicates"]
    return value


def _write_frame(writer: Writer, value: Any) -> dict[str, object]:
    blocks: dict[Any, list[int]] = {}
    single: list[list[object]] = []
    for position, dtype in enumerate(value.dtypes):
        if isinstance(dtype, numpy().dtype):
            blocks.setdefault(dtype, []).append(position)
        else:
            column = write_column(writer, values_of(value.iloc[:, position]))
            single.append([position, column])
    return {
        "index": write_index(writer, value.index),
        "columns": write_index(writer, value.columns),
        # Columns of one dtype lie together: a wide frame is few parts, not one a column.
        "blocks": [
            [places, writer.write(value.iloc[:, places].to_numpy())] for places in blocks.values()
        ],
        "single": single,
        **_marks(writer, value),
    }


def _read_frame(reader: Reader, tree: Any) -> Any:
    index, columns = (read_index(reader, tree[side]) for side in ("index", "columns"))
    blocks = [(places, reader.read(block)) for places, block in tree["blocks"]]
    if len(blocks) == 1 and not tree["single"]:
        block = blocks[0][1]
        frame = pandas().DataFrame(block, index, columns, dtype=block.dtype, copy=False)
        return _marked(reader, frame, tree)
    found = {place: read_column(reader, column) for place, column in tree["single"]}
    for places, block in blocks:
        found.update({place: block[:, offset] for offset, place in enumerate(places)})
    return _marked(reader, _joined(found, index, columns), tree)


def _joined(found: dict[int, Any], index: Any, columns: Any) -> Any:
    pd = pandas()
    if not found:
        return pd.DataFrame(index=index, columns=columns)
    series = {
        place: pd.Series(found[place], dtype=found[place].dtype, copy=False)
        for place in sorted(found)
    }
    frame = pd.DataFrame(series)
    frame.index, frame.columns = index, columns
    return frame


_LAYOUTS: dict[str, tuple[Callable[[Writer, Any], Any], Callable[[Reader, Any], Any]]] = {
    "frame": (_write_frame, _read_frame),
    "series": (_write_series, _read_series),
    "index": (write_index, read_index),
    "array": (write_column, read_column),
}


def _encoder(layout: str) -> Encoder:
    def write(writer: Writer, value: Any) -> object:
        return {"~pandas": [layout, *_write_proven(writer, layout, value)]}

    return write


def _write_proven(writer: Writer, layout: str, value: Any) -> list[object]:
    """Write, read back and write again: only what comes out equal has a tree.

    pandas guesses dtypes in many places and differently in each version, so a layout that
    was right once proves nothing. Both trees show every exact type and every byte.
    """
    write, read = _LAYOUTS[layout]
    try:
        first = writer.fresh()
        tree = write(first, value)
        back = read(Reader(first.parts), tree)
        second = writer.fresh()
        again = write(second, back)
    except UnsupportedError:
        raise
    except Exception as error:  # any kind that a constructor of pandas may raise
        raise UnsupportedError(f"pandas does not rebuild it: {error}") from error
    is_same = type(back) is type(value) and to_json(tree) == to_json(again)
    if not is_same or not _same_parts(first.parts, second.parts):
        raise UnsupportedError("pandas does not rebuild it exactly")
    start = len(writer.parts)
    writer.parts.extend(first.parts)
    return [start, tree]


def _same_parts(ours: list[memoryview], theirs: list[memoryview]) -> bool:
    np = numpy()
    pairs = zip(ours, theirs, strict=True)
    return len(ours) == len(theirs) and all(
        np.array_equal(np.frombuffer(one, np.uint8), np.frombuffer(other, np.uint8))
        for one, other in pairs
    )


def _read(reader: Reader, payload: Any) -> object:
    layout, start, tree = payload
    return _LAYOUTS[layout][1](reader.after(start), tree)


def _find(kind: type) -> Encoder | None:
    pd = sys.modules.get("pandas")
    if pd is None or not kind.__module__.startswith("pandas"):
        return None
    if kind is pd.DataFrame or kind is pd.Series:
        return _encoder("frame" if kind is pd.DataFrame else "series")
    if issubclass(kind, pd.Index):
        return _encoder("index")
    is_array = kind is pd.Categorical or kind in [getattr(pd.arrays, name) for name in _ARRAYS]
    is_text = issubclass(kind, pd.api.extensions.ExtensionArray) and "String" in kind.__name__
    return _encoder("array") if is_array or is_text else None


FINDERS.append(_find)
DECODERS["~pandas"] = _read
