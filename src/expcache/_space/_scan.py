"""Scan: shapes whose points are found only by reading another shape from its start."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from threading import RLock
from typing import Any

from expcache._encode import digest, encode
from expcache._space._shape import Point, Shape

__all__ = ["Filtered", "Scan", "Unique"]

Keep = Callable[[Point], object]


class Scan(Shape):
    """Some points of a base, each decided on once.

    One reading of the base is shared by all readers. It goes as far as the furthest of them and
    remembers the positions of the points that it kept.
    """

    __slots__ = ("_base", "_found", "_lock", "_reading", "_whole")

    def __init__(self, base: Shape) -> None:
        """Keep the base and read nothing yet."""
        self.names = base.names
        self._base = base
        self._lock = RLock()
        self._found: list[int] = []
        self._whole = False
        self._reading = self._read()

    @abstractmethod
    def _keep(self) -> Keep:
        """Return what decides on points during one reading of the base."""

    @property
    def direct(self) -> bool:
        """Once the base was read to its end."""
        return self._whole

    @property
    def size(self) -> int:
        """The number of points kept; reads the base to its end."""
        while not self._whole:
            self._take(len(self._found))
        return len(self._found)

    def __iter__(self) -> Iterator[Point]:
        """Yield the points kept, reading on when the remembered ones are used up."""
        index = 0
        while (point := self._take(index)) is not None:
            yield point
            index += 1

    def at(self, index: int) -> Point:
        """Return a point kept, reading on to it if need be."""
        if (point := self._take(index)) is None:
            raise IndexError(index)
        return point

    def reach(self, limit: int) -> int:
        """Read on until as many points are kept, and no further."""
        while len(self._found) < limit and not self._whole:
            self._take(len(self._found))
        return min(len(self._found), limit)

    def _take(self, index: int) -> Point | None:
        """Return the point kept at this index, if there is one, reading on if need be."""
        with self._lock:
            if index < len(self._found):
                return self._base.at(self._found[index])
            point = None
            while len(self._found) <= index and not self._whole:
                point = self._read_on()
            return point

    def _read_on(self) -> Point | None:
        try:
            for position, point, kept in self._reading:
                if kept:
                    self._found.append(position)
                    return point
        except BaseException:
            # A broken-off reading looks like a finished one: the next reader starts anew and
            # meets the same error, rather than a space that is too short.
            self._forget()
            raise
        self._whole = True
        return None

    def _forget(self) -> None:
        self._found.clear()
        self._whole = False
        self._reading = self._read()

    def _read(self) -> Iterator[tuple[int, Point, object]]:
        keep = self._keep()
        for position, point in enumerate(self._base):
            yield position, point, keep(point)


class Filtered(Scan):
    """The points of a base that a predicate accepts."""

    __slots__ = ("_predicate",)

    def __init__(self, base: Shape, predicate: Keep) -> None:
        """Keep the predicate."""
        self._predicate = predicate
        super().__init__(base)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without what was read."""
        return Filtered, (self._base, self._predicate)

    def _keep(self) -> Keep:
        return self._predicate


class Unique(Scan):
    """The points of a base without those that equal an earlier one."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without what was read."""
        return Unique, (self._base,)

    def _keep(self) -> Keep:
        seen: set[str] = set()

        def is_new(point: Point) -> bool:
            before = len(seen)
            seen.add(digest(encode(point, "point")))
            return len(seen) > before

        return is_new
