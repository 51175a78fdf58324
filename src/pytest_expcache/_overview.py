"""Show what is stored of the selected sweeps, or why, instead of running them.

``--sweep-status`` and ``--sweep-explain``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from pytest_expcache._collect import Point, point_of
from pytest_expcache._drift import stored_drift_lines
from pytest_expcache._options import Options
from pytest_expcache._plans import Plans, selected_points
from pytest_expcache._status import plan_table
from pytest_expcache._store import store_line

if TYPE_CHECKING:
    from expcache import Whereabouts

__all__ = ["Overview"]

_LINES = 20


class Overview:
    """The part of the plugin that shows; registered with these options only."""

    def __init__(self, plans: Plans, options: Options) -> None:
        """Begin with nothing to show."""
        self._plans = plans
        self._options = options
        self._lines: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Look at the store in place of running the tests.

        Errors of collection are left to pytest's own loop, which ends the session for them.
        """
        points = selected_points(session.items)
        self._lines = ["no sweep is selected"]
        if points:
            self._lines = [store_line(session.config)]
            self._lines += self._table(session.items, points) if self._options.status else []
            diff = session.config.getoption("verbose", 0) > 0
            self._lines += _explanations(points, diff=diff) if self._options.explain else []
            self._lines += self._drift(points)
        ignored = session.config.getoption("continue_on_collection_errors")
        return None if session.testsfailed and not ignored else True

    def _table(self, items: Iterable[pytest.Item], points: Iterable[Point]) -> list[str]:
        return [*plan_table(self._plans.counts(points)), *_running_lines(items, self._plans)]

    def _drift(self, points: Iterable[Point]) -> list[str]:
        """Return the line that tells of stored points that were computed elsewhere."""
        stored = [point for point in points if self._plans.status(point) == "done"]
        return stored_drift_lines([point.sweep[point.index] for point in stored])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print which store was looked at, and what it says; it was asked for, so also with -q."""
        terminalreporter.section("sweeps", sep="-")
        for line in self._lines:
            terminalreporter.line(line)


def _explanations(points: Iterable[Point], *, diff: bool) -> list[str]:
    """Return why the points of each sweep are stored or not, and how the code differs if asked."""
    sweeps: dict[int, tuple[Any, list[int]]] = {}
    for point in points:
        sweeps.setdefault(id(point.sweep), (point.sweep, []))[1].append(point.index)
    from expcache.errors import ExpcacheError  # noqa: PLC0415 - imported long since by the sweep

    try:
        whys = [sweep.explain(indices) for sweep, indices in sweeps.values()]
    except ExpcacheError as error:
        raise pytest.UsageError(str(error)) from error
    told = [
        text
        for why in whys
        for text in (str(why), *(group.example.diff() for group in why.groups if diff))
    ]
    return [line for one in told for line in one.splitlines()]


def _running_lines(items: Iterable[pytest.Item], plans: Plans) -> list[str]:
    """Return a line for each point that somebody has in hand: where it is, and since when."""
    tests: dict[str, tuple[pytest.Item, Point]] = {}
    for item in items:
        point = point_of(item)
        if point is not None and plans.status(point) in ("queued", "running"):
            tests.setdefault(point.id, (item, point))
    places = _whereabouts(point for _, point in tests.values())
    some = islice(tests.values(), _LINES)
    lines = [_running_line(item, where) for item, it in some if (where := places.get(it.id))]
    return [*lines, *([f"... and {len(tests) - _LINES} more"] if len(tests) > _LINES else [])]


def _whereabouts(points: Iterable[Point]) -> dict[str, Whereabouts]:
    """Return where runs are, by id; one that has ended a moment ago is nowhere."""
    sweeps = {id(point.sweep): point.sweep for point in points}
    return {run: where for one in sweeps.values() for run, where in one.whereabouts().items()}


def _running_line(item: pytest.Item, where: Whereabouts) -> str:
    return f"{where.status}: {item.nodeid}{' ' if where.host else ', '}{where}"
