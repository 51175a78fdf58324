"""Accept the stored results of the selected stale points: ``--sweep-accept``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pytest_expcache._collect import Point
from pytest_expcache._plans import Plans, selected_points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expcache import Acceptance, Explanation

__all__ = ["Accepting"]

_REASON = "pytest --sweep-accept"


class Accepting:
    """The part of the plugin that accepts; registered with ``--sweep-accept`` only."""

    def __init__(self, plans: Plans, reason: str | None) -> None:
        """Begin before anything is collected."""
        self._plans = plans
        self._reason = _REASON if reason is None else reason

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Accept once it is known what is selected; only tell, where nothing is to be run."""
        from expcache.errors import ExpcacheError  # noqa: PLC0415 - imported by the sweeps

        config = session.config
        dry_run = bool(config.getoption("collectonly")) or bool(session.testsfailed)
        try:
            points = selected_points(session.items)
            changed = _changes([one for one in points if self._plans.status(one) == "stale"])
            made = _accept_all(points, self._reason, dry_run=dry_run)
        except ExpcacheError as error:
            raise pytest.UsageError(str(error)) from error
        self._plans.forget()
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if made and reporter is not None:
            for line in [_line(made, dry_run=dry_run), *_details(made, changed, dry_run=dry_run)]:
                reporter.write_line(line)


def _changes(stale: list[Point]) -> dict[str, list[tuple[set[str], str]]]:
    """Return what made points stale, sweep by sweep: the ids of one reason, and the reason."""
    sweeps = {point.sweep.name: point.sweep for point in stale}
    found: dict[str, list[tuple[set[str], str]]] = {}
    for name, sweep in sweeps.items():
        ids = {point.index: point.id for point in stale if point.sweep.name == name}
        found[name] = [
            ({ids[index] for index in group.indices}, _reason(group.example))
            for group in sweep.explain(list(ids)).groups
        ]
    return found


def _reason(why: Explanation) -> str:
    more = f" and {len(why.differences) - 1} more" if len(why.differences) > 1 else ""
    return f"{why.differences[0]}{more}" if why.differences else why.reason


def _details(
    made: dict[str, Acceptance],
    changed: dict[str, list[tuple[set[str], str]]],
    *,
    dry_run: bool,
) -> Iterator[str]:
    """Yield what is accepted in spite of what change, and how that is taken back."""
    for name, acceptance in made.items():
        accepted = set(acceptance.ids)
        for ids, reason in changed.get(name, ()):
            if ids & accepted:
                yield f"  {len(ids & accepted)} of {name}: {reason}"
        if acceptance.runs and not dry_run:
            yield f"  to take it back: {acceptance.experiment}.acceptances()[-1].undo()"


def _accept_all(points: list[Point], reason: str, *, dry_run: bool) -> dict[str, Acceptance]:
    """Accept the stale ones among some points, sweep by sweep."""
    chosen: dict[str, list[Point]] = {}
    for point in points:
        chosen.setdefault(point.sweep.name, []).append(point)
    made: dict[str, Acceptance] = {}
    for name, some in chosen.items():
        sweep = some[0].sweep
        part = sweep.experiment.sweep([sweep.space[point.index] for point in some], name=name)
        made[name] = part.accept(reason=reason, dry_run=dry_run)
    return made


def _line(made: dict[str, Acceptance], *, dry_run: bool) -> str:
    total = sum(acceptance.runs for acceptance in made.values())
    named = ", ".join(f"{name} {one.runs}" for name, one in made.items() if one.runs)
    verb = "would accept" if dry_run else "accepted"
    counted = f"{total} stale point{'' if total == 1 else 's'}"
    line = f"expcache: {verb} {counted}{f' ({named})' if named else ''}"
    reasons = Counter(one.reason for acceptance in made.values() for one in acceptance.skipped)
    if not reasons:
        return line
    reason, count = reasons.most_common(1)[0]
    others = f", {reasons.total() - count} for other reasons" if len(reasons) > 1 else ""
    return f"{line}; left {reasons.total()} as they are: {reason}{others}"
