"""Run the tests while other processes compute their points: ``--sweep-jobs``."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from pytest_expcache._brief import Brief, is_bare
from pytest_expcache._collect import Point, point_of
from pytest_expcache._computing import Computing
from pytest_expcache._drift import drift_text
from pytest_expcache._groups import groups
from pytest_expcache._options import Options
from pytest_expcache._plans import Plans
from pytest_expcache._replay import is_replayed
from pytest_expcache._report import Report
from pytest_expcache._runs import Runs
from pytest_expcache._skips import is_skipped
from pytest_expcache._stale import leaves_stale
from pytest_expcache._status import PointReport
from pytest_expcache._unhooked import Unhooked

__all__ = ["Loop"]


class Loop:
    """The part of the plugin that runs the tests; registered with ``--sweep-jobs`` only.

    Points compute in other processes, in one stream. Tests run here, one group at a time: first
    those that wait for nothing, then each as soon as its point is completed.
    """

    def __init__(
        self, config: pytest.Config, options: Options, plans: Plans, runs: Runs, report: Report
    ) -> None:
        """Begin with nothing computed."""
        self._options = options
        self._plans = plans
        self._runs = runs
        self._report = report
        self._brief = Brief(config)
        self._unhooked = Unhooked(config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run all tests; leave it to pytest where nothing is to be computed."""
        if _is_left_to_pytest(session):
            return None
        points, uses = self._wanted(session.items)
        if not points:
            return None
        self._runs.need_store(session, points.values())
        audits = self._plans.audits
        with Computing(session.config, self._options, points, uses, audits) as computing:
            if self._options.jobs.detach:
                count = computing.send()
                pytest.exit(f"sent {count} points; --sweep-resume takes in what is computed", 0)
            self._runs.source = computing
            gc.freeze()  # what is collected stays: nothing in it is garbage
            try:
                self._run(session, computing)
            finally:
                gc.unfreeze()
                self._report.add_untold(computing.untold())
        return True

    def _wanted(self, items: Iterable[pytest.Item]) -> tuple[dict[str, Point], Counter[str]]:
        """Return the points that tests will ask for, in their order, and how many ask."""
        points: dict[str, Point] = {}
        uses: Counter[str] = Counter()
        for item in items:
            point = point_of(item)
            if point is not None and not self._does_without(item, point):
                points.setdefault(point.id, point)
                uses[point.id] += 1
        return points, uses

    def _does_without(self, item: pytest.Item, point: Point) -> bool:
        status = self._plans.status(point)
        skips = self._options.skip_failed and status == "failed"
        skips = skips or leaves_stale(self._options, status, but="reuse")
        replays = self._options.resume and point.id not in self._plans.audits
        return skips or is_skipped(item) or (replays and is_replayed(item, status))

    def _run(self, session: pytest.Session, computing: Computing) -> None:
        parts = groups(session.items)
        following = [*(part[0] for part in parts[1:]), None]
        for group, after in zip(parts, following, strict=True):
            self._run_group(session, computing, group, after)

    def _run_group(
        self,
        session: pytest.Session,
        computing: Computing,
        group: list[pytest.Item],
        after: pytest.Item | None,
    ) -> None:
        left = dict.fromkeys(group)
        for item in _as_ready(group, computing):
            del left[item]
            # Any of the same group will do: what it shares with this one stays set up.
            nextitem = next(iter(left), after)
            point = point_of(item)
            if point is None or not self._is_told(computing, item, point, nextitem):
                self._brief.set_up = True
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            if point is not None:
                computing.used(point.id)
            if session.shouldfail or session.shouldstop:
                computing.drain()
                raise _end(session)

    def _is_told(
        self, computing: Computing, item: pytest.Item, point: Point, nextitem: pytest.Item | None
    ) -> bool:
        """Report a point whose run is fine and of which nothing else is to be done or shown."""
        run = computing.silent(point.id) if is_bare(item) and self._unhooked(item) else None
        if run is None:
            return False
        completed = computing.get(point, refresh=False, again=False)
        seconds = float(run.runtime or 0.0)
        drift = drift_text(run, item.session) if completed.cached else ""
        retried = 0 if completed.cached else run.retried
        told = PointReport(
            point.id, point.sweep.name, completed.status, seconds, "", drift, retried
        )
        self._runs.refreshed(point)
        self._brief.report(item, nextitem, told, 0.0 if completed.cached else seconds)
        return True


def _as_ready(group: list[pytest.Item], computing: Computing) -> Iterator[pytest.Item]:
    """Give the tests of a group: first those that wait for nothing, then as points complete."""
    waiting: dict[str, list[pytest.Item]] = {}
    for item in group:
        point = point_of(item)
        if point is not None and computing.computes(point.id):
            waiting.setdefault(point.id, []).append(item)
        else:
            yield item
    for run_id in computing.completed(waiting):
        yield from waiting[run_id]


def _is_left_to_pytest(session: pytest.Session) -> bool:
    option = session.config.option
    shows = option.collectonly or option.setuponly or option.setupplan
    return bool(shows or (session.testsfailed and not option.continue_on_collection_errors))


def _end(session: pytest.Session) -> BaseException:
    if session.shouldfail:
        return session.Failed(session.shouldfail)
    return session.Interrupted(session.shouldstop)
