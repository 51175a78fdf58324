"""What the store held of the selected points before the session computed anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from pytest_expcache._collect import Point, point_of

__all__ = ["Plans", "in_resume_order", "selected_points"]

_RANKS = {"done": 0, "running": 1, "queued": 1, "failed": 2, "stale": 3, "missing": 3}
"""With --sweep-resume: what is interrupted goes before what failed, before what never ran."""


class Plans:
    """The plan of each sweep, made once: one bulk look at the store for all of its points."""

    def __init__(self) -> None:
        """Begin without any; a sweep is planned when it is first asked for."""
        self._statuses: dict[int, list[str]] = {}
        self.audits: set[str] = set()
        """The runs that have a result and shall be computed once more all the same."""
        self.audited: Counter[str] | None = None
        """How many points had each status when these were chosen; None where none were to be."""

    def forget(self) -> None:
        """Plan anew when it is asked for: what counts has changed."""
        self._statuses.clear()

    def status(self, point: Point) -> str:
        """Return done, stale, failed, running, queued or missing, as it was before the session."""
        statuses = self._statuses.get(id(point.sweep))
        if statuses is None:
            statuses = self._statuses[id(point.sweep)] = _plan(point)
        return statuses[point.index]

    def stored(self, points: Iterable[Point]) -> dict[str, set[str]]:
        """Return the runs that have a result, by the name of their sweep."""
        stored: dict[str, set[str]] = {}
        for point in points:
            if self.status(point) == "done":
                stored.setdefault(point.sweep.name, set()).add(point.id)
        return stored

    def counts(self, points: Iterable[Point]) -> dict[str, Counter[str]]:
        """Count the statuses of the points by the name of their sweep."""
        counts: dict[str, Counter[str]] = {}
        for point in points:
            counts.setdefault(point.sweep.name, Counter())[self.status(point)] += 1
        return counts


def _plan(point: Point) -> list[str]:
    from expcache.errors import ExpcacheError  # noqa: PLC0415 - imported long since by the sweep

    try:
        return list(point.sweep.plan().statuses)
    except ExpcacheError as error:
        raise pytest.UsageError(str(error)) from error


def selected_points(items: Iterable[pytest.Item]) -> list[Point]:
    """Return the points that the items stand for, each run once, checks included."""
    distinct: dict[tuple[str, str], Point] = {}
    for item in items:
        point = point_of(item)
        if point is not None:
            distinct.setdefault((point.sweep.name, point.id), point)
    return list(distinct.values())


def in_resume_order(items: list[pytest.Item], plans: Plans) -> list[pytest.Item]:
    """Return the items with the points of each function in the order that resuming runs them.

    The points of one function change places among themselves; every other item stays where
    it is.
    """
    places: dict[tuple[Any, str], list[int]] = {}
    for place, item in enumerate(items):
        if point_of(item) is not None:
            function = item.originalname if isinstance(item, pytest.Function) else item.name
            places.setdefault((item.parent, function), []).append(place)
    ordered = list(items)
    for held in places.values():
        for place, item in zip(
            held, sorted((items[p] for p in held), key=_rank(plans)), strict=True
        ):
            ordered[place] = item
    return ordered


def _rank(plans: Plans) -> Callable[[pytest.Item], int]:
    def rank(item: pytest.Item) -> int:
        point = point_of(item)
        return 0 if point is None else _RANKS[plans.status(point)]

    return rank
