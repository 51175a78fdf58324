"""Where tests get their completed runs from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pytest

from pytest_expcache._collect import Point
from pytest_expcache._options import Options
from pytest_expcache._stale import policy_of

if TYPE_CHECKING:
    from expcache import Run

__all__ = ["Completed", "Here", "Source", "handle_of", "ready"]

ready = pytest.StashKey[dict[str, "Run[Any]"]]()
"""The runs that completed before their tests began, by id."""


class Completed(NamedTuple):
    """A run that is completed, and how it came about."""

    run: Run[Any]
    cached: bool
    """Whether it was completed before this test, in whatever process."""
    early: bool = False
    """Whether it was computed in this session, but before this test."""
    told: bool = True
    """Whether its output, warnings and log records were shown already."""

    @property
    def status(self) -> str:
        """What is told of it if it has a result: computed, cached or stale."""
        if self.run.reused:
            return "stale"
        return "cached" if self.cached else "computed"


class Source(Protocol):
    """Gives completed runs."""

    def get(self, point: Point, *, refresh: bool, again: bool) -> Completed:
        """Return the run of a point, computed if need be.

        Args:
            point: which one.
            refresh: compute it even though a result is stored.
            again: the same test failed before in this session, and is run again.
        """
        ...

    def apart(self, point: Point) -> Run[Any]:
        """Return the run of a point, computed once more apart from the store."""
        ...


class Here:
    """Computes each run when its test asks for it."""

    def __init__(self, options: Options) -> None:
        """Compute with a time limit and retries, if there are any."""
        said = {"timeout": options.jobs.timeout, "retries": options.jobs.retries}
        self._limits: dict[str, Any] = {k: v for k, v in said.items() if v is not None}
        self._options = options

    def get(self, point: Point, *, refresh: bool, again: bool) -> Completed:  # noqa: ARG002
        """Return the run of a point, computed if need be."""
        limits, stale = self._limits, policy_of(self._options)
        run = point.sweep[point.index].compute(refresh=refresh, stale=stale, **limits)
        return Completed(run, run.cached)

    def apart(self, point: Point) -> Run[Any]:
        """Return the run of a point, computed once more apart from the store."""
        return point.sweep[point.index].apart().compute(refresh=False, **self._limits)


def handle_of(config: pytest.Config, point: Point) -> Run[Any]:
    """Return the handle of a run: the completed one, if there is one already."""
    completed = config.stash.get(ready, {}).get(point.id)
    return point.sweep[point.index] if completed is None else completed
