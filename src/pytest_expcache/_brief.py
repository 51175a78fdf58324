"""Report the tests of points of which nothing is left to do, without running anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest

from pytest_expcache._collect import is_sweep
from pytest_expcache._status import PointReport

__all__ = ["Brief", "is_bare"]

_PHASES: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")
_MARKS = {"skip", "skipif", "xfail"}


def is_bare(item: pytest.Item) -> bool:
    """Whether a test is a sweep's own, without a body, and without a mark that changes it."""
    bare = isinstance(item, pytest.Function) and is_sweep(item.obj)
    return bare and not any(mark.name in _MARKS for mark in item.iter_markers())


class Brief:
    """Makes the reports of a test that passes, and tears down what it does not share."""

    def __init__(self, config: pytest.Config) -> None:
        """Begin with nothing set up."""
        self._teardown: Callable[..., None] = config.pluginmanager.getplugin(
            "runner"
        ).pytest_runtest_teardown
        self._places: dict[int, tuple[str, int | None]] = {}
        self.set_up = False
        """Whether a test was set up by pytest since the beginning."""

    def report(
        self, item: pytest.Item, nextitem: pytest.Item | None, told: PointReport, seconds: float
    ) -> None:
        """Report a test that took so long, somewhere else."""
        hook = item.ihook
        self._locate(item)
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in _reports(item, told, seconds):
            hook.pytest_runtest_logreport(report=report)
        failed = self._tear_down(item, nextitem)
        if failed is not None:
            hook.pytest_runtest_logreport(report=failed)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        _forget(item)

    def _locate(self, item: pytest.Item) -> None:
        """Let a test know its location: all points of a sweep have file and line in common."""
        if type(item) is not pytest.Function:
            return
        place = self._places.get(id(item.obj))
        if place is None:
            self._places[id(item.obj)] = item.location[:2]
        else:
            vars(item)["location"] = (*place, item.getmodpath())

    def _tear_down(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> pytest.TestReport | None:
        """Tear down what earlier tests set up and the next one does not share.

        The runner's own hook does it, without the others: they expect a test that was set up.
        """
        if not self.set_up or (nextitem is not None and nextitem.parent is item.parent):
            return None
        call = pytest.CallInfo.from_call(
            lambda: self._teardown(item, nextitem),
            when="teardown",
            reraise=(KeyboardInterrupt, pytest.exit.Exception),
        )
        # Made without the hook, for the same reason.
        return None if call.excinfo is None else pytest.TestReport.from_item_and_call(item, call)


def _reports(item: pytest.Item, told: PointReport, seconds: float) -> Iterator[pytest.TestReport]:
    keywords: dict[str, Literal[1]] = dict.fromkeys(item.keywords, 1)
    properties, now = told.to_properties(), time.time()
    name: Any = item.nodeid
    for phase in _PHASES:
        spent = seconds if phase == "call" else 0.0
        report = pytest.TestReport(
            name,
            item.location,
            keywords,
            "passed",
            None,
            phase,
            duration=spent,
            start=now - spent,
            stop=now,
            user_properties=list(properties),
        )
        name = getattr(report, "id", name)  # new ones parse it, once is enough
        yield report


def _forget(item: pytest.Item) -> None:
    """Let go of what a test no longer needs, as pytest does after those that it has run."""
    vars(item).update(_request=False, funcargs=None)
