"""Picked: the points at some positions of another shape; slices and samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expcache._space._shape import Point, Shape, count

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Picked", "sampled"]


class Picked(Shape):
    """Points of another shape, by their positions."""

    __slots__ = ("_base", "_positions")

    def __init__(self, base: Shape, positions: range | tuple[int, ...]) -> None:
        """Keep the base and the positions, all below the base's size."""
        self.names = base.names
        self._base = base
        self._positions = positions

    @property
    def direct(self) -> bool:
        """Always: the base was read as far as needed when the positions were found."""
        return True

    @property
    def size(self) -> int:
        """The number of positions."""
        return count(self._positions)

    def __iter__(self) -> Iterator[Point]:
        """Yield the points in the order of the positions."""
        return map(self._base.at, self._positions)

    def at(self, index: int) -> Point:
        """Return the point at one of the positions."""
        return self._base.at(self._positions[index])


def sampled(number: int, size: int, seed: int) -> tuple[int, ...]:
    """Draw distinct positions below the size, all equally likely, in rising order.

    Floyd's method: as many draws as positions, whatever the size.
    """
    drawn: set[int] = set()
    for last in range(size - number, size):
        position = _draw(seed, last) % (last + 1)
        drawn.add(last if position in drawn else position)
    return tuple(sorted(drawn))


def _draw(seed: int, turn: int) -> int:
    import hashlib  # noqa: PLC0415 - four milliseconds that only samples need

    # A digest and not `random`: its methods for integers may change between Python versions,
    # and a study would silently be about other points. 256 bits make the bias of % negligible.
    return int.from_bytes(hashlib.sha256(f"{seed}:{turn}".encode()).digest(), "big")
