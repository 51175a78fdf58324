"""The runs that failed and are tried again, each when its time has come."""

from __future__ import annotations

import time
from heapq import heappop, heappush

from expcache._completion._todo import Todo
from expcache._perform import Pending

__all__ = ["Due"]


class Due:
    """Runs that pause between two attempts, with the records of the attempts that failed."""

    def __init__(self) -> None:
        """Begin with none."""
        self._heap: list[tuple[float, int, Todo, Pending]] = []
        self._count = 0

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._heap)

    def add(self, one: Todo, failed: Pending) -> None:
        """Let a run pause for as long as it is to."""
        self._count += 1  # of two that are due at once, the first one comes first
        heappush(self._heap, (time.monotonic() + (one.pause or 0.0), self._count, one, failed))

    def take(self, *, now: bool = False) -> list[tuple[Todo, Pending]]:
        """Take out the runs whose time has come, or all of them ``now``."""
        taken = []
        while self._heap and (now or self._heap[0][0] <= time.monotonic()):
            taken.append(heappop(self._heap)[2:])
        return taken

    def seconds(self, most: float | None) -> float | None:
        """Return how long nothing is due, in seconds; ``most`` if that is less."""
        if not self._heap:
            return most
        left = max(0.0, self._heap[0][0] - time.monotonic())
        return left if most is None else min(left, most)
