"""Accept the stored results of the selected stale points: ``--sweep-accept``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pytest_expcache._collect import Point
from pytest_expcache._plans import Plans, selected_points

if TYPE_CHECKING:
    from expcache import Acceptance

__all__ = ["Accepting"]

_REASON = "pytest --sweep-accept"


class Accepting:
    """The part of the plugin that accepts; registered with ``--sweep-accept`` only."""

    def __init__(self, plans: Plans) -> None:
        """Begin before anything is collected."""
        self._plans = plans

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Accept once it is known what is selected; only tell, where nothing is to be run."""
        from expcache.errors import ExpcacheError  # noqa: PLC0415 - imported by the sweeps

        config = session.config
        dry_run = bool(config.getoption("collectonly")) or bool(session.testsfailed)
        try:
            made = _accept_all(selected_points(session.items), dry_run=dry_run)
        except ExpcacheError as error:
            raise pytest.UsageError(str(error)) from error
        self._plans.forget()
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if made and reporter is not None:
            reporter.write_line(_line(made, dry_run=dry_run))


def _accept_all(points: list[Point], *, dry_run: bool) -> dict[str, Acceptance]:
    """Accept the stale ones among some points, sweep by sweep."""
    chosen: dict[str, list[Point]] = {}
    for point in points:
        chosen.setdefault(point.sweep.name, []).append(point)
    made: dict[str, Acceptance] = {}
    for name, some in chosen.items():
        sweep = some[0].sweep
        part = sweep.experiment.sweep([sweep.space[point.index] for point in some], name=name)
        made[name] = part.accept(reason=_REASON, dry_run=dry_run)
    return made


def _line(made: dict[str, Acceptance], *, dry_run: bool) -> str:
    total = sum(acceptance.runs for acceptance in made.values())
    named = ", ".join(f"{name} {one.runs}" for name, one in made.items() if one.runs)
    verb = "would accept" if dry_run else "accepted"
    line = f"expcache: {verb} {total} stale points{f' ({named})' if named else ''}"
    reasons = Counter(one.reason for acceptance in made.values() for one in acceptance.skipped)
    if not reasons:
        return line
    reason, count = reasons.most_common(1)[0]
    others = f", {reasons.total() - count} for other reasons" if len(reasons) > 1 else ""
    return f"{line}; left {reasons.total()} as they are: {reason}{others}"
