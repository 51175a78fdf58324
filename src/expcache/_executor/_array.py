"""One array of Slurm: the batches that its elements compute, and what Slurm says of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import SubprocessError
from typing import Final, NamedTuple

from expcache._executor._note import Note
from expcache._executor._spool import Begun, Spool, numbers_among
from expcache._executor._squeue import Standing, cancel, standings

__all__ = ["Array", "Gone", "tidy", "why_over"]

LOG_CHARACTERS: Final = 4000

_WHY: Final = {
    "CANCELLED": "was cancelled",
    "TIMEOUT": "reached its time limit (timeout_min gives more)",
    "DEADLINE": "reached its deadline",
    "NODE_FAIL": "lost its node",
    "BOOT_FAIL": "lost its node",
    "PREEMPTED": "was preempted",
    "OUT_OF_MEMORY": "took more memory than it had asked for",
    "PENDING": "was preempted or lost its node, and was requeued",
    "FAILED": "failed",
}


class Gone(NamedTuple):
    """A batch that nothing will come of any more."""

    at: int
    why: str
    began: bool
    cancelled: bool = False


def why_over(name: str, state: str) -> str:
    """Return why nothing came of what Slurm has ended, as the end of a sentence."""
    return f"its Slurm job {name} {_WHY.get(state, 'ended without a result')}"


class Array:
    """The elements of one array, or a job by itself.

    Args:
        name: what Slurm calls it; "" while that is not known.
        spool: where its batches are.
        numbers: of the batches that somebody waits for.
        note: of what it computes.
    """

    def __init__(
        self, name: str, spool: Spool, numbers: set[int], note: Note | None = None
    ) -> None:
        """Have seen nothing of it yet."""
        self.note: Final = note
        self.name = name
        self.spool: Final = spool
        self.open: Final = set(numbers)
        self.owners: Final[dict[int, Begun]] = {}
        self._missed: Final[dict[int, float]] = {}
        self._states: dict[str, str] = {}
        self.ours = True
        """Whether it ends when nobody here waits for it any more."""
        self.looks = 0
        """How often Slurm was asked."""
        self.over = False
        """Whether Slurm has ended all of it, as far as is known."""

    def news(self) -> Iterator[tuple[str, int]]:
        """Yield what has come since the last look: ("answer" or "lost" or "begun", number)."""
        names = self.spool.names()
        for word in ("answer", "lost"):
            for at in sorted(numbers_among(names, word) & self.open):
                yield word, at
        begun = numbers_among(names, "begun") & self.open - self.owners.keys()
        for at in sorted(begun):
            owner = self.spool.begun(at)
            if owner is not None:  # else it is being written
                self.owners[at] = owner
                yield "begun", at

    def settle(self, at: int) -> None:
        """Wait for a batch no more."""
        self.open.discard(at)
        self._missed.pop(at, None)

    def judge(self, known: Mapping[str, Standing], grace: float) -> list[Gone]:
        """Return the open batches that nothing will come of, by what Slurm says.

        Files take a while to be seen on another machine: a batch is given up only when Slurm has
        said so for as long as the ``grace``.
        """
        mine = self._mine(known)
        self.looks += 1
        self._states = {name: one.state for name, one in mine.items()}
        alive = {name for name, one in mine.items() if not one.over}
        self.over = not alive
        began = self.spool.numbers("begun")
        found = [gone for at in self.open if (gone := self._gone(at, alive, began)) is not None]
        now = time.monotonic()
        missed = {gone.at: self._missed.get(gone.at, now) for gone in found}
        self._missed.clear()
        self._missed.update(missed)
        return [gone for gone in found if missed[gone.at] + grace <= now and grace >= 0]

    def end(self, *, now: bool = False) -> None:
        """Let nothing of it begin any more, nor go on if nobody waits for it, or ``now``."""
        self.spool.close()
        names = self.spool.names()
        left = len(numbers_among(names, "begun")) > len(numbers_among(names, "answer"))
        if self.name and not self.over:
            with suppress(OSError, SubprocessError):
                cancel(self.name, waiting=not (left or now))

    @property
    def doubtful(self) -> bool:
        """Whether something seems to be lost."""
        return bool(self._missed)

    def _mine(self, known: Mapping[str, Standing]) -> dict[str, Standing]:
        place = f"{self.spool.path}/"
        if not self.name:  # its sender was killed before it heard the name
            found = [name for name, one in known.items() if one.script.startswith(place)]
            self.name = found[0].partition("_")[0] if found else ""
        return {name: one for name, one in known.items() if name.partition("_")[0] == self.name}

    def _gone(self, at: int, alive: set[str], began: set[int]) -> Gone | None:
        owner = self.owners.get(at)
        if owner is None:
            if alive:
                return None
            cancelled = "CANCELLED" in self._states.values()
            why = f"its Slurm job {self.name} never began it"
            if cancelled or began:
                why = why_over(self.name, "CANCELLED" if cancelled else "")
            return Gone(at, why, at in began, cancelled or not began)
        state = self._states.get(owner.name, "")
        if owner.name in alive and state not in ("PENDING", "REQUEUED"):
            return None
        why = why_over(owner.name, "PENDING" if state == "REQUEUED" else state)
        return Gone(at, why, began=True, cancelled=state == "CANCELLED")

    def state_of(self, at: int) -> str | None:
        """Return how the element of a batch has ended; None while it has not."""
        owner = self.owners.get(at) or self.spool.begun(at)
        state = "" if owner is None else self._states.get(owner.name, "")
        return None if state in ("RUNNING", "COMPLETING") else state

    def log(self, at: int) -> str:
        """Return the end of what the element that began a batch has written."""
        owner = self.owners.get(at)
        if owner is None:
            return ""
        for path in sorted(Path(self.spool.path).glob(f"{owner.name}_*log.err")):
            try:
                return path.read_text("utf-8", "replace")[-LOG_CHARACTERS:]
            except OSError:
                continue
        return ""


def tidy(arrays: Iterable[Array]) -> None:
    """Take away the files of arrays that Slurm has ended, and of older ones beside them.

    Of those that Slurm is about to end, only what may be large: the rest goes the next time.
    """
    homes = set()
    for array in arrays:
        homes.add(array.spool.path.parent)
        array.spool.empty()
    known = standings() if homes else None
    alive = [one.script for one in (known or {}).values() if not one.over]
    for path in [path.parent for home in homes for path in home.glob("*/closed")]:
        place = f"{path}/"
        if known is not None and not any(script.startswith(place) for script in alive):
            Spool(path).remove()
