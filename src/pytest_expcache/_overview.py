"""Show what is stored of the selected sweeps instead of running them: ``--sweep-status``."""

from __future__ import annotations

import pytest

from pytest_expcache._plans import Plans, selected_points
from pytest_expcache._status import plan_table
from pytest_expcache._store import store_line

__all__ = ["Overview"]


class Overview:
    """The part of the plugin that shows; registered with ``--sweep-status`` only."""

    def __init__(self, plans: Plans) -> None:
        """Begin with nothing to show."""
        self._plans = plans
        self._lines: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Look at the store in place of running the tests.

        Errors of collection are left to pytest's own loop, which ends the session for them.
        """
        counts = self._plans.counts(selected_points(session.items))
        self._lines = ["no sweep is selected"]
        if counts:
            self._lines = [store_line(session.config), *plan_table(counts)]
        ignored = session.config.getoption("continue_on_collection_errors")
        return None if session.testsfailed and not ignored else True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print which store was looked at, and the table; it was asked for, so also with ``-q``."""
        terminalreporter.section("sweeps", sep="-")
        for line in self._lines:
            terminalreporter.line(line)
