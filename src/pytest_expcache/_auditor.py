"""Compute stored points once more, apart from the store, and compare: ``--sweep-audit``."""

from __future__ import annotations

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

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Choose among the points that have a result now; in a worker, before any test runs."""
        option = session.config.option
        if not (option.collectonly or option.setuponly):
            stored = self._plans.stored(selected_points(session.items))
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

    def _is_due(self, item: pytest.Function, point: Point) -> bool:
        """Whether a test is the one that audits its point, which came from the store."""
        if self._tests.get(point.id) != item.nodeid:
            return False
        told = PointReport.from_properties(item.user_properties)
        return told is not None and told.status == "cached"

    def _audit(self, item: pytest.Function, point: Point) -> None:
        stored: Any = item.funcargs["run"]
        fresh = self._runs.source.apart(point)
        lines = self._differences(stored, fresh)
        _retell(item, "differs" if lines else "audited", float(fresh.runtime or 0.0))
        if lines:
            told = f"run {point.id}, computed on {stored.host} at {stored.finished:%Y-%m-%d %H:%M}"
            pytest.fail("\n".join([f"not as stored: {lines[0]}", *lines[1:], told]), pytrace=False)

    def _differences(self, stored: Run[Any], fresh: Run[Any]) -> list[str]:
        from expcache import compare  # noqa: PLC0415 - for audits only

        if fresh.error is not None:
            return [f"the run fails with {fresh.error}", fresh.error.traceback.rstrip()]
        sample = self._sample
        found = compare(stored.result, fresh.result, rtol=sample.rtol, atol=sample.atol)
        return found.lines("result")


def _retell(item: pytest.Function, status: str, seconds: float) -> None:
    """Change what a test tells of its point."""
    told = PointReport.from_properties(item.user_properties)
    if told is not None:
        kept = [one for one in item.user_properties if not one[0].startswith(PREFIX)]
        changed = replace(told, status=status, seconds=seconds)
        item.user_properties[:] = [*kept, *changed.to_properties()]
