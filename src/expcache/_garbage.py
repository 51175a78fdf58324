"""What of a store nobody needs any more, and its removal."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from expcache._acceptance import adopted
from expcache._query import code_of, id_of, is_failure, is_result
from expcache._record import Header, read_header
from expcache._removal import Removal, Shelf
from expcache._store import DAY, Orphan, Store, current_store, open_store
from expcache.errors import QueryError, RecordError

__all__ = ["Garbage", "Unneeded", "gc"]

_WINDOW = 500
_SHOWN = 10


class Unneeded(NamedTuple):
    """One record that can go, and why."""

    experiment: str
    key: str
    reason: str
    nbytes: int

    @property
    def id(self) -> str:
        """The id of the run."""
        return id_of(self.key)

    @property
    def code(self) -> str:
        """The code that it was computed with."""
        return code_of(self.key)


class Wanted(NamedTuple):
    """What the caller of `gc` wants."""

    experiment: str | None
    keep_codes: tuple[str, ...]
    older_than: float


class Garbage:
    """What `gc` found; nothing is removed until `remove`. ``print`` it for a list."""

    def __init__(self, store: Store, wanted: Wanted) -> None:
        """Look; users call ``expcache.gc``."""
        self._store = store
        self._wanted = wanted
        self.records = tuple(_find(store, wanted))
        """The records that can go, each with ``experiment``, ``id``, ``code``, ``reason``."""
        self.orphans: tuple[Orphan, ...] = ()
        """The files that no record names, each with ``path`` and ``age`` in seconds."""
        if wanted.experiment is None:
            self.orphans = store.orphans(age=wanted.older_than)

    def __len__(self) -> int:
        """Return how many records and files can go."""
        return len(self.records) + len(self.orphans)

    def __repr__(self) -> str:
        """Show the counts."""
        return f"<Garbage of {len(self.records)} records and {len(self.orphans)} files>"

    def __str__(self) -> str:
        """List what can go, and why."""
        lines = [f"{len(self.records)} records and {len(self.orphans)} files can go"]
        told = [f"{one.experiment} {one.id}: {one.reason}" for one in self.records]
        told += [f"{one.path}: no record names it" for one in self.orphans]
        more = [f"... and {len(told) - _SHOWN} more"] if len(told) > _SHOWN else []
        return "\n".join([*lines, *told[:_SHOWN], *more])

    @property
    def nbytes(self) -> int:
        """How many bytes the records take, without their files."""
        return sum(one.nbytes for one in self.records)

    def remove(self) -> Removal:
        """Remove it; what somebody computes now, or what is needed again, stays.

        Raises:
            StoreError: the store cannot be written to.
        """
        planned = {(one.experiment, one.key) for one in self.records}
        shelves: dict[str, dict[str, list[str]]] = {}
        for one in _find(self._store, self._wanted):
            if (one.experiment, one.key) in planned:
                shelves.setdefault(one.experiment, {}).setdefault(one.id, []).append(one.key)
        done = [_clear(Shelf(self._store, name, groups)) for name, groups in shelves.items()]
        gone: tuple[Orphan, ...] = ()
        if self.orphans:
            gone = self._store.orphans(remove=True, age=self._wanted.older_than)
        return Removal(
            tuple(one for each in done for one in each.ids),
            sum(each.records for each in done),
            (*(file for each in done for file in each.files), *(one.path for one in gone)),
            sum(each.nbytes for each in done),
        )


def gc(
    store: str | os.PathLike[str] | Store | None = None,
    *,
    experiment: str | None = None,
    keep_codes: Collection[str] = (),
    older_than: float = DAY,
) -> Garbage:
    """Find what of a store nobody needs any more; nothing is removed until ``Garbage.remove``.

    These are the files that no record names, failures of runs that have a result of the same
    code, and, with ``keep_codes``, the records of all other codes. Accepted results stay.

    Args:
        store: where to look; the current store by default.
        experiment: look at this one alone, and at no files that no record names.
        keep_codes: fingerprints, or enough of their first digits. An experiment that has nothing
            of any of them keeps all its results.
        older_than: what is not older than so many seconds stays.

    Raises:
        QueryError: there is no such experiment, or nothing is stored for one of the codes.
    """
    if isinstance(store, (str, os.PathLike)):
        store = open_store(store, create=False)
    store = store or current_store()
    codes = (keep_codes,) if isinstance(keep_codes, str) else tuple(keep_codes)
    known = store.experiments()
    if experiment is not None and experiment not in known:
        _refuse("the experiment", experiment, known)
    names = known if experiment is None else [experiment]
    if codes:
        stored = set().union(*(_codes(store, name) for name in names))
        for code in codes:
            if not code or not any(one.startswith(code) for one in stored):
                _refuse("the code", code, sorted(stored))
    return Garbage(store, Wanted(experiment, codes, older_than))


def _refuse(what: str, name: str, known: list[str]) -> None:
    message = f"cannot look for what can go beside {what} {name!r}: nothing is stored of it."
    listed = f"Give one of {', '.join(known)}." if known else "The store is empty."
    raise QueryError(f"{message} {listed}", name=name, known=tuple(known))


def _codes(store: Store, name: str) -> set[str]:
    """Return the codes of which there is anything, or for which a result of another one counts."""
    accepted = adopted(store, name).items()
    counting = {key for key, older in accepted if older.is_of(store.get(name, older.key))}
    return {code_of(key) for key in (*store.keys(name), *counting) if _is_run(key)}


def _is_run(key: str) -> bool:
    return is_result(key) or is_failure(key)


def _find(store: Store, wanted: Wanted) -> Iterator[Unneeded]:
    names = store.experiments() if wanted.experiment is None else [wanted.experiment]
    for name in names:
        reasons = dict(_reasons(store, name, wanted.keep_codes))
        rest = iter(reasons)
        while window := list(islice(rest, _WINDOW)):
            for key, envelope in store.get_many(name, window).items():
                if _age(envelope) > wanted.older_than:
                    yield Unneeded(name, key, reasons[key], len(envelope))


def _reasons(store: Store, name: str, codes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the keys of what can go, whatever its age, with the reasons."""
    keys = [key for key in store.keys(name) if _is_run(key)]
    there = set(keys)
    kept = {code for code in _codes(store, name) if code.startswith(codes)} if codes else set()
    accepted = adopted(store, name) if kept else {}
    counting = {one.key for target, one in accepted.items() if code_of(target) in kept}
    for key in keys:
        if kept and code_of(key) not in kept and key not in counting:
            yield key, f"it is of the code {code_of(key)}"
        elif is_failure(key) and key[:-1] in there:
            yield key, "the run has a result of the same code"


def _age(envelope: bytes) -> float:
    """Return how long ago a record was finished; one that tells no time is young."""
    try:
        header: Header = read_header(envelope)
        return time.time() - datetime.fromisoformat(header.finished).timestamp()
    except (RecordError, ValueError):
        return -1.0


def _clear(shelf: Shelf) -> Removal:
    """Remove what nobody computes."""
    try:
        for one in shelf.claim():
            del shelf.groups[one]
        removed: Any = shelf.remove()
    finally:
        shelf.release()
    return Removal(tuple(shelf.groups), len(removed.keys), removed.files, removed.nbytes)
