"""Stored results, computed once more and compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from expcache._audit._pair import Pair, compare_runs, frame_of_pairs, told
from expcache._audit._sample import check_fraction, sample
from expcache._cell import Computed
from expcache._compare import Tolerance
from expcache._completion import as_completed
from expcache._directory import copied
from expcache._outcome import Value
from expcache._record import read_header
from expcache._run import Run
from expcache._runset import RunSet
from expcache._store import MemoryStore
from expcache.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd

    from expcache._perform import Performer

__all__ = ["Audit", "audit"]

R = TypeVar("R")


class Audit(Generic[R]):
    """Which of some stored results came out the same when they were computed once more.

    True, as ``same`` is, if all of them did. Print it to read what did not.
    """

    __slots__ = ("_differing", "_head", "replaced", "runs")

    def __init__(
        self, head: str, runs: RunSet[R], differing: Sequence[Pair[R]], replaced: int
    ) -> None:
        """Hold what was found; users call ``Sweep.audit``."""
        self._head = head
        self._differing = tuple(differing)
        self.runs = runs
        """The stored runs that were computed once more, in the order of the points."""
        self.replaced = replaced
        """How many records were replaced."""

    @property
    def differences(self) -> tuple[Pair[R], ...]:
        """The points whose results differ: ``old`` and ``new`` run, ``comparison``, ``texts``."""
        return self._differing

    @property
    def same(self) -> bool:
        """Whether all results came out the same; False if there was none to audit."""
        return bool(self.runs) and not self._differing

    def __bool__(self) -> bool:
        """Be true where all is the same, so that it can be asserted."""
        return self.same

    def __repr__(self) -> str:
        """Show how many points were audited and how many differ."""
        return f"<Audit of {self._text}>"

    def __str__(self) -> str:
        """Say how many points were audited, and what differs."""
        return told(f"audit of {self._text}", self._differing)

    @property
    def _text(self) -> str:
        count = len(self._differing)
        found = f"{count or 'none'} differ{'s' if count == 1 else ''}"
        replaced = f", {self.replaced} replaced" if self.replaced else ""
        return f"{self._head}: {found}{replaced}" if self.runs else self._head

    def to_frame(self) -> pd.DataFrame:
        """Return a table of the audited points: params, ``same`` and ``difference``.

        Raises:
            ImportError: pandas is not installed; it comes with ``expcache[pandas]``.
        """
        differing = {pair.id: "\n".join(pair.texts) for pair in self._differing}
        return frame_of_pairs([
            (
                run.id,
                run.params,
                {"same": run.id not in differing, "difference": differing.get(run.id, "")},
            )
            for run in self.runs
        ])  # fmt: skip


def audit(  # noqa: PLR0913 - each is an option of its own, by keyword
    sweep: Any,
    *,
    fraction: float | str,
    seed: object,
    tolerance: Tolerance,
    replace: bool,
    options: Mapping[str, Any],
) -> Audit[Any]:
    """Compute some stored points of a sweep once more, apart from the store, and compare.

    Args:
        sweep: whose points.
        fraction: how many of those that have a result.
        seed: chooses which.
        tolerance: what counts as equal.
        replace: put the recomputed results in the place of those that differ.
        options: where and how to compute, as for ``as_completed``.
    """
    plan = sweep.plan()
    stored = {
        run_id: index
        for index, (run_id, status) in enumerate(zip(sweep.ids, plan.statuses, strict=True))
        if status == "done"
    }
    chosen = sample(stored, check_fraction(fraction), seed)
    runs = {one: sweep[index] for one, index in stored.items() if one in chosen}
    kept = MemoryStore()
    differing: list[Pair[Any]] = []
    replaced = 0
    for fresh in as_completed([run._apart(kept) for run in runs.values()], **options):
        run = runs[fresh.id]
        comparison = compare_runs(run, fresh, tolerance)
        if comparison.same:
            kept.delete(fresh.experiment, fresh._located.key or "")
            continue
        differing.append(Pair(run, fresh, run.params, tolerance, comparison=comparison))
        replaced += replace and _replace(sweep._state.performer, fresh)
    differing.sort(key=lambda pair: pair.index or 0)
    text = f"{len(runs)} of {len(stored)} stored points computed once more"
    if not stored:
        others = ", ".join(f"{count} {status}" for status, count in plan.counts.items() if count)
        text = f"0 of {len(plan)} points could be audited{f': {others}' if others else ''}"
    return Audit(f"{sweep.name}: {text}", RunSet(runs.values()), differing, replaced)


def _replace(performer: Performer, fresh: Run[Any]) -> bool:
    """Write what was computed apart over what is stored; not a failure, which is no result."""
    located = fresh._locate()
    envelope = None if located.key is None else fresh._store.get(fresh.experiment, located.key)
    if located.status != "done" or envelope is None:
        return False
    run = performer.handle(fresh.params, identity=fresh._identity, index=fresh.index)
    header = read_header(envelope)
    if fresh.directory is not None:
        place = run._store.files_directory(run.experiment, create=True)
        key = performer.key_of(run)
        header.directory = copied(str(fresh.directory), place, key, run.id) if place else ""
        header.attempts = [{n: one[n] for n in one if n != "directory"} for one in header.attempts]
    computed = Computed(performer.cell(run), Value(fresh.result), header)
    pending = performer.keep(run, computed)
    try:
        for commit in pending.commits:
            commit.wait()
    except StoreError as error:
        pending.hold(error)
    return bool(pending.commits) and not run._value
