"""The points of a session while other processes compute them."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import pytest

from pytest_expcache._apart import Apart
from pytest_expcache._collect import Point
from pytest_expcache._live import Live
from pytest_expcache._options import Options
from pytest_expcache._source import Completed, ready
from pytest_expcache._stale import Stale, policy_of

if TYPE_CHECKING:
    import expcache
    from expcache import Run

__all__ = ["Computing"]


class Computing:
    """Computes points elsewhere, and keeps each completed run while tests ask for it."""

    def __init__(
        self,
        config: pytest.Config,
        options: Options,
        points: Mapping[str, Point],
        uses: Counter[str],
        audits: Collection[str] = (),
    ) -> None:
        """Begin to compute."""
        self._config = config
        self._options = options
        self._points = points
        self._uses = uses
        self._executor = _executor(config, options)
        self._live = Live(config)
        self._apart = Apart(audits)
        # The handles are made as they are asked for: a sweep may be large.
        runs = _Handles(points.values(), self._apart)
        policy = policy_of(options)  # where stale points are errors, each test hears of its own
        self._stream = self._as_completed(
            runs,
            refresh=options.refresh,
            progress=self._live.take,
            stale="recompute" if policy == "error" else policy,
            detach=options.jobs.detach,
        )
        self._ready: dict[str, Run[Any]] = config.stash.setdefault(ready, {})
        self._fresh: set[str] = set()

    def __enter__(self) -> Self:
        """Compute for the time of a block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Leave nothing running, no thread either: at once when there is an end to it."""
        self._live.close()
        self._executor.__exit__(kind, None, None)
        if kind is not None:
            self._stream.close()

    def send(self) -> int:
        """Send all points, wait for none, and return how many are not stored yet."""
        with _warned(self._config):
            for _ in self._stream:
                pass
        return sum(not run.done for run in map(self._apart.handle, self._points.values()))

    def computes(self, run_id: str) -> bool:
        """Whether a run is among those that are computed."""
        return run_id in self._points

    def completed(self, run_ids: Collection[str]) -> Iterator[str]:
        """Give these ids as their runs complete, and those first that have completed already."""
        waiting = dict.fromkeys(run_ids)
        known = self._ready if len(self._ready) < len(waiting) else waiting
        for run_id in [one for one in known if one in waiting and one in self._ready]:
            del waiting[run_id]
            yield run_id
        while waiting:
            run = self._next()
            if run is None:
                break
            if run.id in waiting:
                del waiting[run.id]
                yield run.id
        yield from waiting  # given up by the executor: whoever asks for one will hear why

    def _next(self) -> Run[Any] | None:
        with self._live, _warned(self._config):
            run = next(self._stream, None)
        if run is not None:
            self._take(run)
        return run

    def _take(self, run: Run[Any]) -> None:
        if self._apart.take(run):
            self._take_stored(self._points[run.id])
            return
        self._ready[run.id] = run
        if not run.cached:
            self._fresh.add(run.id)

    def _take_stored(self, point: Point) -> None:
        with _warned(self._config):
            run = point.sweep[point.index].find()
        if run is not None:
            self._ready[point.id] = run

    def apart(self, point: Point) -> Run[Any]:
        """Return the run of a point, computed once more apart from the store."""
        run = self._apart.pop(point.id)
        if run is None:  # its test is run again
            again = [point.sweep[point.index].apart()]
            some = self._as_completed(again, refresh=False, progress=False, stale="recompute")
            run = next(some)
        return run

    def get(self, point: Point, *, refresh: bool, again: bool) -> Completed:
        """Return the run of a point: the completed one, unless it failed and shall be retried."""
        run = None if again else self._ready.get(point.id)
        early = run is not None
        if run is None:
            runs, stale = [point.sweep[point.index]], policy_of(self._options)
            some = self._as_completed(runs, refresh=refresh, progress=False, stale=stale)
            run = next(some)
            self._take(run)
        if point.id not in self._fresh:
            return Completed(run, cached=True)
        self._fresh.remove(point.id)
        return Completed(run, cached=False, early=early, told=False)

    def silent(self, run_id: str) -> Run[Any] | None:
        """Return a completed run that has a result and said nothing, or None."""
        run = self._ready.get(run_id)
        if run is None or self._apart.has(run_id) or not (run.done or run.reused):
            return None
        if run.output or run.warnings or run.logs:
            return None
        return run

    def used(self, run_id: str) -> None:
        """Let go of a run after the last test that asks for it."""
        self._uses[run_id] -= 1
        if self._uses[run_id] <= 0:
            self._ready.pop(run_id, None)
            self._apart.pop(run_id)

    def drain(self) -> None:
        """Begin nothing more, and wait for what is being computed."""
        self._stream.drain()
        with self._live, _warned(self._config):
            for run in self._stream:
                self._take(run)

    def untold(self) -> list[tuple[Point, Run[Any]]]:
        """Return the runs that were computed, but no test has asked for them yet."""
        return [(self._points[one], self._ready[one]) for one in self._ready if one in self._fresh]

    def _as_completed(
        self,
        runs: Iterable[Run[Any]],
        *,
        refresh: bool,
        progress: Any,
        stale: Stale,
        detach: bool = False,
    ) -> expcache.Completed[Any]:
        from expcache import as_completed  # noqa: PLC0415 - for sessions with jobs only

        return as_completed(
            runs,
            executor=self._executor,
            refresh=refresh,
            timeout=self._options.jobs.timeout,
            retries=self._options.jobs.retries,
            progress=progress,
            relay=False,
            stale=stale,
            detach=detach,
        )


@contextmanager
def _warned(config: pytest.Config) -> Iterator[None]:
    """Hand warnings to pytest that no test is to blame for, such as of a damaged record."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")  # no test is to fail for it
        yield
    for one in seen or ():
        config.hook.pytest_warning_recorded.call_historic(
            kwargs={"warning_message": one, "nodeid": "", "when": "runtest", "location": None}
        )


class _Handles:
    """The handles of the runs of points, made as they are read: there may be many."""

    def __init__(self, points: Collection[Point], apart: Apart) -> None:
        self._points = points
        self._apart = apart

    def __len__(self) -> int:
        return len(self._points)

    def __iter__(self) -> Iterator[Run[Any]]:
        return map(self._apart.handle, self._points)


def _executor(config: pytest.Config, options: Options) -> Any:
    from expcache import LocalExecutor, executor  # noqa: PLC0415 - for sessions with jobs only
    from expcache.errors import ExpcacheError  # noqa: PLC0415 - as above

    jobs = options.jobs
    try:
        if jobs.executor is not None:
            return executor(jobs.executor, jobs=jobs.count or None, start=config.rootpath)
        return LocalExecutor(jobs.count, start_method=jobs.start_method, memory=jobs.memory)
    except (ExpcacheError, ValueError) as error:
        raise pytest.UsageError(str(error)) from error
