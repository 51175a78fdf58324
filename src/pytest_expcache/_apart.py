"""The runs of a sample while other processes compute them apart from the store."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from pytest_expcache._collect import Point

if TYPE_CHECKING:
    from expcache import Run

__all__ = ["Apart"]


class Apart:
    """Makes the handles of points, those of a sample apart, and keeps these once completed."""

    def __init__(self, chosen: Collection[str]) -> None:
        """Begin with nothing computed; ``chosen`` are the ids of the sample."""
        self._chosen = chosen
        self._begun: dict[str, Run[Any]] = {}
        self._completed: dict[str, Run[Any]] = {}

    def handle(self, point: Point) -> Run[Any]:
        """Return the handle of the run to compute for a point."""
        run = point.sweep[point.index]
        if point.id not in self._chosen:
            return run
        self._begun[point.id] = apart = run.apart()
        return apart

    def take(self, run: Run[Any]) -> bool:
        """Keep a completed run if it is one of the sample; return whether it is."""
        if self._begun.get(run.id) is not run:
            return False
        self._completed[run.id] = self._begun.pop(run.id)
        return True

    def has(self, run_id: str) -> bool:
        """Whether a run of the sample is completed, and waits for its test."""
        return run_id in self._completed

    def pop(self, run_id: str) -> Run[Any] | None:
        """Return a completed run of the sample, and let go of it."""
        return self._completed.pop(run_id, None)
