"""A watch over what an engine has: futures that never resolve are given up, where that is known."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from expcache._executor._batch import Batch

__all__ = ["Overdue"]

PAUSE: Final = 1.0
"""Seconds between two looks."""


class Overdue:
    """Gives up batches with a time limit that are under way for much longer than they may be.

    Each run is ended at its limit where it is computed. So an engine that says that a batch is
    being computed, and then tells of nothing at all for longer than that and a `grace`, has lost
    it. As long as it tells of others, it may only have put this one behind them.

    Args:
        lose: takes a batch that is given up.
        grace: for how much longer than its runs may take a batch may be under way, in seconds.
        clock: gives the time in seconds.
    """

    def __init__(
        self,
        lose: Callable[[Batch], None],
        grace: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch nothing yet."""
        self._lose = lose
        self._grace = grace
        self._clock = clock
        self._heard = clock()
        self._held: dict[Batch, tuple[Any, float | None]] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, batch: Batch, future: Any) -> None:
        """Watch one more batch, if a future can tell whether it is being computed."""
        if batch.timeout is None or not callable(getattr(future, "running", None)):
            return
        with self._lock:
            self._held[batch] = future, None
            if self._thread is None:
                self._wake.clear()
                self._thread = threading.Thread(
                    target=self._run, name="expcache overdue", daemon=True
                )
                self._thread.start()

    def hear(self, batch: Batch, *, finished: bool) -> None:
        """Take in that the engine has told of a batch."""
        self._heard = self._clock()
        if finished and self._held.pop(batch, None) is not None and not self._held:
            self._wake.set()

    def look(self) -> None:
        """Give up what is overdue."""
        now = self._clock()
        for batch, (future, since) in list(self._held.items()):
            if future.done():
                self._held.pop(batch, None)
            elif since is None:
                if future.running():
                    self._held[batch] = future, now
            elif now - max(since, self._heard) > self._limit(batch):
                self._held.pop(batch, None)
                self._lose(batch)

    def _limit(self, batch: Batch) -> float:
        return batch.size * (batch.timeout or 0.0) + self._grace

    def _run(self) -> None:
        while True:
            self._wake.wait(PAUSE)
            self.look()
            with self._lock:
                if not self._held:
                    self._thread = None
                    return
                self._wake.clear()
