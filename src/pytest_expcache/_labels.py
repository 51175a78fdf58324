"""Names for points that a human reads in a test id and that ``-k`` takes.

A point is ``C:0.1-gamma:0.001``: the grammar of ``-k`` has no ``=``, no comma and no quotes. A
value that no short ASCII text stands for is shown by the first digits of its run's id.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from types import FunctionType

__all__ = ["label_points", "text_of"]

_VALUE_LIMIT = 32
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
    labels = [_label(point, run_id[:_DIGITS]) for point, run_id in zip(points, ids, strict=True)]
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
    if type(value) is float or type(value) is bool or value is None:
        return repr(value)
    if isinstance(value, (enum.Enum, str)):
        return _clean(value.name if isinstance(value, enum.Enum) else value)
    if isinstance(value, (list, tuple)):
        return _text_of_sequence(value)
    if isinstance(value, (type, FunctionType)):
        return _clean(value.__name__)
    if isinstance(value, (PurePath, dt.date, dt.time)) or _is_number(value):
        return _clean_text_of(value)
    return None


def _label(point: Mapping[str, object], digits: str) -> str:
    parts = []
    for name, value in point.items():
        text = text_of(value)
        parts.append(f"{_ascii(name)}:{digits if text is None else text}")
    label = "-".join(parts) or digits
    return label if len(label) <= _LABEL_LIMIT else f"{label[:_LABEL_LIMIT]}-{digits}"


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
