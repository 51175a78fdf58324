"""Compute stored points once more, apart from the store, and compare: ``--sweep-audit``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_expcache._collect import Point, point_of
from pytest_expcache._plans import Plans, selected_points
from pytest_expcache._runs import Runs
from pytest_expcache._sample import Sample
from pytest_expcache._skips import is_skipped
from pytest_expcache._status import PREFIX, PointReport

if TYPE_CHECKING:
    from expcache import Run

__all__ = ["Auditor"]


class Auditor:
    """The part of the plugin that audits; registered with ``--sweep-audit`` only.

    The first selected test of a point in the sample audits it: the sweep's own, or else a check.
    """

    def __init__(self, sample: Sample, plans: Plans, runs: Runs) -> None:
        """Begin with nothing chosen."""
        self._sample = sample
        self._plans = plans
        self._runs = runs
        self._tests: dict[str, str] = {}
        self._failed: tuple[BaseException | None, str] = None, ""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Choose among the points that have a result now; in a worker, before any test runs."""
        option = session.config.option
        if not (option.collectonly or option.setuponly):
            points = selected_points(session.items)
            stored = self._plans.stored(points)
            self._plans.audited = sum(self._plans.counts(points).values(), Counter())
            self._plans.audits.update(*map(self._sample.choose, stored.values()))
        for item in session.items:
            point = point_of(item)
            if point is not None and point.id in self._plans.audits and not is_skipped(item):
                self._tests.setdefault(point.id, item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(
        self, pyfuncitem: pytest.Function
    ) -> Generator[None, object | None, object | None]:
        """Audit the point of a test before its body, which has the run by now."""
        point = point_of(pyfuncitem)
        if point is not None and self._is_due(pyfuncitem, point):
            self._audit(pyfuncitem, point)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say in the summary what differs, before anything else."""
        report = yield
        error, summary = self._failed
        crash = getattr(report.longrepr, "reprcrash", None)
        if error is not None and call.excinfo is not None and call.excinfo.value is error:
            if crash is not None:
                crash.message = summary
            self._failed = None, ""
        return report

    def _is_due(self, item: pytest.Function, point: Point) -> bool:
        """Whether a test is the one that audits its point, which came from the store."""
        if self._tests.get(point.id) != item.nodeid:
            return False
        told = PointReport.from_properties(item.user_properties)
        return told is not None and told.status == "cached"

    def _audit(self, item: pytest.Function, point: Point) -> None:
        stored: Any = item.funcargs["run"]
        fresh = self._runs.source.apart(point)
        lines, summary = self._differences(stored, fresh)
        _retell(item, "differs" if lines else "audited", float(fresh.runtime or 0.0))
        if lines:
            told = f"run {point.id}, computed on {stored.host} at {stored.finished:%Y-%m-%d %H:%M}"
            text = "\n".join([f"not as stored: {lines[0]}", *lines[1:], told, *_accepted(stored)])
            error = pytest.fail.Exception(text, pytrace=False)
            self._failed = error, f"audit: {summary}"
            raise error

    def _differences(self, stored: Run[Any], fresh: Run[Any]) -> tuple[list[str], str]:
        """Return what differs, a line each, and in short."""
        from expcache import compare  # noqa: PLC0415 - for audits only

        if fresh.error is not None:
            text = f"the run fails with {fresh.error}"
            return [text, fresh.error.traceback.rstrip()], text
        sample = self._sample
        found = compare(stored.result, fresh.result, rtol=sample.rtol, atol=sample.atol)
        first = next(iter(found.differences), None)
        words = "" if first is None else first.text.partition(" (")[0]
        return found.lines("result"), "" if first is None else f"result{first.path} {words}"


def _accepted(run: Run[Any]) -> list[str]:
    """Return the line that says why a result of older code counts, if it is one."""
    acceptance = run.acceptance
    if acceptance is None:
        return []
    reason = f": {acceptance.reason}" if acceptance.reason else ""
    when = f"{acceptance.when:%Y-%m-%d %H:%M}"
    remedy = "run.acceptance.undo() takes that back"
    return [f"accepted by {acceptance.who} at {when}{reason}: {remedy}"]


def _retell(item: pytest.Function, status: str, seconds: float) -> None:
    """Change what a test tells of its point."""
    told = PointReport.from_properties(item.user_properties)
    if told is not None:
        kept = [one for one in item.user_properties if not one[0].startswith(PREFIX)]
        changed = replace(told, status=status, seconds=seconds)
        item.user_properties[:] = [*kept, *changed.to_properties()]
