"""What a sweep would do: its points sorted by status, before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from expcache._agreement import settle
from expcache._query import FAILED, STALE, Failed, Located, Stale, Status, check_word
from expcache._run import Run
from expcache._runset import RunSet

if TYPE_CHECKING:
    from expcache._definition import Definition

__all__ = ["Plan"]

R = TypeVar("R")

_STATUSES: tuple[Status, ...] = ("done", "stale", "failed", "running", "queued", "missing")


def locate_all(
    definition: Definition,
    ids: list[str],
    classes: Mapping[int, tuple[type, ...]],
    params: Callable[[int], Mapping[str, Any]],
) -> list[Located]:
    """Return where the records of runs lie: one bulk look at the store for all of them.

    Args:
        definition: of the experiment.
        ids: of the runs.
        classes: the project classes among the params of a run, by its index, if there are any.
        params: gives the full params of the run at an index.
    """
    store = definition.store
    stored = definition.stored(store)
    located: list[Located] = [*map(stored.locate, ids, repeat(definition.code))]
    for i, kinds in classes.items():
        located[i] = stored.locate(ids[i], definition.code_with(kinds))
    if definition.declared:
        for index, one in enumerate(located):
            if one.status == "stale":
                located[index] = settle(definition, store, one, params(index))
    return located


class Plan(Generic[R]):
    """The points of a sweep, each with its status at the moment of planning."""

    __slots__ = ("_located", "_run")

    def __init__(self, located: Sequence[Located], run: Callable[[int], Run[Any]]) -> None:
        """Hold where each point's record lies; ``run`` makes the handle of one index."""
        self._located = located
        self._run = run

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self._located)

    def __repr__(self) -> str:
        """Show the counts that are not zero."""
        counts = ", ".join(f"{n} {status}" for status, n in self.counts.items() if n)
        return f"<Plan of {len(self)} points{': ' if counts else ''}{counts}>"

    @property
    def counts(self) -> dict[str, int]:
        """How many points have each status; every status is there."""
        counted = Counter(located.status for located in self._located)
        return {status: counted[status] for status in _STATUSES}

    @property
    def statuses(self) -> list[Status]:
        """The status of each point, in the order of the points."""
        return [located.status for located in self._located]

    @property
    def done(self) -> RunSet[R]:
        """The runs whose result is stored for the present code."""
        return self._having("done")

    @property
    def stale(self) -> RunSet[R]:
        """The runs that are stored for other code only."""
        return self._having("stale")

    @property
    def failed(self) -> RunSet[R]:
        """The runs that failed under the present code."""
        return self._having("failed")

    @property
    def running(self) -> RunSet[R]:
        """The runs that somebody computes now."""
        return self._having("running")

    @property
    def queued(self) -> RunSet[R]:
        """The runs that an engine has, and has not begun."""
        return self._having("queued")

    @property
    def missing(self) -> RunSet[R]:
        """The runs of which nothing is stored."""
        return self._having("missing")

    def would_run(
        self, *, failed: Failed = "retry", stale: Stale = "recompute", refresh: bool = False
    ) -> RunSet[R]:
        """Return what a run of the sweep with these options would compute: a dry run of it.

        Of equal points the first one. What somebody computes now is waited for instead.

        Args:
            failed: as for ``Sweep.run``; ``"raise"`` would compute nothing, if there is a failure.
            stale: as for ``Sweep.run``; ``"error"`` would compute nothing, if there is a stale one.
            refresh: compute all points.

        Raises:
            ValueError: an option has no such value.
        """
        return RunSet(map(self._run, self._computing(failed, stale, refresh=refresh)))

    def would_skip(
        self, *, failed: Failed = "retry", stale: Stale = "recompute", refresh: bool = False
    ) -> RunSet[R]:
        """Return what a run of the sweep with these options would not compute: all the others."""
        computed = set(self._computing(failed, stale, refresh=refresh))
        return RunSet(self._run(i) for i in range(len(self)) if i not in computed)

    def _computing(self, failed: Failed, stale: Stale, *, refresh: bool) -> list[int]:
        check_word("failed", failed, FAILED)
        check_word("stale", stale, STALE)
        wanted = {"missing", *(["failed"] if failed == "retry" else [])}
        wanted |= {"stale"} if stale == "recompute" else set()
        statuses = self.statuses
        if not refresh and (
            (stale == "error" and "stale" in statuses)
            or (failed == "raise" and "failed" in statuses)
        ):
            return []
        first = {self._run(i).id: i for i in reversed(range(len(self)))}
        chosen = [i for i, one in enumerate(statuses) if refresh or one in wanted]
        return sorted({first[self._run(i).id] for i in chosen})

    def _having(self, status: Status) -> RunSet[R]:
        chosen = (i for i, located in enumerate(self._located) if located.status == status)
        return RunSet(self._run(i) for i in chosen)
