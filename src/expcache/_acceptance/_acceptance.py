"""What users hold of an acceptance: who answers for which results, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from expcache._acceptance._adopted import adopted, read_rows
from expcache._acceptance._row import Row
from expcache._codec import restore
from expcache._store import Store
from expcache.errors import RecordError

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

    __slots__ = ("_dry_run", "_key", "_row", "_store", "skipped")

    def __init__(
        self,
        store: Store,
        key: str | None,
        row: Row,
        skipped: Sequence[Skipped] = (),
        *,
        dry_run: bool = False,
    ) -> None:
        """Hold one acceptance; without a key, one that was not written."""
        self._store = store
        self._key = key
        self._row = row
        self._dry_run = dry_run
        self.skipped = list(skipped)
        """The stale runs that it leaves out, each with the reason; not kept in the store."""

    def __repr__(self) -> str:
        """Show how many runs, by whom and why, and whether it was not written."""
        reason = f": {self.reason}" if self.reason else ""
        dry_run = "dry run, " if self._dry_run else ""
        what = f"{dry_run}{_runs(self.runs)} of {self.experiment}"
        return f"<Acceptance of {what} by {self.who}{reason}>"

    def __str__(self) -> str:
        """Tell all of it: who, when, why, which runs, and which were left out."""
        verb = "would accept" if self._dry_run else "accepted"
        lines = [f"{self.who}@{self.host} on {_clock(self.when)} {verb} {self._what()}"]
        if not self.runs:
            stale = f"{_runs(len(self.skipped))} of {self.experiment} cannot be accepted"
            none = f"no run of {self.experiment} is stale"
            lines = [f"{verb} nothing: {stale if self.skipped else none}"]
        lines += _listed(self._calls())
        lines += _listed([f"  not {one.id}: {one.reason}" for one in self.skipped])
        return "\n".join(lines)

    def _what(self) -> str:
        moves = self._row.moves
        old, new = (
            ", ".join(dict.fromkeys(code[:8] for code in codes))
            for codes in ([one.before for one in moves], [one.after for one in moves])
        )
        reason = f": {self.reason}" if self.reason else ""
        return f"{_runs(self.runs)} of {self.experiment}, code {old} for {new}{reason}"

    def _calls(self) -> list[str]:
        """Return a line for each run: its params as they are stored, or else its id."""
        shown = self._row.moves[:_SHOWN]
        held = self._store.get_many(self.experiment, [one.source for one in shown]) if shown else {}
        lines = [f"  {_params(held.get(one.source)) or one.id}" for one in shown]
        return [*lines, *(f"  {one.id}" for one in self._row.moves[_SHOWN:])]

    @property
    def told(self) -> str:
        """Who accepted, when and why, in a few words."""
        reason = f": {self.reason}" if self.reason else ""
        return f"accepted by {self.who}, {_clock(self.when)[:10]}{reason}"

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

    @property
    def codes(self) -> list[str]:
        """The codes that computed the results, each once."""
        return list(dict.fromkeys(move.before for move in self._row.moves))

    def undo(self) -> bool:
        """Take it back; the runs are stale again. Return whether it was in force until now.

        Other acceptances stay, also of the same results for newer code, and so does what was
        computed from the results meanwhile: ``audit`` finds out whether that is right.

        Raises:
            StoreError: the store cannot be written to.
        """
        if self._key is None:
            return False
        return self._store.delete(self.experiment, self._key).wait()


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def _clock(when: datetime) -> str:
    return when.isoformat(" ", "minutes")[:16]


def _params(envelope: bytes | None) -> str:
    from expcache._record import read_header  # noqa: PLC0415 - only to tell of it

    try:
        params = {} if envelope is None else read_header(envelope).params
        return ", ".join(f"{name}={restore(tree)!r}" for name, tree in params.items())
    except RecordError:
        return ""


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
            (one, move.checksum)
            for one in acceptances(store, experiment)
            for move in one._row.moves  # noqa: SLF001 - our own
            if move.source == key
        ]
        envelope = store.get(experiment, key) if covering else None
        held = [one for one, last in covering if envelope is None or envelope.endswith(last)]
        return held[-1] if held else None
    found = adopted(store, experiment).get(own) if own != key else None
    if found is None or found.key != key:
        return None
    row = read_rows(store, experiment, [found.row]).get(found.row)
    return None if row is None else Acceptance(store, found.row, row)
