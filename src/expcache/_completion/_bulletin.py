"""Where an engine has what was sent to it: told to who watches, and to other processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from expcache._executor import Batch, Where
from expcache._store import Whereabouts

if TYPE_CHECKING:
    from expcache._completion._todo import Todo
    from expcache._progress import Progress
    from expcache._store import Claim, Store

__all__ = ["Bulletin"]

PAUSE: Final = 1.0
"""Seconds between two lots of news for other processes."""


class Bulletin:
    """Keeps what an engine tells of its batches; nothing is written of those it does not tell of.

    Args:
        engine: what messages call the engine.
        progress: is told how many runs are queued.
        clock: gives the time in seconds.
    """

    def __init__(
        self, engine: str, progress: Progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with no news."""
        self._engine = engine
        self._progress = progress
        self._clock = clock
        self._queued: dict[Batch, int] = {}
        self._sum = 0
        self._news: dict[Batch, tuple[Where, float]] = {}
        self._next = 0.0
        self._closed = False

    def note(self, batch: Batch, where: Where, count: int) -> None:
        """Take in where a batch is, of which so many runs are not told of yet."""
        self._leave_queue(batch)
        if where.standing == "queued":
            self._queued[batch] = count
            self._sum += count
        self._news[batch] = where, where.since or time.time()

    def drop(self, batch: Batch) -> None:
        """Take in that a batch has ended."""
        self._leave_queue(batch)
        self._news.pop(batch, None)

    def _leave_queue(self, batch: Batch) -> None:
        self._sum -= self._queued.pop(batch, 0)

    def seconds(self, most: float | None) -> float | None:
        """Return for how long to wait for more, at most, before `tell` has something to do."""
        if not self._news:
            return most
        pause = max(0.0, self._next - self._clock())
        return pause if most is None else min(most, pause)

    def close(self) -> None:
        """Tell nothing more: what is left is given up, and no callback may get in between."""
        self._closed = True

    def tell(self, todos_of: Callable[[Batch], Iterable[Todo | None]]) -> None:
        """Tell what is new: who watches at once, other processes now and then."""
        if self._closed:
            return
        self._progress.queue(self._sum)
        if not self._news or self._clock() < self._next:
            return
        self._next = self._clock() + PAUSE
        news, self._news = self._news, {}
        told: dict[tuple[Store, str], dict[Claim, Whereabouts]] = {}
        for batch, (where, since) in news.items():
            it = Whereabouts(where.standing, where.host, 0, self._engine, where.name, since)
            for one in todos_of(batch):
                if one is not None and one.claim is not None:
                    place = one.run._store, one.run.experiment
                    told.setdefault(place, {})[one.claim] = it
        for (store, name), claims in told.items():
            store.tell_where(name, claims)
