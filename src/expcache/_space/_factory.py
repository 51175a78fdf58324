"""Factories: the four ways to write down a space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from expcache._lookup import same
from expcache._space._axis import Axis
from expcache._space._compound import chained
from expcache._space._grid import Grid
from expcache._space._rows import Columns, Listing, Same
from expcache._space._space import Space
from expcache.errors import SpaceError

if TYPE_CHECKING:
    from expcache._space._shape import Point

__all__ = ["grid", "points", "star", "zipped"]


def grid(**axes: object) -> Space:
    """Combine every value of each axis with every value of the others, the first axis slowest.

    `grid(C=[0.1, 1], kernel="rbf")` has two points. A text, bytes, a mapping, None, or anything
    that is no iterable is a constant; wrap it in a list to use an iterable as one value. Arrays
    give Python scalars. Ranges stay lazy; other iterables are read once, here.

    Raises:
        SpaceError: An axis is empty or has no order.
    """
    read = [Axis.read(name, given) for name, given in axes.items()]
    return Space(Grid(tuple(axis.name for axis in read), tuple(axis.values for axis in read)))


def zipped(**axes: object) -> Space:
    """Take the axes in lock-step: the first values make the first point, and so on.

    Axes are read as by `grid`; constants are the same in every point.

    Raises:
        SpaceError: An axis is empty or has no order, or the lengths are unequal.
    """
    read = [Axis.read(name, given) for name, given in axes.items()]
    sizes = {axis.name: axis.size for axis in read if not axis.constant}
    if len(set(sizes.values())) > 1:
        lengths = ", ".join(f"{name!r} has {size}" for name, size in sizes.items())
        raise SpaceError(
            f"cannot zip axes of unequal lengths: {lengths}. "
            f"Give them one length, or a bare value to those that are constant."
        )
    size = next(iter(sizes.values()), None)
    if size is None:
        return grid(**axes)
    columns = (Same(axis.values[0], size) if axis.constant else axis.values for axis in read)
    return Space(Columns(tuple(axis.name for axis in read), tuple(columns), size))


def points(given: Iterable[Mapping[str, Any]], /) -> Space:
    """Take points as they are, each a mapping of names to values; their names may differ.

    Raises:
        SpaceError: A point is no mapping, or has a key that is no text.
    """
    if isinstance(given, Mapping) or not isinstance(given, Iterable):
        raise SpaceError(
            f"cannot read points from {given!r}: it is no iterable of mappings. "
            f"Put the mapping of a single point in a list."
        )
    read = tuple(_point(index, one) for index, one in enumerate(given))
    return Space(Listing(tuple(dict.fromkeys(name for one in read for name in one)), read))


def star(center: Mapping[str, Any], /, **axes: object) -> Space:
    """Take a center, then vary each axis alone with the others as in the center.

    Axes are read as by `grid`; the values of the center are taken as they are. A value that
    equals the center's is left out, since the center comes first.

    Raises:
        SpaceError: The center is no mapping or lacks the parameter of an axis, or an axis is
            empty or has no order.
    """
    middle = points([center])
    if missing := [name for name in axes if name not in middle.names]:
        raise SpaceError(
            f"cannot build a star: the center has no {', '.join(map(repr, missing))}. "
            f"Give the center a value for each axis."
        )
    rays = (_ray(dict(center), Axis.read(name, given)) for name, given in axes.items())
    return Space(chained(middle._shape, *rays))  # noqa: SLF001 - a factory of that class


def _ray(center: Point, axis: Axis) -> Grid:
    values = tuple(value for value in axis.values if not same(value, center[axis.name]))
    fixed = {name: (value,) for name, value in center.items()}
    lines = fixed | {axis.name: values}
    return Grid(tuple(lines), tuple(lines.values()))


def _point(index: int, given: object) -> Point:
    if not isinstance(given, Mapping):
        raise SpaceError(
            f"cannot read point {index}: {given!r} is no mapping. "
            f"Give each point as a dict of parameter names and values."
        )
    for name in given:
        if not isinstance(name, str):
            raise SpaceError(
                f"cannot read point {index}: its key {name!r} is no text. "
                f"Name parameters by strings."
            )
    return dict(given)
