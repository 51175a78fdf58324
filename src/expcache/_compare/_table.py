"""How tables and their columns differ: pandas and polars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from expcache._compare._array import elements_text
from expcache._compare._show import show, show_some
from expcache._compare._tolerance import Walking

__all__ = ["table_rule"]

Rule = Callable[[Walking, str, Any, Any], None]


def table_rule(value: Any) -> Rule | None:
    """Return how to compare what pandas and polars hold values in; None for anything else."""
    is_pandas = type(value).__module__.partition(".")[0] == "pandas"
    names = {kind.__name__ for kind in type(value).__mro__}
    if "DataFrame" in names:
        return _frames if is_pandas else _polars_frames
    if "Series" in names:
        return _series if is_pandas else _columns
    return _indexes if names & {"Index", "ExtensionArray"} else None


def _frames(walk: Walking, path: str, old: Any, new: Any) -> None:
    walk.compare(f"{path}.attrs", dict(old.attrs), dict(new.attrs))
    before, now = list(old.columns), list(new.columns)
    _labels(walk, f"{path}.columns", before, now)
    if len(old) != len(new):
        walk.note(path, old, new, f"{len(old)} rows -> {len(new)} rows")
        return
    _indexes(walk, f"{path}.index", old.index, new.index)
    walk.compare(f"{path}.columns.names", list(old.columns.names), list(new.columns.names))
    if not walk.differs(before, now):
        for place, label in enumerate(before):
            _values(walk, f"{path}[{show(label)}]", old.iloc[:, place], new.iloc[:, place])
    elif old.columns.is_unique and new.columns.is_unique:
        for label in (one for one in before if one in new.columns):
            _values(walk, f"{path}[{show(label)}]", old[label], new[label])


def _labels(walk: Walking, path: str, old: list[Any], new: list[Any]) -> None:
    if not walk.differs(old, new):
        return
    gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
    some = [f"{show_some(gone)} gone"] if gone else []
    some += [f"{show_some(come)} new"] if come else []
    walk.note(path, old, new, ", ".join(some) or f"{show_some(old)} -> {show_some(new)}")


def _series(walk: Walking, path: str, old: Any, new: Any) -> None:
    walk.compare(f"{path}.name", old.name, new.name)
    walk.compare(f"{path}.attrs", dict(old.attrs), dict(new.attrs))
    if len(old) != len(new):
        walk.note(path, old, new, f"{len(old)} rows -> {len(new)} rows")
        return
    _indexes(walk, f"{path}.index", old.index, new.index)
    _values(walk, path, old, new)


def _indexes(walk: Walking, path: str, old: Any, new: Any) -> None:
    if hasattr(old, "names"):
        walk.compare(f"{path}.names", list(old.names), list(new.names))
    if len(old) == len(new):
        _values(walk, path, old, new)
    else:
        walk.note(path, old, new, f"{len(old)} rows -> {len(new)} rows")


def _values(walk: Walking, path: str, old: Any, new: Any) -> None:
    """Note how two columns of one length differ."""
    before, now = _vector(old), _vector(new)
    text = [_dtypes(old, new)] if getattr(old, "dtype", None) != getattr(new, "dtype", None) else []
    index = old.index if hasattr(old, "iloc") else None
    if before.dtype.hasobject or now.dtype.hasobject:
        found = _rows(walk, before, now, index)
    else:
        found = elements_text(
            before, now, walk.tolerance, unit="rows", place=lambda i: f"at {_row(index, i)} "
        )
    text += [found] if found else []
    if text:
        walk.note(path, old, new, "; ".join(text))


def _vector(column: Any) -> Any:
    """Return a column as an array of numpy, of objects where it has no other form."""
    import numpy as np  # noqa: PLC0415 - pandas has it

    kind = getattr(column, "dtype", None)
    if isinstance(kind, np.dtype):
        return column.to_numpy() if hasattr(column, "to_numpy") else np.asarray(column)
    content = np.empty(len(column), dtype=object)
    for place, one in enumerate(column):  # at once, it would spread lists over rows
        content[place] = one
    return content


def _dtypes(old: Any, new: Any) -> str:
    before, now = str(old.dtype), str(new.dtype)
    return f"dtype {before} -> {now}" if before != now else f"dtype {before} of other categories"


def _rows(walk: Walking, old: Sequence[Any], new: Sequence[Any], index: Any) -> str:
    pairs = enumerate(zip(old, new, strict=True))
    differing = [i for i, (before, now) in pairs if walk.differs(before, now)]
    if not differing:
        return ""
    first = differing[0]
    count = f"{len(differing)} of {len(old)} rows differ"
    return f"{count}; first at {_row(index, first)} ({show(old[first])} -> {show(new[first])})"


def _row(index: Any, place: int) -> str:
    return f"row {place}" if index is None else f"row {show(index[place])}"


def _polars_frames(walk: Walking, path: str, old: Any, new: Any) -> None:
    _labels(walk, f"{path}.columns", list(old.columns), list(new.columns))
    for label in (one for one in old.columns if one in new.columns):
        _columns(walk, f"{path}[{show(label)}]", old[label], new[label])


def _columns(walk: Walking, path: str, old: Any, new: Any) -> None:
    text = [f"dtype {old.dtype} -> {new.dtype}"] if old.dtype != new.dtype else []
    walk.compare(f"{path}.name", old.name, new.name)
    if len(old) != len(new):
        text.append(f"{len(old)} rows -> {len(new)} rows")
    elif _is_numeric(old) and _is_numeric(new):
        before, now = old.to_numpy(), new.to_numpy()
        text.append(
            elements_text(before, now, walk.tolerance, unit="rows", place=lambda i: f"at row {i} ")
        )
    else:
        text.append(_rows(walk, old.to_list(), new.to_list(), None) or _instants(old, new))
    if told := "; ".join(filter(None, text)):
        walk.note(path, old, new, told)


def _instants(old: Any, new: Any) -> str:
    """Say where times differ by less than Python can tell: counts of the columns' unit."""
    if old.dtype != new.dtype or not old.dtype.is_temporal():
        return ""
    before, now = old.to_physical().to_list(), new.to_physical().to_list()
    differing = [i for i in range(len(before)) if before[i] != now[i]]
    if not differing:
        return ""
    first, unit = differing[0], getattr(old.dtype, "time_unit", "ns")
    count = f"{len(differing)} of {len(before)} rows differ"
    return f"{count}; first at row {first} ({before[first]} {unit} -> {now[first]} {unit})"


def _is_numeric(column: Any) -> bool:
    return bool(column.dtype.is_numeric() and not column.dtype.is_decimal()) and not (
        column.null_count()
    )
