"""Axes as a file writes them: a list, a range, a mapping of ``values`` or ``value``, a scalar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from expcache._specification._document import Document
from expcache._specification._range import RANGE_KEYS, values_of
from expcache._specification._wrong import Key, nearest

__all__ = ["Written", "read_axes", "read_axis"]

_KNOWN = ("values", "value", *RANGE_KEYS)


class Written(NamedTuple):
    """The values of one parameter; a constant has one, and goes with any number of others."""

    values: Sequence[Any]
    constant: bool = False


def read_axes(document: Document, key: Key, given: object) -> dict[str, Written]:
    """Read a mapping of parameters to their values.

    Raises:
        SpecificationError: it is no mapping, it is empty, or one of them cannot be read.
    """
    if not isinstance(given, dict):
        raise document.error(key, f"{given!r} is no mapping", "Write parameters and their values.")
    if not given:
        raise document.error(key, "it is empty", "Write parameters and their values.")
    return {name: read_axis(document, (*key, name), one) for name, one in given.items()}


def read_axis(document: Document, key: Key, given: object) -> Written:
    """Read the values of one parameter.

    Raises:
        SpecificationError: there are none, or it is a mapping of other keys than those of a range.
    """
    if isinstance(given, list):
        return Written(_some(document, key, given))
    if not isinstance(given, dict):
        return Written((given,), constant=True)
    _check(document, key, given)
    if "value" in given:
        return Written((given["value"],), constant=True)
    if "values" in given:
        values = given["values"]
        if not isinstance(values, list):
            reason = f"{values!r} is no list"
            raise document.error((*key, "values"), reason, "Write a list, or value: for one.")
        return Written(_some(document, (*key, "values"), values))
    return Written(_some(document, key, _range(document, key, given)))


def _range(document: Document, key: Key, given: dict[str, Any]) -> Sequence[Any]:
    try:
        return values_of(given)
    except ValueError as error:
        remedy = "Write {start, stop, step} or {start, stop, num}."
        raise document.error(key, str(error), remedy) from error


def _some(document: Document, key: Key, values: Sequence[Any]) -> Sequence[Any]:
    if not values:
        remedy = "Give it a value, or leave the parameter out."
        raise document.error(key, "it has no values", remedy)
    return values


def _check(document: Document, key: Key, given: dict[str, Any]) -> None:
    unknown = [name for name in given if name not in _KNOWN]
    if unknown or not given:
        near = nearest(unknown[0], _KNOWN) if unknown else ""
        reason = f"{unknown[0]!r} is no key of a range{near}" if unknown else "it is empty"
        remedy = "For a mapping as a value, write {value: ...}."
        raise document.error((*key, *unknown[:1]), reason, remedy)
    alone = [name for name in ("value", "values") if name in given]
    if alone and len(given) > 1:
        others = ", ".join(name for name in given if name != alone[0])
        reason = f"{alone[0]} and {others} contradict each other"
        raise document.error(key, reason, "Keep one of them.")
