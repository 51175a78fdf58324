"""Compute the point of a test in its call phase, so that a failure is the test's own."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn

import pytest

from pytest_expcache._collect import Point, is_sweep, point_of
from pytest_expcache._drift import drift_text
from pytest_expcache._frames import forget_locals, has_user_frames, show_user_frames
from pytest_expcache._options import Options
from pytest_expcache._plans import Plans
from pytest_expcache._relay import relay
from pytest_expcache._source import Completed, Here, Source
from pytest_expcache._stale import errors_of_stale, leaves_stale, refusal_of, reuse_too
from pytest_expcache._status import PREFIX, PointReport
from pytest_expcache._store import create_store
from pytest_expcache._xdist import is_worker

__all__ = ["Runs"]

_REASON_LIMIT = 120


@dataclass(frozen=True, slots=True)
class _Failure:
    """What an experiment raised in this session, and in which test."""

    nodeid: str
    error: BaseException
    trace: TracebackType | None
    """None where expcache refused what the experiment returned: no line of it is at fault."""
    seconds: float
    summary: str = ""
    """What the summary says, where the exception itself could not be had."""

    def raise_again(self) -> None:
        """Raise the exception with the frames of the user's code alone."""
        __tracebackhide__ = True
        raise self.error.with_traceback(self.trace)


class Runs:
    """The part of the plugin that computes; registered once there are sweeps."""

    def __init__(self, options: Options, plans: Plans) -> None:
        """Begin with nothing computed."""
        self._options = options
        self._plans = plans
        self._failures: dict[str, _Failure] = {}
        self._refreshed: set[str] = set()
        self._has_store = False
        self._raised: _Failure | None = None
        self._elsewhere = 0.0
        self.source: Source = Here(options)
        """Where the runs come from."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Skip, before any fixture, what failed in a previous run, if that is wished."""
        point = point_of(item)
        if point is not None and isinstance(item, pytest.Function):
            _untell(item)
            if self._options.skip_failed and self._plans.status(point) == "failed":
                _tell(item, point, "skipped", 0.0)
                item.add_marker(pytest.mark.skip(reason=_reason(point)))
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)  # inside capture, logging and xfail
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Compute the point, then run the body with it."""
        __tracebackhide__ = True
        point = point_of(item)
        if point is not None and isinstance(item, pytest.Function):
            self._raised = self._failed_elsewhere(item, point) or self._provide(item, point)
            if self._raised is not None:
                self._raised.raise_again()
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Pass over the body of the sweep itself: all of it is done."""
        return True if is_sweep(pyfuncitem.obj) else None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Count what the run took; show the message alone of a failure without frames."""
        report = yield
        if call.when == "call":
            report.duration += self._elsewhere
            report.start -= self._elsewhere
            self._elsewhere = 0.0
        excinfo, raised = call.excinfo, self._raised
        if excinfo is None or raised is None or excinfo.value is not raised.error:
            return report
        if raised.trace is None and report.failed:
            report.longrepr = shown = excinfo.getrepr(style="value")
            if raised.summary and shown.reprcrash is not None:
                shown.reprcrash.message = raised.summary
        return report

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Let go of what a failed experiment had in memory; its report is made by now."""
        latest = next(reversed(self._failures.values()), None)
        if latest is not None and latest.nodeid == nodeid:
            forget_locals(latest.error)

    def _failed_elsewhere(self, item: pytest.Function, point: Point) -> _Failure | None:
        """Return how the point failed in another test of this session: once is enough.

        The same test coming again is a rerun, which shall try again.
        """
        failure = self._failures.get(point.id)
        if failure is None or failure.nodeid == item.nodeid:
            return None
        _tell(item, point, "failed", failure.seconds)
        note = f"The experiment failed in this session already, in {failure.nodeid}"
        if note not in getattr(failure.error, "__notes__", ()):
            failure.error.add_note(note)
        return failure

    def need_store(self, session: pytest.Session, points: Iterable[Point]) -> None:
        """End the session before the first point is computed whose result cannot be kept."""
        if self._has_store or not (self._options.refresh or any(map(self._is_missing, points))):
            return
        refusal = create_store(session.config)
        if refusal is not None:
            _end(session, refusal)
        self._has_store = True

    def refreshed(self, point: Point) -> None:
        """Note that a point was computed, if it was to be computed anew."""
        self._refreshed.add(point.id)

    def _is_missing(self, point: Point) -> bool:
        status = self._plans.status(point)
        return status != "done" and not leaves_stale(self._options, status)

    def _provide(self, item: pytest.Function, point: Point) -> _Failure | None:
        """Hand the computed run to the test, or return how the experiment failed."""
        again = self._failures.pop(point.id, None) is not None
        if not self._has_store:
            self.need_store(item.session, (point,))
        refresh = self._options.refresh and point.id not in self._refreshed
        try:
            completed = self.source.get(point, refresh=refresh, again=again)
        except (SystemExit, pytest.fail.Exception):
            _tell(item, point, "failed", 0.0)  # though nothing of it is stored
            raise
        except errors_of_stale() as error:
            _tell(item, point, "refused", 0.0)
            refusal = refusal_of(error)
            return _Failure(item.nodeid, refusal, None, 0.0, f"stale: {error.reason}")
        failure = self._note(item, point, completed)
        warning = None if completed.told else relay(completed.run)
        if failure is not None:
            self._failures[point.id] = failure
        elif warning is not None:  # the run is fine: it fails this test and no other
            failure = _Failure(item.nodeid, warning, None, 0.0)
        return failure

    def _note(self, item: pytest.Function, point: Point, completed: Completed) -> _Failure | None:
        """Note what came of a point in its test."""
        run = completed.run
        error, seconds = run.error, run.runtime or 0.0
        self._elsewhere = seconds if completed.early else 0.0
        if error is None:
            self._refreshed.add(point.id)
            drift = drift_text(run, item.session) if completed.cached else ""
            retried = 0 if completed.cached else run.retried
            _tell(item, point, completed.status, seconds, drift, retried=retried)
            reuse_too(item.funcargs.get("run"), run)
            item.funcargs["run"] = run
            return None
        _tell(item, point, "failed", seconds, retried=run.retried)
        exception = error.exception
        if exception is not None and run.retried:
            exception.add_note(f"It failed after {run.retried + 1} attempts")
        if exception is None:  # it could not travel here: its text is all there is
            after = f"\nIt failed after {run.retried + 1} attempts" if run.retried else ""
            text = RuntimeError(error.traceback + after)
            return _Failure(item.nodeid, text, None, seconds, str(error))
        show_user_frames(exception)
        trace = exception.__traceback__ if has_user_frames(exception) else None
        return _Failure(item.nodeid, exception, trace, seconds)


def _end(session: pytest.Session, reason: str) -> NoReturn:
    __tracebackhide__ = True
    if is_worker(session.config):  # the controller takes one that exits for one that crashed
        session.shouldfail = reason
        pytest.fail(reason, pytrace=False)
    pytest.exit(reason, returncode=pytest.ExitCode.USAGE_ERROR)


def _tell(  # noqa: PLR0913 - each is a fact of its own
    item: pytest.Function,
    point: Point,
    status: str,
    seconds: float,
    drift: str = "",
    *,
    retried: int = 0,
) -> None:
    """Note in an item's properties what came of its point."""
    check = "" if is_sweep(item.obj) else item.originalname
    told = PointReport(point.id, point.sweep.name, status, float(seconds), check, drift, retried)
    item.user_properties += told.to_properties()


def _untell(item: pytest.Function) -> None:
    """Forget what an earlier attempt at the same test told."""
    item.user_properties[:] = [p for p in item.user_properties if not p[0].startswith(PREFIX)]


def _reason(point: Point) -> str:
    error = str(point.sweep[point.index].error).partition("\n")[0]
    short = error if len(error) <= _REASON_LIMIT else error[: _REASON_LIMIT - 3] + "..."
    return f"failed in a previous run ({short})"
