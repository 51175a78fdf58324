"""How much to begin at once: one by one what takes long, in batches what takes no time."""

from __future__ import annotations

from collections import deque
from math import ceil

from expcache._completion._todo import Todo

__all__ = ["Pace"]

_SHORT = 0.03
"""Seconds: runs below this, such as most small programs, are sent in batches, so that claiming and
sending cost less than computing."""

_BATCH_SECONDS = 0.2
_LARGEST_BATCH = 256
_AHEAD_SECONDS = 0.25
_LARGEST_AHEAD = 64
_WEIGHT = 0.2


class Pace:
    """The mean runtime of each experiment so far, and what follows from it."""

    def __init__(self, batch_seconds: float | None = None, ahead: int | None = None) -> None:
        """Begin without a notion.

        Args:
            batch_seconds: how long a batch should take; None: only short runs are sent together.
            ahead: how many batches to have on their way; None: as is found out.
        """
        self._means: dict[str, float] = {}
        self._short = _SHORT if batch_seconds is None else batch_seconds
        self._seconds = _BATCH_SECONDS if batch_seconds is None else batch_seconds
        self._ahead = ahead

    def note(self, experiment: str, seconds: float) -> None:
        """Take in the runtime of one run; later ones count more."""
        mean = self._means.get(experiment, seconds)
        self._means[experiment] = mean + _WEIGHT * (seconds - mean)

    def take(self, todo: deque[Todo], jobs: int) -> list[Todo]:
        """Take runs that are sent together, of one experiment, from the left."""
        first = todo.popleft()
        size = self.batch(first.run.experiment, len(todo) + 1, jobs)
        batch = [first]
        while (
            not first.alone
            and len(batch) < size
            and todo
            and todo[0].performer is first.performer
            and todo[0].run._store is first.run._store
            and not todo[0].alone
        ):
            batch.append(todo.popleft())
        return batch

    def batch(self, experiment: str, waiting: int, jobs: int) -> int:
        """Return how many runs to send together, of so many that wait."""
        mean = self._means.get(experiment)
        if mean is None or mean >= self._short:
            return 1
        fair = ceil(waiting / (2 * jobs))
        return max(1, min(_LARGEST_BATCH, int(self._seconds / max(mean, 1e-6)), fair))

    def ahead(self, experiment: str, jobs: int) -> int:
        """Return how many batches to have on their way: enough while the caller is busy."""
        if self._ahead is not None:
            return self._ahead
        mean = self._means.get(experiment)
        if mean is None or mean < self._short:
            return 2 * jobs
        return jobs + max(1, min(_LARGEST_AHEAD, int(_AHEAD_SECONDS / mean)))
