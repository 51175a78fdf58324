"""Blocks: the parts of a space as a file writes them, multiplied in the order they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import add, mul
from typing import Any

from expcache._space import Space, grid, points, zipped
from expcache._specification._axis import read_axes
from expcache._specification._document import Document
from expcache._specification._filter import read_filter
from expcache._specification._wrong import Key

__all__ = ["BLOCK_KEYS", "read_block", "space_of"]


def read_block(document: Document, key: Key, given: object) -> Space:
    """Return the points of a block, which has nothing but keys of blocks.

    Raises:
        SpecificationError: it is wrong somewhere.
    """
    if not isinstance(given, dict) or not given:
        reason = "it is empty" if given == {} else f"{given!r} is no mapping"
        raise document.error(key, reason, f"Write one or more of {', '.join(BLOCK_KEYS)}.")
    document.check_keys(given, BLOCK_KEYS, key)
    return space_of(document, key, given)


def space_of(document: Document, key: Key, given: Mapping[str, Any]) -> Space:
    """Return the points of those keys of a mapping that are keys of blocks.

    Raises:
        SpecificationError: one of them is wrong, or no points are left.
    """
    space = grid()
    for name, one in given.items():
        if name in _PARTS:
            space = _multiplied(document, (*key, name), space, _PARTS[name])(one)
    return (
        _filtered(document, (*key, "filter"), space, given["filter"])
        if "filter" in given
        else space
    )


def _multiplied(
    document: Document, key: Key, space: Space, read: Callable[[Document, Key, Any], Space]
) -> Callable[[Any], Space]:
    def multiply(given: object) -> Space:
        other = read(document, key, given)
        both = [name for name in space.names if name in other.names]
        if both:
            reason = f"the parameter {both[0]!r} is there already"
            raise document.error(_within(key, given, both[0]), reason, "Keep one of them.")
        return space * other

    return multiply


def _within(key: Key, given: object, name: str) -> Key:
    return (*key, name) if isinstance(given, dict) else key


def _grid(document: Document, key: Key, given: object) -> Space:
    return grid(**{n: _listed(one.values) for n, one in read_axes(document, key, given).items()})


def _zip(document: Document, key: Key, given: object) -> Space:
    axes = read_axes(document, key, given)
    lengths = {name: len(one.values) for name, one in axes.items() if not one.constant}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        remedy = "Give them one length, or a bare value to those that are constant."
        raise document.error(key, f"its lists are of unequal lengths: {told}", remedy)
    length = next(iter(lengths.values()), 1)
    even = {
        n: one.values if n in lengths else tuple(one.values) * length for n, one in axes.items()
    }
    return zipped(**even)


def _listed(values: Any) -> Any:
    return values if isinstance(values, range) else list(values)


def _constants(document: Document, key: Key, given: object) -> Space:
    if not isinstance(given, dict) or not given:
        reason = "it is empty" if given == {} else f"{given!r} is no mapping"
        raise document.error(key, reason, "Write parameters and the one value of each.")
    return points([given])


def _points(document: Document, key: Key, given: object) -> Space:
    remedy = "Write a list of mappings of parameters and values."
    if not isinstance(given, list) or not given:
        reason = "it is empty" if given == [] else f"{given!r} is no list"
        raise document.error(key, reason, remedy)
    for at, one in enumerate(given):
        if not isinstance(one, dict):
            raise document.error((*key, at), f"{one!r} is no mapping", remedy)
    return points(given)


def _blocks(document: Document, key: Key, given: object) -> list[Space]:
    if not isinstance(given, list) or not given:
        reason = "it is empty" if given == [] else f"{given!r} is no list"
        raise document.error(key, reason, f"Write a list of blocks of {', '.join(BLOCK_KEYS)}.")
    return [read_block(document, (*key, at), one) for at, one in enumerate(given)]


def _product(document: Document, key: Key, given: object) -> Space:
    spaces = _blocks(document, key, given)
    for at, one in enumerate(spaces):
        before = {name for other in spaces[:at] for name in other.names}
        both = [name for name in one.names if name in before]
        if both:
            reason = f"the parameter {both[0]!r} is there already"
            raise document.error((*key, at), reason, "Keep one of them.")
    return reduce(mul, spaces)


def _sum(document: Document, key: Key, given: object) -> Space:
    return reduce(add, _blocks(document, key, given))


_PARTS: dict[str, Callable[[Document, Key, Any], Space]] = {
    "constants": _constants,
    "grid": _grid,
    "parameters": _grid,
    "points": _points,
    "product": _product,
    "sum": _sum,
    "zip": _zip,
}
BLOCK_KEYS = ("grid", "zip", "constants", "points", "product", "sum", "filter")


def _filtered(document: Document, key: Key, space: Space, text: object) -> Space:
    if not isinstance(text, str):
        remedy = "Write an expression of parameters in quotes, such as 'a < b'."
        raise document.error(key, f"{text!r} is no text", remedy)
    try:
        accepts, names = read_filter(text, space.names)
    except ValueError as error:
        remedy = "Filters compare parameters, numbers and texts, with and, or, not, in."
        raise document.error(key, str(error), remedy) from error

    def kept(**point: Any) -> bool:
        missing = [name for name in names if name not in point]
        try:
            return not missing and bool(accepts(point))
        except (TypeError, ArithmeticError, ValueError) as error:
            reason = f"{text!r} fails at the point {point!r} ({error})"
            raise document.error(key, reason, "Correct the filter or the values.") from error

    found = space.filter(kept)
    if not found:
        raise document.error(key, f"{text!r} leaves no point", "Correct the filter or the values.")
    return found
