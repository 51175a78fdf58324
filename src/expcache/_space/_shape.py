"""Shape: how the points of a space come about, behind the one public class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Point", "Shape", "count", "union"]

Point = dict[str, Any]


class Shape(ABC):
    """An ordered, repeatable source of points, which holds as little of them as it can.

    Shapes are never changed once made. What they may remember is what reading them taught.
    """

    __slots__ = ("names",)

    names: tuple[str, ...]

    @property
    @abstractmethod
    def direct(self) -> bool:
        """Whether the size is known, and any point at hand, without reading others."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of points, however large."""

    @abstractmethod
    def __iter__(self) -> Iterator[Point]:
        """Yield each point as a dict of its own."""

    @abstractmethod
    def at(self, index: int) -> Point:
        """Return the point at an index from 0 to below the size."""

    def reach(self, limit: int) -> int:
        """Return the size, or the limit when the size is larger, reading no further than that."""
        return min(self.size, limit)


def count(values: Sequence[Any]) -> int:
    """Return the length, of ranges beyond `sys.maxsize` too."""
    if isinstance(values, range):
        return (values[-1] - values[0]) // values.step + 1 if values else 0
    return len(values)


def union(shapes: Iterable[Shape]) -> tuple[str, ...]:
    """Return the names of all shapes in the order in which they are first seen."""
    return tuple(dict.fromkeys(name for shape in shapes for name in shape.names))
