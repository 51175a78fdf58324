"""What a sweep has done so far, in numbers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from expcache._progress._line import Counts, duration, render
from expcache._progress._outlook import Outlook

__all__ = ["Completed", "Progress", "Unwatched"]

_SUMMARY = 120
"""How many columns a summary may take: all that it ever needs."""


class Completed(Protocol):
    """What is read of a run that has completed."""

    cached: bool

    @property
    def status(self) -> str:
        """``"failed"``, or any other word where there is a result."""
        ...

    @property
    def runtime(self) -> float | None:
        """How long it took; read only of runs that were computed."""
        ...


class Progress:
    """Counts what a sweep does: how many runs are done, cached, failed and running.

    Any thread may count and read.
    """

    watched = True
    """Whether somebody sees it, and wants to know the time left."""

    def __init__(
        self,
        total: int | None,
        *,
        jobs: int = 1,
        changed: Callable[[Progress], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to count.

        Args:
            total: how many runs there will be; None if that is not known.
            jobs: how many of them can be computed at once.
            changed: called after each change, by whoever made it; what it raises is raised there.
            clock: gives the time in seconds.
        """
        self.total = total
        self.jobs = jobs
        self.started = clock()
        self._clock = clock
        self._changed = changed
        self._lock = threading.RLock()  # a signal may interrupt a thread that counts, and read
        self._outlook = Outlook()
        self._done = self._cached = self._failed = self._begun = self._retried = 0
        self._queued = 0

    def expect(self, runtimes: Iterable[float | None]) -> None:
        """Tell how long the runs that will be computed took before, in the order they begin.

        None stands for a run that was never computed.
        """
        with self._lock:
            self._outlook.expect(runtimes)
        self._tell()

    def begin(self, n: int = 1) -> None:
        """Tell that so many runs began to be computed."""
        with self._lock:
            self._outlook.begin(self._clock())
            self._begun += n
        self._tell()

    def queue(self, n: int) -> None:
        """Tell how many of the runs that began to be computed wait in an engine's queue by now."""
        if n == self._queued:
            return
        with self._lock:
            self._queued = n
        self._tell()

    def retry(self) -> None:
        """Tell that a run failed and will be tried again; it is not running meanwhile."""
        with self._lock:
            self._retried += 1
            self._begun = max(0, self._begun - 1)
        self._tell()

    def add(self, run: Completed) -> None:
        """Tell that a run has completed: that it was found, or computed, or failed."""
        cached, failed = run.cached, run.status == "failed"
        runtime = 0.0 if cached else run.runtime or 0.0
        with self._lock:
            self._failed += failed
            self._done += not failed
            self._cached += cached and not failed
            if not cached:
                self._begun = max(0, self._begun - 1)
                self._outlook.add(runtime, self._clock())
        self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed(self)

    @property
    def done(self) -> int:
        """How many runs have a result, whether computed now or cached."""
        return self._done

    @property
    def cached(self) -> int:
        """How many results were found in the store."""
        return self._cached

    @property
    def failed(self) -> int:
        """How many runs failed, now or before."""
        return self._failed

    @property
    def retried(self) -> int:
        """How many attempts failed and were made again, or will be."""
        return self._retried

    @property
    def computed(self) -> int:
        """How many runs were computed now, those included that failed."""
        return self._outlook.computed

    @property
    def running(self) -> int:
        """How many runs are being computed at this moment."""
        with self._lock:
            running = min(max(0, self._begun - self._queued), self.jobs)
            return running if self.total is None else min(running, self._remaining)

    @property
    def queued(self) -> int:
        """How many runs wait in the queue of an engine, as far as it tells."""
        return self._queued

    @property
    def _remaining(self) -> int:
        return max(0, (self.total or 0) - self._done - self._failed)

    @property
    def elapsed(self) -> float:
        """How many seconds ago the counting began."""
        return self._clock() - self.started

    @property
    def rate(self) -> float:
        """How many runs are computed a second, of late; cached ones do not count."""
        with self._lock:
            return self._outlook.rate(self._clock())

    @property
    def left(self) -> float | None:
        """How many seconds the rest will take, as far as anybody knows; None if nobody does.

        It is 0 also while a run takes longer than was to be expected.
        """
        with self._lock:
            if self.total is None:
                return None
            return self._outlook.left(self._remaining, self.jobs, self._clock())

    def line(self, width: int, *, color: bool, bar: bool = True) -> str:
        """Say it all in one line of at most so many columns; the narrower, the less of it."""
        with self._lock:
            counts = Counts(
                self.total, self._done, self._cached, self._failed,
                self.running, self.rate, self.left, self._queued,
            )  # fmt: skip
        return render(counts, width, color=color, bar=bar)

    def summary(self, *, color: bool) -> str:
        """Say in one line what came of it, and in which time."""
        with self._lock:
            counts = Counts(self.total, self._done, self._cached, self._failed)
        told = render(counts, _SUMMARY, color=color, bar=False)
        return f"{told}  in {duration(self.elapsed)}"


class Unwatched(Progress):
    """A progress that nobody sees, and that counts nothing."""

    watched = False

    def expect(self, runtimes: Iterable[float | None]) -> None:
        """Expect nothing."""

    def begin(self, n: int = 1) -> None:
        """Count nothing."""

    def queue(self, n: int) -> None:
        """Count nothing."""

    def retry(self) -> None:
        """Count nothing."""

    def add(self, run: Completed) -> None:
        """Count nothing."""
