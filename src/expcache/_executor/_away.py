"""What Slurm computes for senders that are gone, as their notes tell."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from expcache._executor._array import Array, tidy
from expcache._executor._note import Note, notes_in
from expcache._executor._spool import Spool, numbers_among
from expcache._executor._squeue import Standing, standings
from expcache._store import Held, Whereabouts
from expcache.errors import ExecutorError

__all__ = ["Away", "away", "follower", "is_noted", "look_away", "settled"]


class Away(NamedTuple):
    """An array that was submitted, and those of its batches that something may come of."""

    note: Note
    numbers: frozenset[int]
    seen: Array
    """What it looked like."""

    def where(self, at: int) -> Whereabouts:
        """Return where a batch is computed, or waits for it."""
        owner, name = self.seen.owners.get(at), self.seen.name
        if owner is not None:
            since = self.seen.spool.since(at)
            return Whereabouts("running", owner.host, 0, "Slurm", owner.name, since)
        standing: Held = "queued" if at in self.seen.open else "running"  # answered already
        return Whereabouts(standing, engine="Slurm", name=name, since=_since(self.note))

    def array(self, numbers: set[int]) -> Array:
        """Return some of it, to be watched."""
        array = Array(self.note.name, Spool(self.note.spool), numbers, self.note)
        array.ours = False  # others may wait for the rest of it
        return array


def look_away(place: str | os.PathLike[str]) -> Iterator[Away]:
    """Yield what was submitted, by its notes in a place, the newest first.

    Raises:
        ExecutorError: there are notes, and no Slurm here to ask what became of it.
    """
    notes = sorted(notes_in(place), key=_since, reverse=True)
    if notes and shutil.which("squeue") is None:
        message = f"cannot tell what Slurm still computes of {str(notes[0].path)!r}: there is no"
        raise ExecutorError(f"{message} squeue here. Go on where Slurm is, or delete that file.")
    known = standings() if notes else None
    for note in notes:
        yield _look(note, known)


def away(place: str | os.PathLike[str]) -> dict[str, Whereabouts]:
    """Return where runs are that may come from elsewhere, by the keys of their records.

    Without Slurm, all that is noted.
    """
    try:
        seen = list(look_away(place))
    except ExecutorError:
        seen = [_look(note, None, take_all=True) for note in notes_in(place)]
    found: dict[str, Whereabouts] = {}
    for one in seen:
        for at in one.numbers:
            where = one.where(at)
            for key in one.note.keys[at]:
                found.setdefault(key, where)  # the newest note says it
    return found


def is_noted(place: str | os.PathLike[str], key: str) -> bool:
    """Tell whether the record of a key may come from elsewhere; Slurm is not asked."""
    return any(key in keys for note in notes_in(place) for keys in note.keys)


def settled(place: str | os.PathLike[str], are_stored: Callable[[list[str]], bool]) -> None:
    """Take away the notes of a place whose runs all have their records.

    Args:
        place: where notes lie.
        are_stored: tells whether all runs of some keys have a record.
    """
    for note in notes_in(place):
        if are_stored(sorted({key for keys in note.keys for key in keys})):
            array = Array(note.name, Spool(note.spool), set())
            array.end()
            note.remove()
            tidy([array])


def follower() -> Any:
    """Return an executor that submits nothing: it tells what becomes of what was submitted."""
    from expcache._executor._slurm import SlurmExecutor  # noqa: PLC0415 - rarely needed
    from expcache._executor._submission import Submitter  # noqa: PLC0415 - as above

    return SlurmExecutor(Submitter(lambda place: place, "slurm_", None, 0.0, {}))


def _look(note: Note, known: Mapping[str, Standing] | None, *, take_all: bool = False) -> Away:
    """Look which batches have an answer, or may have one yet."""
    spool, numbers = Spool(note.spool), set(range(len(note.keys)))
    names = spool.names()
    answered, lost = (numbers_among(names, word) for word in ("answer", "lost"))
    still = numbers - answered - lost
    array = Array(note.name, spool, still)
    for _ in array.news():
        pass  # it learns who has begun what
    gone = set() if known is None else {one.at for one in array.judge(known, 0.0)}
    hopeful = (answered & numbers) | (still - gone if spool.path.is_dir() else set())
    return Away(note, frozenset(numbers if take_all else hopeful), array)


def _since(note: Note) -> float:
    try:
        return Path(note.path or "").stat().st_mtime
    except OSError:
        return 0.0
