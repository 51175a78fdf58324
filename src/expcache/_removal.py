"""Taking away what is stored of runs, while nobody computes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from expcache._query import code_of, id_of, is_failure, is_result
from expcache._store import Claim, Removed, Store
from expcache.errors import ClaimError, QueryError

__all__ = ["Removal", "Shelf", "remove_all", "remove_runs"]

if TYPE_CHECKING:
    from collections.abc import Sequence


class Removal(NamedTuple):
    """What was removed: of which runs, how many records, which files, how many bytes in all.

    With ``dry_run``, what would be.
    """

    ids: tuple[str, ...] = ()
    records: int = 0
    files: tuple[str, ...] = ()
    nbytes: int = 0
    dry_run: bool = False

    def __str__(self) -> str:
        """Say it in one line."""
        verb = "would remove" if self.dry_run else "removed"
        return f"{verb} {self.records} records of {len(self.ids)} runs, {self.nbytes} bytes"


class Shelf:
    """What is to go of one experiment in one store.

    Args:
        store: where it is.
        name: of the experiment.
        groups: the keys of the records by the ids of their runs.
    """

    def __init__(self, store: Store, name: str, groups: Mapping[str, Sequence[str]]) -> None:
        """Remove nothing yet."""
        self.store = store
        self.name = name
        self.groups = {one: list(keys) for one, keys in groups.items() if keys}
        self._claims: dict[str, Claim] = {}

    @property
    def keys(self) -> list[str]:
        """The keys of all records."""
        return [key for keys in self.groups.values() for key in keys]

    def claim(self) -> set[str]:
        """Claim all runs; return those that somebody else has, under the same codes or others."""
        wanted = list(dict.fromkeys(key.removesuffix("!") for key in self.keys))
        if not wanted:
            return set()
        self._claims = self.store.claim(self.name, wanted, bulk=True)
        others = self.store.claims(self.name).items()
        taken = {key for key, one in others if one.live and key not in self._claims}
        taken |= set(wanted) - self._claims.keys()
        return {id_of(key) for key in taken} & self.groups.keys()

    def release(self) -> None:
        """Give up the claims."""
        if self._claims:
            self.store.release(self.name, self._claims.values())

    def remove(self) -> Removed:
        """Remove the records, those of a run in one step, with their files."""
        return self.store.remove(self.name, self.groups.values())

    def would_remove(self) -> Removed:
        """Return what `remove` would take, but for files."""
        found = self.store.get_many(self.name, self.keys)
        return Removed(tuple(found), (), sum(map(len, found.values())))


def remove_runs(
    runs: Iterable[tuple[Store, str, str]], *, code: str | None = None, dry_run: bool = False
) -> Removal:
    """Remove what is stored of runs, under one code or all; nothing if one of them is running.

    Args:
        runs: the store, the experiment's name and the id of each.
        code: the beginning of a fingerprint.
        dry_run: only tell what would go.

    Raises:
        ClaimError: somebody computes one of the runs now.
        QueryError: nothing is stored for ``code``, or several codes begin so.
        StoreError: the store cannot be written to.
    """
    shelves = list(_shelves(runs))
    if code is not None:
        _choose(shelves, code)
    return remove_all(shelves, dry_run=dry_run)


def _shelves(runs: Iterable[tuple[Store, str, str]]) -> Iterable[Shelf]:
    stores: dict[tuple[int, str], tuple[Store, dict[str, list[str]]]] = {}
    for store, name, run_id in runs:
        stores.setdefault((id(store), name), (store, {}))[1][run_id] = []
    for (_, name), (store, groups) in stores.items():
        for key in store.keys_of(name, list(groups)):
            if is_result(key) or is_failure(key):
                groups[id_of(key)].append(key)
        yield Shelf(store, name, groups)


def _choose(shelves: list[Shelf], code: str) -> None:
    """Leave only what has a code."""
    known = {code_of(key) for shelf in shelves for key in shelf.keys}
    fitting = sorted(one for one in known if one.startswith(code))
    if len(fitting) != 1:
        reason = f"{len(fitting)} codes begin so" if fitting else "nothing is stored for it"
        message = f"cannot delete what has the code {code!r}: {reason}."
        listed = f"Give one of {', '.join(sorted(known)) or 'none'}."
        raise QueryError(f"{message} {listed}", name=code, known=tuple(sorted(known)))
    for shelf in shelves:
        chosen = {
            one: [key for key in keys if code_of(key) == fitting[0]]
            for one, keys in shelf.groups.items()
        }
        shelf.groups = {one: keys for one, keys in chosen.items() if keys}


def remove_all(shelves: Sequence[Shelf], *, dry_run: bool = False) -> Removal:
    """Remove what is on all shelves, or nothing if somebody computes one of the runs."""
    if dry_run:
        return _told(shelves, [shelf.would_remove() for shelf in shelves], dry_run=True)
    try:
        for shelf in shelves:
            taken = shelf.claim()
            if taken:
                _refuse(shelf, taken)
        return _told(shelves, [shelf.remove() for shelf in shelves], dry_run=False)
    finally:
        for shelf in shelves:
            shelf.release()


def _told(shelves: Sequence[Shelf], removed: Sequence[Removed], *, dry_run: bool) -> Removal:
    return Removal(
        tuple(one for shelf in shelves for one in shelf.groups),
        sum(len(one.keys) for one in removed),
        tuple(file for one in removed for file in one.files),
        sum(one.nbytes for one in removed),
        dry_run,
    )


def _refuse(shelf: Shelf, taken: set[str]) -> NoReturn:
    found = min(taken)
    claims = shelf.store.claims(shelf.name).items()
    one = next((claim for key, claim in claims if id_of(key) == found), None)
    who = f" by process {one.pid} on {one.host!r}" if one is not None else ""
    more = f", and {len(taken) - 1} more runs are too" if len(taken) > 1 else ""
    raise ClaimError(
        f"cannot delete run {found} of {shelf.name!r}: it is being computed{who}{more}. "
        "Wait until it is done, or end that process.",
        id=found,
    )
