"""Names for points that a human reads in a test id and that ``-k`` takes.

A point is ``C:0.1-gamma:0.001``: the grammar of ``-k`` has no ``=``, no comma and no quotes. A
value that no short ASCII text stands for is shown by eight digits that are its own: the same
in every point, sweep and session.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import PurePath
from typing import Any

from pytest_expcache._digits import Digits

__all__ = ["label_points", "text_of"]

_VALUE_LIMIT = 32
_FIELDS_LIMIT = 64
_LABEL_LIMIT = 120
_DIGITS = 8
_SEQUENCE_LIMIT = 8
_UNFIT = re.compile(r"::+|[^A-Za-z0-9_+./:-]+")


def label_points(points: Iterable[Mapping[str, object]], ids: Sequence[str]) -> list[str]:
    """Return one label a point, in order: unique, ASCII, the same in every process.

    Args:
        points: the points of a sweep, by parameter.
        ids: the ids of their runs.
    """
    digits = Digits()
    labels = [
        _label(point, run_id[:_DIGITS], digits) for point, run_id in zip(points, ids, strict=True)
    ]
    times = Counter(labels)
    if len(times) == len(labels):
        return labels
    told_apart = (
        f"{label}-{run_id[:_DIGITS]}" if times[label] > 1 else label
        for label, run_id in zip(labels, ids, strict=True)
    )
    return list(_numbered(told_apart))


def text_of(value: object) -> str | None:
    """Return a short text for a parameter's value, or None when only a digest will do."""
    kind = type(value)
    if kind is float or kind is bool or value is None:
        return repr(value)
    if kind is str:
        return _clean(str(value))
    if kind is int:
        return _clean_text_of(value)
    if isinstance(value, enum.Enum):
        return _clean(value.name) if value.name else None  # a flag of no members has none
    return _text_of_thing(value)


def _text_of_thing(value: object) -> str | None:
    if isinstance(value, (list, tuple)):
        return _text_of_sequence(value)
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return _text_of_fields(value)
    if callable(value):
        name = getattr(value, "__name__", None)
        return _clean(name) if isinstance(name, str) else None
    if isinstance(value, (str, PurePath, dt.date, dt.time)) or _is_number(value):
        return _clean_text_of(value)
    return None


def _label(point: Mapping[str, object], run: str, digits: Digits) -> str:
    parts = []
    for name, value in point.items():
        text = text_of(value)
        parts.append(f"{_ascii(name)}:{(digits.of(value) or run) if text is None else text}")
    label = "-".join(parts) or run
    return label if len(label) <= _LABEL_LIMIT else f"{label[:_LABEL_LIMIT]}-{run}"


def _numbered(labels: Iterable[str]) -> Iterator[str]:
    """Tell apart the labels of a run that a sweep holds more than once."""
    taken: set[str] = set()
    repeated: Counter[str] = Counter()
    for label in labels:
        fresh = label
        while fresh in taken:
            repeated[label] += 1
            fresh = f"{label}-{repeated[label]}"
        taken.add(fresh)
        yield fresh


def _text_of_sequence(values: Sequence[object]) -> str | None:
    if not 0 < len(values) <= _SEQUENCE_LIMIT:
        return None
    texts = [text_of(value) for value in values]
    shown = [text for text in texts if text]
    return _clean("_".join(shown)) if len(shown) == len(texts) else None


def _text_of_fields(value: Any) -> str | None:
    """Return the class and the fields of a dataclass that count and that may be shown."""
    texts = [_ascii(type(value).__name__)]
    for field in fields(value):
        if field.compare and field.repr:
            text = text_of(getattr(value, field.name, ...))
            if text is None:
                return None
            texts.append(f"{_ascii(field.name)}:{text}")
    joined = "-".join(texts)
    return joined if len(joined) <= _FIELDS_LIMIT else None


def _is_number(value: object) -> bool:
    # By behaviour: importing the abstract base classes would cost every pytest session.
    numeric = isinstance(value, complex) or hasattr(value, "__float__")
    return numeric and not hasattr(value, "__len__")  # no array


def _clean_text_of(value: object) -> str | None:
    try:
        return _clean(str(value))
    except ValueError:  # an integer with more digits than Python prints
        return None


def _clean(text: str) -> str | None:
    if len(text) > _VALUE_LIMIT or not text.isascii() or not text.isprintable():
        return None
    return _UNFIT.sub("_", text)


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    return name.encode("ascii", "backslashreplace").decode().replace("\\", "")
