"""Grid: every combination of the values of some axes, the first axis slowest."""

from __future__ import annotations

from itertools import product, repeat
from math import prod
from typing import TYPE_CHECKING, Any

from expcache._space._shape import Point, Shape, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Grid"]

# itertools.product copies each range into a tuple first: cheap only up to here.
_LONG = 100_000


class Grid(Shape):
    """The product of axes; holds the axes only."""

    __slots__ = ("_digits", "_size", "axes")

    def __init__(self, names: tuple[str, ...], axes: tuple[Sequence[Any], ...]) -> None:
        """Keep the axes, which fit the names one to one."""
        self.names = names
        self.axes = axes
        self._size = prod(map(count, axes))
        self._digits = tuple(_digits(names, axes))

    @property
    def direct(self) -> bool:
        """Always: an index is a number whose digits are positions on the axes."""
        return True

    @property
    def size(self) -> int:
        """The product of the lengths of the axes."""
        return self._size

    def __iter__(self) -> Iterator[Point]:
        """Yield the points in the order of `itertools.product`."""
        # All of it in C: planning reads every point of a sweep.
        return map(dict, map(zip, repeat(self.names), _rows(self.axes)))

    def at(self, index: int) -> Point:
        """Return a point from the digits of its index."""
        return {name: axis[index // weight % length] for name, axis, weight, length in self._digits}


def _digits(
    names: tuple[str, ...], axes: tuple[Sequence[Any], ...]
) -> Iterator[tuple[str, Sequence[Any], int, int]]:
    for place, (name, axis) in enumerate(zip(names, axes, strict=True)):
        yield name, axis, prod(map(count, axes[place + 1 :])), count(axis)


def _rows(axes: tuple[Sequence[Any], ...]) -> Iterator[tuple[Any, ...]]:
    if not all(map(count, axes)):  # found before a long range is walked in vain
        return iter(())
    long = [place for place, axis in enumerate(axes) if _is_long(axis)]
    return _long_rows(axes, long[-1]) if long else product(*axes)


def _long_rows(axes: tuple[Sequence[Any], ...], place: int) -> Iterator[tuple[Any, ...]]:
    """Combine the axes around a range that is too long to copy."""
    for head in _rows(axes[:place]):
        for value in axes[place]:
            for tail in product(*axes[place + 1 :]):
                yield (*head, value, *tail)


def _is_long(axis: Sequence[Any]) -> bool:
    return isinstance(axis, range) and count(axis) > _LONG
