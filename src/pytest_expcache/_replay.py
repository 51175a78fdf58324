"""Report the points that have a result without running anything: ``--sweep-resume``."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_expcache._collect import Point, is_sweep, point_of
from pytest_expcache._plans import Plans, in_resume_order
from pytest_expcache._status import PointReport
from pytest_expcache._xdist import is_worker

if TYPE_CHECKING:
    from expcache import Run

__all__ = ["Replay", "is_replayed"]

_PHASES: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")
_MARKS = {"skip", "skipif", "xfail"}


class Replay:
    """The part of the plugin that replays; registered with ``--sweep-resume`` only."""

    def __init__(self, config: pytest.Config, plans: Plans) -> None:
        """Begin with nothing set up."""
        self._plans = plans
        self._teardown: Callable[..., None] = config.pluginmanager.getplugin(
            "runner"
        ).pytest_runtest_teardown
        self._set_up = False
        self._orders = not is_worker(config)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put first what was interrupted, then what failed.

        Not in a worker: the store changes while the others start, and all must agree.
        """
        if self._orders:
            items[:] = in_resume_order(items, self._plans)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """Replay a sweep's point that has a result; leave every other test to pytest."""
        point = point_of(item)
        run = self._stored(item, point) if point is not None else None
        if run is None or point is None:
            self._set_up = True
            return None
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in _reports(item, point, run.runtime or 0.0):
            hook.pytest_runtest_logreport(report=report)
        failed = self._tear_down(item, nextitem)
        if failed is not None:
            hook.pytest_runtest_logreport(report=failed)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _stored(self, item: pytest.Item, point: Point) -> Run[Any] | None:
        """Return the run if there is nothing left to do for this test, not even a mark."""
        return _read(point) if is_replayed(item, self._plans.status(point)) else None

    def _tear_down(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> pytest.TestReport | None:
        """Tear down what earlier tests set up and the next one does not share.

        The runner's own hook does it, without the others: they expect a test that was set up.
        """
        if not self._set_up or (nextitem is not None and nextitem.parent is item.parent):
            return None
        call = pytest.CallInfo.from_call(
            lambda: self._teardown(item, nextitem),
            when="teardown",
            reraise=(KeyboardInterrupt, pytest.exit.Exception),
        )
        # Made without the hook, for the same reason.
        return None if call.excinfo is None else pytest.TestReport.from_item_and_call(item, call)


def is_replayed(item: pytest.Item, status: str) -> bool:
    """Whether there is nothing left to do for a test of a point, not even a mark."""
    bare = status == "done" and isinstance(item, pytest.Function) and is_sweep(item.obj)
    return bare and not any(mark.name in _MARKS for mark in item.iter_markers())


def _read(point: Point) -> Run[Any] | None:
    """Return the stored run, or None when its record is damaged: then it is computed again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # computing it warns
        return point.sweep[point.index].find()


def _reports(item: pytest.Item, point: Point, seconds: float) -> Iterator[pytest.TestReport]:
    told = PointReport(point.id, point.sweep.name, "cached", float(seconds), "")
    keywords: dict[str, Literal[1]] = dict.fromkeys(item.keywords, 1)
    now = time.time()
    for phase in _PHASES:
        yield pytest.TestReport(
            item.nodeid,
            item.location,
            keywords,
            "passed",
            None,
            phase,
            start=now,
            stop=now,
            user_properties=told.to_properties(),
        )
