"""Compound shapes: product, concatenation, and points with derived parameters."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, chain
from typing import TYPE_CHECKING

from expcache._space._grid import Grid
from expcache._space._shape import Point, Shape, union

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from expcache._space._call import Call

__all__ = ["Chain", "Derived", "Product", "chained", "multiplied"]


def multiplied(left: Shape, right: Shape) -> Shape:
    """Combine each point of the left with each of the right; the product of grids is a grid."""
    if isinstance(left, Grid) and isinstance(right, Grid):
        return Grid(left.names + right.names, left.axes + right.axes)
    return Product(left, right)


def chained(*shapes: Shape) -> Shape:
    """Put shapes one after another."""
    # Flat, so that a space that grew by a thousand additions is not a thousand calls deep.
    parts = (shape.parts if isinstance(shape, Chain) else (shape,) for shape in shapes)
    return Chain(tuple(chain.from_iterable(parts)))


class Product(Shape):
    """Each point of the left with each point of the right, the right fastest."""

    __slots__ = ("left", "right")

    def __init__(self, left: Shape, right: Shape) -> None:
        """Keep both sides, which share no name."""
        self.names = left.names + right.names
        self.left = left
        self.right = right

    @property
    def direct(self) -> bool:
        """When both sides are."""
        return self.left.direct and self.right.direct

    @property
    def size(self) -> int:
        """The product of the sizes."""
        return self.left.size * self.right.size

    def __iter__(self) -> Iterator[Point]:
        """Yield merged points."""
        return (left | right for left in self.left for right in self.right)

    def at(self, index: int) -> Point:
        """Merge the two points that meet at this index."""
        left, right = divmod(index, self.right.size)
        return self.left.at(left) | self.right.at(right)


class Chain(Shape):
    """Shapes one after another."""

    __slots__ = ("_ends", "parts")

    def __init__(self, parts: tuple[Shape, ...]) -> None:
        """Keep the parts, whose names may differ."""
        self.names = union(parts)
        self.parts = parts
        direct = all(part.direct for part in parts)
        self._ends = list(accumulate(part.size for part in parts)) if direct else None

    @property
    def direct(self) -> bool:
        """When all parts were, on joining them."""
        return self._ends is not None

    @property
    def size(self) -> int:
        """The sum of the sizes."""
        return sum(part.size for part in self.parts)

    def __iter__(self) -> Iterator[Point]:
        """Yield the points of each part in turn."""
        return chain.from_iterable(self.parts)

    def at(self, index: int) -> Point:
        """Return a point of the part that the index falls into."""
        if self._ends is not None:
            place = bisect_right(self._ends, index)
            return self.parts[place].at(index - (self._ends[place - 1] if place else 0))
        for part in self.parts:
            if index < (reached := part.reach(index + 1)):
                return part.at(index)
            index -= reached
        raise IndexError(index)

    def reach(self, limit: int) -> int:
        """Count parts until the limit is reached."""
        reached = 0
        for part in self.parts:
            if reached >= limit:
                break
            reached += part.reach(limit - reached)
        return reached


class Derived(Shape):
    """Points with more parameters, computed from their others each time a point is read."""

    __slots__ = ("base", "calls")

    def __init__(self, base: Shape, calls: Mapping[str, Call]) -> None:
        """Keep the calls by the new names, in the order in which they are made."""
        self.names = (*base.names, *calls)
        self.base = base
        self.calls = calls

    @property
    def direct(self) -> bool:
        """When the base is."""
        return self.base.direct

    @property
    def size(self) -> int:
        """The size of the base."""
        return self.base.size

    def __iter__(self) -> Iterator[Point]:
        """Yield completed points."""
        return map(self._completed, self.base)

    def at(self, index: int) -> Point:
        """Return one completed point."""
        return self._completed(self.base.at(index))

    def reach(self, limit: int) -> int:
        """Reach as far as the base does."""
        return self.base.reach(limit)

    def _completed(self, point: Point) -> Point:
        for name, call in self.calls.items():
            point[name] = call(point)
        return point
