"""Rows: shapes that list their points, column by column or point by point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, overload

from expcache._space._shape import Point, Shape

__all__ = ["Columns", "Listing", "Same"]


class Same(Sequence[Any]):
    """One value, many times over."""

    __slots__ = ("_size", "_value")

    def __init__(self, value: object, size: int) -> None:
        """Keep the value and how often it stands."""
        self._value = value
        self._size = size

    def __len__(self) -> int:
        """Return how often the value stands."""
        return self._size

    def __iter__(self) -> Iterator[Any]:
        """Yield the value each time."""
        return repeat(self._value, self._size)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Same: ...
    def __getitem__(self, index: int | slice) -> Any:
        """Return the value, wherever."""
        places = range(self._size)[index]
        return Same(self._value, len(places)) if isinstance(places, range) else self._value


class Columns(Shape):
    """Axes of one length, read in lock-step."""

    __slots__ = ("_size", "columns")

    def __init__(
        self, names: tuple[str, ...], columns: tuple[Sequence[Any], ...], size: int
    ) -> None:
        """Keep the columns, which fit the names one to one and are all of this size."""
        self.names = names
        self.columns = columns
        self._size = size

    @property
    def direct(self) -> bool:
        """Always."""
        return True

    @property
    def size(self) -> int:
        """The common length of the columns."""
        return self._size

    def __iter__(self) -> Iterator[Point]:
        """Yield one point a row."""
        return map(dict, map(zip, repeat(self.names), zip(*self.columns, strict=True)))

    def at(self, index: int) -> Point:
        """Return one row as a point."""
        return {name: column[index] for name, column in zip(self.names, self.columns, strict=True)}


class Listing(Shape):
    """Points as they were given."""

    __slots__ = ("_points",)

    def __init__(self, names: tuple[str, ...], points: tuple[Point, ...]) -> None:
        """Keep the points; not each needs to have every name."""
        self.names = names
        self._points = points

    @property
    def direct(self) -> bool:
        """Always."""
        return True

    @property
    def size(self) -> int:
        """The number of points given."""
        return len(self._points)

    def __iter__(self) -> Iterator[Point]:
        """Yield a copy of each point."""
        return map(dict, self._points)

    def at(self, index: int) -> Point:
        """Return a copy of one point."""
        return dict(self._points[index])
