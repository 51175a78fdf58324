"""Tell the user: a line before the tests, a word for each, a table after them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_expcache._collect import Point
from pytest_expcache._jobs import jobs_lines
from pytest_expcache._options import options_of
from pytest_expcache._plans import Plans, selected_points
from pytest_expcache._status import (
    PointReport,
    Tally,
    Word,
    plan_line,
    tally_table,
    word_of,
)
from pytest_expcache._store import store_line

if TYPE_CHECKING:
    from expcache import Run

__all__ = ["Report"]


class Report:
    """The part of the plugin that tells; registered where there is somebody to tell it to."""

    def __init__(self, config: pytest.Config, plans: Plans) -> None:
        """Begin with nothing to tell."""
        self._config = config
        self._plans = plans
        self._points: list[Point] = []
        self.tally = Tally()
        self.store: str | None = None
        """The line that names the store, where it could not be printed before the tests."""

    def pytest_report_collectionfinish(self, items: list[pytest.Item]) -> list[str]:
        """Say which store is used and what it holds of the selected points."""
        points = selected_points(items)
        quiet = self._config.get_verbosity() < 0
        if not points or quiet:
            return []
        lines = [store_line(self._config), plan_line(self._plans.counts(points))]
        return [*lines, *jobs_lines(options_of(self._config).jobs)]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count the selected points."""
        self._points = selected_points(session.items)
        self.tally.select(point.sweep.name for point in self._points)

    def take_stock(self) -> None:
        """Ask the plans about the points that no test told of: a session may stop early."""
        if not self._points:
            return  # the controller of workers: it has what they sent
        self.tally.planned = self._plans.audited
        unreached = [one for one in self._points if not self.tally.tells(one.sweep.name, one.id)]
        # What cannot be planned was refused where it mattered; here it only counts as missing.
        with contextlib.suppress(pytest.UsageError):
            self.tally.stored = self._plans.stored(unreached)

    def add_untold(self, completed: Iterable[tuple[Point, Run[Any]]]) -> None:
        """Take in what was computed although the session did not come to its tests."""
        for point, run in completed:
            status = "computed" if run.error is None else "failed"
            seconds = run.runtime or 0.0
            told = PointReport(point.id, point.sweep.name, status, seconds, "", "", run.retried)
            self.tally.add(told)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a test tells of its point, in this process or from a worker."""
        if report.when != "teardown":  # what it repeats was told before
            told = PointReport.from_properties(report.user_properties)
            if told is not None:
                self.tally.add(told)

    def pytest_report_teststatus(self, report: object) -> Word | None:
        """Show a stored point as CACHED; it counts as passed."""
        if not isinstance(report, pytest.TestReport):
            return None
        plain = report.when == "call" and report.passed and not hasattr(report, "wasxfail")
        return word_of(report.user_properties) if plain else None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what was done, a row a sweep."""
        nothing_ran = self._config.getoption("collectonly") or self._config.getoption("setuponly")
        if nothing_ran:
            return
        self.take_stock()
        lines = tally_table(self.tally)
        if lines and self._config.get_verbosity() >= 0:
            terminalreporter.section("sweeps", sep="-")
            for line in [*([self.store] if self.store else []), *lines]:
                terminalreporter.line(line)
        elif lines:
            for line in [*self.tally.audit(), f"sweeps: {lines[-1]}"]:
                terminalreporter.line(line)
