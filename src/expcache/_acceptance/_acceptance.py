"""What users hold of an acceptance: who answers for which results, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from expcache._acceptance._adopted import adopted, read_rows
from expcache._acceptance._row import Row
from expcache._store import Store

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Acceptance", "Skipped", "acceptance_of", "acceptances"]

_SHOWN = 5


class Skipped(NamedTuple):
    """A run that was left as it is, and why."""

    id: str
    reason: str


class Acceptance:
    """Somebody's word that results of older code count for newer code.

    Made by ``Experiment.accept`` and ``Sweep.accept``. Nothing is copied or changed: a row of the
    store names the runs, and ``undo`` takes that row away.
    """

    __slots__ = ("_key", "_row", "_store", "skipped")

    def __init__(
        self, store: Store, key: str | None, row: Row, skipped: Sequence[Skipped] = ()
    ) -> None:
        """Hold one acceptance; without a key, one that was not written."""
        self._store = store
        self._key = key
        self._row = row
        self.skipped = list(skipped)
        """The stale runs that it leaves out, each with the reason; not kept in the store."""

    def __repr__(self) -> str:
        """Show how many runs, by whom and why."""
        reason = f": {self.reason}" if self.reason else ""
        return f"<Acceptance of {self.runs} runs of {self.experiment} by {self.who}{reason}>"

    def __str__(self) -> str:
        """Tell all of it: who, when, why, which runs, and which were left out."""
        verb = "accepted" if self._key is not None else "would accept"
        reason = f": {self.reason}" if self.reason else ""
        lines = [f"{self.who}@{self.host} {verb} {self.runs} runs of {self.experiment}{reason}"]
        lines += _listed([f"  {one}" for one in self.ids])
        lines += _listed([f"  not {one.id}: {one.reason}" for one in self.skipped])
        return "\n".join(lines)

    @property
    def experiment(self) -> str:
        """The name of the experiment."""
        return self._row.experiment

    @property
    def who(self) -> str:
        """The account that accepted."""
        return self._row.who

    @property
    def host(self) -> str:
        """The machine on which it was done."""
        return self._row.host

    @property
    def when(self) -> datetime:
        """When it was done (UTC)."""
        from datetime import datetime  # noqa: PLC0415 - not needed to follow it

        return datetime.fromisoformat(self._row.when)

    @property
    def reason(self) -> str:
        """Why, in the words of who accepted."""
        return self._row.reason

    @property
    def runs(self) -> int:
        """How many runs it covers."""
        return len(self._row.moves)

    @property
    def ids(self) -> list[str]:
        """The ids of the runs."""
        return [move.id for move in self._row.moves]

    def undo(self) -> bool:
        """Take it back; the runs are stale again. Return whether it was in force until now.

        Raises:
            StoreError: the store cannot be written to.
        """
        if self._key is None:
            return False
        return self._store.delete(self.experiment, self._key).wait()


def _listed(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"  and {more} more"] if more > 0 else [])]


def acceptances(store: Store, experiment: str) -> list[Acceptance]:
    """Return all that was accepted of an experiment and not taken back, oldest first."""
    rows = read_rows(store, experiment)
    return [Acceptance(store, key, row) for key, row in rows.items()]


def acceptance_of(store: Store, experiment: str, key: str, own: str | None) -> Acceptance | None:
    """Return the acceptance by which a record counts for a run, or None.

    Args:
        store: where the record is.
        experiment: the name.
        key: that of the record.
        own: the key that a result of the present code has; None where there is no code at hand.
    """
    if own is None:
        covering = [
            one
            for one in acceptances(store, experiment)
            if any(move.source == key for move in one._row.moves)  # noqa: SLF001 - our own
        ]
        return covering[-1] if covering else None
    found = adopted(store, experiment).get(own) if own != key else None
    if found is None or found.key != key:
        return None
    row = read_rows(store, experiment, [found.row]).get(found.row)
    return None if row is None else Acceptance(store, found.row, row)
