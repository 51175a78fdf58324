"""The values of one parameter as the labels of a coordinate."""

from __future__ import annotations

import datetime as dt
import enum
import os
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np

from expcache._encode import digest, encode

__all__ = ["Axis", "axis_of"]

_LONGEST = 60
_NAN = "expcache: not a number"


class Axis(NamedTuple):
    """A parameter: its different values as labels, and the place of each run among them.

    Numbers, times and durations are sorted, so that slices and interpolation work; all others
    stand in the order in which they first appear.
    """

    name: str
    labels: list[Any]
    places: list[int]

    @property
    def values(self) -> list[Any]:
        """The label of each run."""
        return [self.labels[place] for place in self.places]


def axis_of(name: str, values: Iterable[Any]) -> Axis:
    """Return the axis of a parameter with these values, one a run."""
    numbers: dict[Hashable, int] = {}
    firsts: list[Any] = []
    places = []
    for value in values:
        label = _plain(value)
        key = _key(value, label)
        if key not in numbers:
            numbers[key] = len(firsts)
            firsts.append(_Text(_short(value), key) if label is None else label)
        places.append(numbers[key])
    order = _order(firsts)
    ranks = {number: rank for rank, number in enumerate(order)}
    labels = _distinct([firsts[number] for number in order])
    return Axis(name, labels, [ranks[place] for place in places])


class _Text(NamedTuple):
    """The words for a value that is no label itself."""

    text: str
    key: Hashable


def _plain(value: Any) -> Any:
    """Return the value as a label, or None if it cannot be one."""
    if isinstance(value, (np.bool_, np.integer, np.floating, np.str_)):
        return value.item()
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return value
    kinds = (bool, int, float, str, dt.datetime, dt.date, dt.timedelta)
    return value if type(value) in kinds else None


def _key(value: Any, label: Any) -> Hashable:
    if label is None:
        return "text", _digest(value)
    return label if label == label else _NAN  # noqa: PLR0124 - NaN


def _digest(value: Any) -> str:
    try:
        return digest(encode(value))
    except Exception:  # noqa: BLE001 - of a loaded run, say, or a file that is gone: by its words
        return repr(value)


def _short(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    name = getattr(value, "__qualname__", None)
    if isinstance(name, str):
        return name
    text = os.fsdecode(value) if isinstance(value, os.PathLike) else " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _order(labels: list[Any]) -> list[int]:
    kinds = {type(label) for label in labels}
    if not kinds <= {int, float}:
        sortable = len(kinds) == 1 and not kinds & {bool, str, _Text}
        if not sortable:
            return list(range(len(labels)))
    try:
        return sorted(range(len(labels)), key=lambda n: (labels[n] != labels[n], labels[n]))
    except TypeError:  # times with and without a zone
        return list(range(len(labels)))


def _distinct(labels: list[Any]) -> list[Any]:
    """Put a digest behind words that stand for different values, or for a text beside them."""
    words = [label.text if isinstance(label, _Text) else label for label in labels]
    often = {word for word, times in Counter(words).items() if times > 1}
    return [
        f"{word} #{digest(repr(label.key).encode())[:6]}"
        if isinstance(label, _Text) and word in often
        else word
        for label, word in zip(labels, words, strict=True)
    ]
