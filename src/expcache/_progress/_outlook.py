"""How fast runs are computed, and how long the rest will take."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

__all__ = ["Outlook"]

_WINDOW = 30.0
"""How many seconds the rate looks back, or further where that holds too few runs."""

_ENOUGH = 20
"""So many runs tell the rate, however long ago the first of them ended."""

_STEP = 0.25
"""How many seconds lie between two marks of the window."""

_ROUNDS = 10
"""So many runs for each worker tell what surrounds a run; before, the start is too much of it."""


class Outlook:
    """Rate and time left, from what was recorded and from what was seen. Not thread-safe."""

    __slots__ = (
        *("_computed", "_expected", "_first", "_foretold", "_known", "_last", "_marks"),
        *("_matched", "_nameless", "_spent"),
    )

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._expected: deque[float | None] = deque()
        self._known = 0.0  # the sum of the runtimes that are expected
        self._nameless = 0  # how many of the expected ones have no recorded runtime
        self._foretold = 0.0  # what was recorded of the runs that ended
        self._matched = 0.0  # what those took this time
        self._spent = 0.0  # what all took that ended
        self._computed = 0
        self._first: float | None = None  # when the first run began
        self._last = 0.0  # when the latest run ended, at first the first began
        self._marks: deque[tuple[float, int]] = deque()  # times, and how many had ended then

    @property
    def computed(self) -> int:
        """How many runs were computed."""
        return self._computed

    def expect(self, runtimes: Iterable[float | None]) -> None:
        """Note how long runs took before, in the order in which they will begin."""
        for runtime in runtimes:
            self._expected.append(runtime)
            self._known += runtime or 0.0
            self._nameless += runtime is None

    def begin(self, now: float) -> None:
        """Note that a run began."""
        if self._first is None:
            self._first = self._last = now
            self._marks.append((now, 0))

    def add(self, runtime: float, now: float) -> None:
        """Note that a run was computed."""
        self.begin(now)
        self._computed += 1
        self._spent += runtime
        self._last = now
        self._match(runtime)
        if now - self._marks[-1][0] >= _STEP:
            self._marks.append((now, self._computed))

    def _match(self, runtime: float) -> None:
        """Take the longest waiting expectation as that of a run: nearly so, with few workers."""
        if not self._expected:
            return
        expected = self._expected.popleft()
        if expected is None:
            self._nameless -= 1
            return
        self._known = max(0.0, self._known - expected)
        self._foretold += expected
        self._matched += runtime

    def rate(self, now: float) -> float:
        """Return how many runs were computed a second of late."""
        marks = self._marks
        while len(marks) > 1 and self._is_enough(*marks[1], now):
            marks.popleft()
        if not marks or now <= marks[0][0]:
            return 0.0
        return (self._computed - marks[0][1]) / (now - marks[0][0])

    def _is_enough(self, time: float, ended: int, now: float) -> bool:
        return now - time >= _WINDOW and self._computed - ended >= _ENOUGH

    def left(self, remaining: int, jobs: int, now: float) -> float | None:
        """Return how many seconds so many runs will take, or None if nothing is known."""
        if remaining <= 0:
            return 0.0
        work = self._work(remaining)
        if work is None:
            return None
        work += remaining * self._surroundings(jobs)
        since = 0.0 if self._first is None else now - self._last
        return max(0.0, work / min(jobs, remaining) - since)

    def _work(self, remaining: int) -> float | None:
        """Return the runtimes of the remaining runs."""
        known = min(remaining, len(self._expected) - self._nameless)
        if self._computed:
            mean = self._spent / self._computed
        elif known > 0:
            mean = self._known / known
        else:
            return None
        speed = self._matched / self._foretold if self._foretold else 1.0
        return self._known * speed + (remaining - known) * mean

    def _surroundings(self, jobs: int) -> float:
        """Return what a run takes of a worker's time beside its own."""
        if self._first is None or self._computed < _ROUNDS * jobs:
            return 0.0
        return max(0.0, (self._last - self._first) * jobs - self._spent) / self._computed
