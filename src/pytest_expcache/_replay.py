"""Report the points that have a result without running anything: ``--sweep-resume``."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

from pytest_expcache._brief import Brief, is_bare
from pytest_expcache._collect import Point, point_of
from pytest_expcache._drift import drift_text
from pytest_expcache._plans import Plans, in_resume_order
from pytest_expcache._status import PointReport
from pytest_expcache._xdist import is_worker

if TYPE_CHECKING:
    from expcache import Run

__all__ = ["Replay", "is_replayed"]


class Replay:
    """The part of the plugin that replays; registered with ``--sweep-resume`` only."""

    def __init__(self, config: pytest.Config, plans: Plans) -> None:
        """Begin with nothing set up."""
        self._plans = plans
        self._brief = Brief(config)
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
            self._brief.set_up = True
            return None
        seconds = float(run.runtime or 0.0)
        drift = drift_text(run, item.session)
        told = PointReport(point.id, point.sweep.name, "cached", seconds, "", drift)
        self._brief.report(item, nextitem, told, 0.0)
        return True

    def _stored(self, item: pytest.Item, point: Point) -> Run[Any] | None:
        """Return the run if there is nothing left to do for this test, not even a mark."""
        if point.id in self._plans.audits:
            return None
        return _read(point) if is_replayed(item, self._plans.status(point)) else None


def is_replayed(item: pytest.Item, status: str) -> bool:
    """Whether there is nothing left to do for a test of a point, not even a mark."""
    return status == "done" and is_bare(item)


def _read(point: Point) -> Run[Any] | None:
    """Return the stored run, or None when its record is damaged: then it is computed again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # computing it warns
        return point.sweep[point.index].find()
