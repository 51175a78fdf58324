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
        self._waiting: dict[tuple[Store, str], list[Run[Any]]] = {}

    def is_first(self, one: Todo) -> bool:
        """Whether the run is not on its way already, for an equal point."""
        twins = self._waiting.get(one.place)
        if twins is None:
            self._waiting[one.place] = []
            return True
        twins.append(one.run)
        return False

    def take(self, one: Todo) -> Iterable[Run[Any]]:
        """Return those that wait for a run that has come, each as it came."""
        return [twin._copy(one.run) for twin in self._waiting.pop(one.place, ())]
