"""Runs of equal points: one of them is computed, the others are given what comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from expcache._completion._todo import Todo
from expcache._run import Run
from expcache._store import Store

__all__ = ["Twins"]


class Twins:
    """What is on its way, and the runs that wait for the same record."""

    def __init__(self) -> None:
        """Begin with nothing on its way."""
        self._waiting: dict[tuple[Store, str], tuple[Run[Any], ...]] = {}

    def is_first(self, one: Todo) -> bool:
        """Whether the run is not on its way already, for an equal point."""
        place = one.place
        twins = self._waiting.get(place)
        self._waiting[place] = () if twins is None else (*twins, one.run)
        return twins is None

    def take(self, one: Todo) -> Iterable[Run[Any]]:
        """Return those that wait for a run that has come, each as it came."""
        twins = self._waiting.pop(one.place, ())
        return [twin._copy(one.run) for twin in twins] if twins else ()
