"""Space: an ordered set of points, and the algebra on it."""

from __future__ import annotations

import operator
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, overload

from expcache._lookup import Where, same
from expcache._space._compound import Derived, chained, multiplied
from expcache._space._grid import Grid
from expcache._space._narrow import narrowed
from expcache._space._picked import Picked, sampled
from expcache._space._scan import Filtered, Unique
from expcache._space._shape import Point, Shape, count
from expcache.errors import SpaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Space"]

_SHOWN = 6


class Space:
    """Points in order, each a mapping of parameter names to values.

    Made by `grid`, `zipped`, `points` and `star`. A space is lazy and never changes: points are
    made when they are read, each as a dict of its own, whose values are the very objects that
    were given. Indexing is direct, but for spaces that were filtered or made unique, which are
    read from their start as far as needed, once.
    """

    __slots__ = ("_shape",)

    def __init__(self, shape: Shape) -> None:
        """Wrap a shape; users call `grid`, `zipped`, `points` or `star`."""
        self._shape = shape

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that the points have; in a concatenation, that any of them has."""
        return self._shape.names

    @property
    def size(self) -> int:
        """The number of points: as `len`, but without its limit."""
        return self._shape.size

    def __len__(self) -> int:
        """Return the number of points; a filtered space is read to its end for it."""
        if (size := self._shape.size) > sys.maxsize:
            raise SpaceError(
                f"cannot give the len() of a space of {size} points: "
                f"Python's len() ends at {sys.maxsize}. Use its .size."
            )
        return size

    def __bool__(self) -> bool:
        """Whether there is a point; reads the first one only."""
        return self._shape.reach(1) > 0

    def __iter__(self) -> Iterator[Point]:
        """Yield each point as a new dict."""
        return iter(self._shape)

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> Space: ...
    def __getitem__(self, index: int | slice) -> Point | Space:
        """Return the point at an index, or the space of the points of a slice."""
        if isinstance(index, slice):
            return Space(Picked(self._shape, range(_bound(self._shape, index))[index]))
        place = operator.index(index)
        if place < 0:
            place += self._shape.size
        if place < 0 or self._shape.reach(place + 1) <= place:
            raise IndexError(f"cannot take point {index}: the space has {_points(self.size)}.")
        return self._shape.at(place)

    def __contains__(self, point: object) -> bool:
        """Whether a point equals this one; reads until it is found."""
        return any(same(one, point) for one in self._shape)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same points in the same order.

        Values are compared as by `==`, with NaN equal to NaN and arrays as wholes. Grids over
        the same names are compared by their axes; anything else is read up to the first
        difference. Spaces have no hash.
        """
        if not isinstance(other, Space):
            return NotImplemented
        return self._shape is other._shape or _same_points(self._shape, other._shape)

    __hash__ = None  # type: ignore[assignment]

    def __mul__(self, other: Space) -> Space:
        """Return each point of this space merged with each of the other, the other fastest."""
        if not isinstance(other, Space):
            return NotImplemented
        if both := [name for name in self.names if name in other.names]:
            raise SpaceError(
                f"cannot multiply spaces: both have {_listed(both)}. "
                f"Leave it out of one, or put them one after the other with +."
            )
        return Space(multiplied(self._shape, other._shape))

    def __add__(self, other: Space) -> Space:
        """Return the points of this space followed by those of the other."""
        if not isinstance(other, Space):
            return NotImplemented
        return Space(chained(self._shape, other._shape))

    def filter(self, predicate: Callable[..., object]) -> Space:
        """Keep the points that a predicate accepts: `space.filter(lambda C, gamma: C > gamma)`.

        The predicate is called with the values of the parameters that its signature names, by
        keyword, or with all of them if it takes `**kwargs`. It is called once a point, when
        points are read.

        Raises:
            SpaceError: The predicate asks for a parameter that no point has.
        """
        from expcache._space._call import Call  # noqa: PLC0415 - as in `derive`

        return Space(Filtered(self._shape, Call(predicate, self.names, "filter a space")))

    def where(self, /, **lookups: object) -> Space:
        """Keep the points that match lookups: `space.where(C__ge=1, kernel="rbf")`.

        A lookup is a parameter, for equality, or one with `__ne`, `__lt`, `__le`, `__gt`, `__ge`
        or `__in` appended. Points without the parameter do not match.

        Raises:
            QueryError: A lookup names an unknown parameter or comparison.
        """
        return Space(narrowed(self._shape, Where.parse(lookups, self.names)))

    def derive(self, /, **functions: Callable[..., object]) -> Space:
        """Add parameters computed from the others: `space.derive(total=lambda a, b: a + b)`.

        Functions are called as by `filter`, in order, each time a point is read; later ones see
        the parameters derived by earlier ones.

        Raises:
            SpaceError: The name exists, or a function asks for a parameter that no point has.
        """
        from expcache._space._call import Call  # noqa: PLC0415 - it needs inspect: 8 ms

        known = list(self.names)
        calls: dict[str, Call] = {}
        for name, function in functions.items():
            self._require_new(name, "derive")
            calls[name] = Call(function, known, f"derive {name!r}")
            known.append(name)
        return Space(Derived(self._shape, calls))

    def repeat(self, n: int, name: str = "seed") -> Space:
        """Return every point n times, told apart by a parameter from 0 to n - 1."""
        if (times := operator.index(n)) < 0:
            raise SpaceError(f"cannot repeat a space {n} times: that is negative. Use 1 or more.")
        self._require_new(name, "repeat by")
        return Space(multiplied(self._shape, Grid((name,), (range(times),))))

    def sample(self, n: int, *, seed: int) -> Space:
        """Draw n different points at random, and keep their order.

        The same seed draws the same points, on every platform and version of Python.
        """
        number, size = operator.index(n), self._shape.size
        if not 0 <= number <= size:
            raise SpaceError(
                f"cannot sample {n} points: the space has {_points(size)}. Ask for 0 to {size}."
            )
        return Space(Picked(self._shape, sampled(number, size, operator.index(seed))))

    def unique(self) -> Space:
        """Drop the points that are identical to an earlier one.

        Identical are points that lead to the same run: the types of values count, the order of
        names does not.
        """
        return Space(Unique(self._shape))

    def __repr__(self) -> str:
        """Show the number of points, if it is known without reading, and the names."""
        names = ", ".join(self.names[:_SHOWN]) + (", ..." if len(self.names) > _SHOWN else "")
        number = _points(self.size) if self._shape.direct else "points not counted yet"
        return f"<Space of {number}: {names or 'no parameters'}>"

    def _require_new(self, name: str, doing: str) -> None:
        if name in self.names:
            raise SpaceError(
                f"cannot {doing} {name!r}: the points have that parameter already. "
                f"Use another name."
            )


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))


def _points(number: int) -> str:
    return f"{number:,} point{'s' * (number != 1)}"


def _bound(shape: Shape, index: slice) -> int:
    """Return a size that the slice can be cut from, reading no further than it needs."""
    start, stop, step = index.start or 0, index.stop, index.step or 1
    if stop is None or min(start, stop) < 0 or step < 0:
        return shape.size
    return shape.reach(operator.index(stop))


def _same_points(left: Shape, right: Shape) -> bool:
    if left.direct and right.direct and left.size != right.size:
        return False
    if isinstance(left, Grid) and isinstance(right, Grid) and left.names == right.names:
        pairs = list(zip(left.axes, right.axes, strict=True))
        # With other lengths, grids of repeated values can still have the same points.
        if left.size and all(count(one) == count(other) for one, other in pairs):
            return all(_same_values(one, other) for one, other in pairs)
    return all(same(one, other) for one, other in zip_longest(left, right))


def _same_values(left: Any, right: Any) -> bool:
    if isinstance(left, range) and isinstance(right, range):
        return left == right
    return all(map(same, left, right))
