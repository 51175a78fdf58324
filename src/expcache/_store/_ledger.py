"""Who computes which run of one experiment: taking claims, keeping them, giving them up."""

from __future__ import annotations

import time
from contextlib import suppress
from math import inf, nextafter
from typing import TYPE_CHECKING, Final

from expcache._store._caution import Caution
from expcache._store._claim import Claim, Row, unchecked
from expcache._store._claimsfile import ClaimsFile
from expcache._store._holdings import Holdings
from expcache._store._litter import Judged, Litter
from expcache._store._lock import WriteLock
from expcache._store._owner import Observer, this_owner
from expcache.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from expcache._store._folder import Folder
    from expcache._store._whereabouts import Whereabouts

TURN_SECONDS: Final = 2.0


class Ledger:
    """The claims of one experiment in the file that all processes share.

    Called by the threads of the store only, never by one that a Ctrl-C could interrupt. Where the
    file cannot be used, there are no claims, and everybody may compute everything.
    """

    def __init__(self, folder: Folder) -> None:
        """Open nothing yet."""
        self._folder: Final = folder
        self._file: Final = ClaimsFile(folder)
        self._caution: Final = Caution(self._file)
        self._held: Final = Holdings()
        self._observer: Final = Observer()
        self._litter: Final = Litter(self._file, self._judge)
        self._since = 0.0
        self._registered: tuple[int, int] | None = None
        self.complaints: Final = self._caution.complaints
        self.close: Final = self._caution.close

    @property
    def exists(self) -> bool:
        """Whether anybody has ever claimed something here."""
        return self._file.path.exists()

    @property
    def opened(self) -> bool:
        """Whether the file is open now."""
        return self._file.opened

    @property
    def holds(self) -> bool:
        """Whether this process holds claims here."""
        return bool(self._held)

    def lies_below(self, directory: Path) -> bool:
        """Tell whether this ledger belongs to a store's directory."""
        return directory in self._folder.path.parents

    def claim(self, keys: Iterable[str], *, bulk: bool) -> dict[str, Claim]:
        """Claim those keys that nobody holds; return what was won."""
        wanted = list(dict.fromkeys(keys))
        try:
            self._folder.create()
        except (OSError, StoreError):  # whoever puts a record here will hear of it
            return unchecked(wanted, bulk=bulk)
        first = self._registered is None
        won, dead = self._enter(wanted, bulk=bulk, take=False)
        if dead or (first and self._has_litter()):
            # Between its look at its claim and its commit, no late owner can lose the claim.
            lock = WriteLock(self._folder.lock, patience=TURN_SECONDS)
            with suppress(StoreError, OSError), lock:
                won |= self._enter(dead, bulk=bulk, take=True)[0]
        return won

    def _enter(
        self, keys: list[str], *, bulk: bool, take: bool
    ) -> tuple[dict[str, Claim], list[str]]:
        """Claim in one transaction; return what was won, and keys whose owner is dead.

        Whether those are taken over, and what is left of the dead swept away, says *take*.
        """
        done = self._caution.use(lambda: self._claim(keys, bulk=bulk, take=take), otherwise=None)
        return (unchecked(keys, bulk=bulk), []) if done is None else done

    def _claim(
        self, keys: list[str], *, bulk: bool, take: bool
    ) -> tuple[dict[str, Claim], list[str]]:
        self._open(create=True)
        me = this_owner()
        self._since = since = max(time.time(), nextafter(self._since, inf))
        rows = [Row(key, me.uuid, 1, since, bulk) for key in keys]
        dead: list[Row] = []
        over = self._held.over()
        with self._file.transaction():
            if self._registered != self._file.mark:
                self._file.register(me)
            self._file.delete(over)
            if not self._file.insert(rows):
                found = list(self._file.rows(keys))
                rows = [row for row in found if (row.owner, row.since) == (me.uuid, since)]
                dead = self._dead([row for row in found if row.since != since])
            if take:
                taken = [Row(row.key, me.uuid, row.generation + 1, since, bulk) for row in dead]
                self._file.replace(taken)
                self._litter.sweep()
                rows, dead = rows + taken, []
            first = self._file.take_numbers(len(rows))
        self._registered = self._file.mark
        self._held.remove(over)
        won = {row.key: self._held.add(row, first + at) for at, row in enumerate(rows)}
        return won, [row.key for row in dead]

    def _dead(self, rows: list[Row]) -> list[Row]:
        owners = self._judge() if rows else {}
        return [row for row in rows if not self._lives(row, owners)]

    def _judge(self) -> Judged:
        """Look at every owner, and tell which of them live."""
        mine = this_owner().uuid
        return {
            # A copy of a store is a file of its own: nobody holds claims in it.
            owner.uuid: (
                owner,
                here and (owner.uuid == mine or not self._observer.is_dead(owner, beat)),
            )
            for owner, beat, here in self._file.owners()
        }

    def _lives(self, row: Row, owners: Judged) -> bool:
        if row.owner == this_owner().uuid:
            return self._held.has(row)
        return row.owner in owners and owners[row.owner][1]

    def _has_litter(self) -> bool:
        """Tell whether owners that died long ago have left something."""
        if self._registered is None:  # as there is no file
            return False
        return self._caution.use(self._litter.is_there, otherwise=False)

    def claims(self) -> dict[str, Claim]:
        """Return every claim there is, with a fresh look at its owner."""
        return self._caution.use(self._tell, otherwise={})

    def _tell(self) -> dict[str, Claim]:
        if not self._open(create=False):
            return {}
        self._delete(self._held.over())
        rows = list(self._file.rows())
        owners = self._judge() if rows else {}
        told = self._file.whereabouts() if rows else {}
        return {
            row.key: Claim(
                row,
                owners[row.owner][0] if row.owner in owners else None,
                live=self._lives(row, owners),
                where=told.get((row.key, row.owner, row.since)),
            )
            for row in rows
        }

    def tell_where(self, told: Mapping[Claim, Whereabouts]) -> None:
        """Note where the runs are whose claims are held."""
        if self._held:
            self._caution.use(lambda: self._tell_where(told), otherwise=None)

    def _tell_where(self, told: Mapping[Claim, Whereabouts]) -> None:
        held = {row: told[claim] for claim in told for row in self._held.find([claim])}
        if held and self._open(create=True):
            with self._file.transaction():
                self._file.tell_where(held)

    def lost(self, claims: Iterable[Claim]) -> set[Claim]:
        """Return those claims that are no longer this process's."""
        wanted = list(claims)
        if not self._held:
            return set(wanted)
        return self._caution.use(lambda: self._lost(wanted), otherwise=set())

    def _lost(self, claims: list[Claim]) -> set[Claim]:
        held = self._held.find(claims)
        found: set[object] = set()
        if held and self._open(create=True):
            found.update(self._file.tuples([row.key for row in held]))
        valid = {row.key for row in held if row in found}
        return {claim for claim in claims if claim.key not in valid}

    def release(self, claims: Iterable[Claim]) -> None:
        """Give up those of *claims* that this process still holds."""
        wanted = list(claims)
        if self._held:
            self._caution.use(lambda: self._delete(self._held.find(wanted)), otherwise=None)

    def finish(self, claims: Iterable[Claim]) -> None:
        """Hold claims no more, as their results are there; `tidy` removes their rows."""
        self._held.finish(claims)

    def tidy(self) -> None:
        """Remove the rows of finished claims."""
        if self._held.over():
            self._caution.use(lambda: self._delete(self._held.over()), otherwise=None)

    def _delete(self, rows: Collection[Row]) -> None:
        if rows and self._open(create=False):
            with self._file.transaction():
                self._file.delete(rows)
        self._held.remove(rows)

    def beat(self) -> None:
        """Show that this process lives, and give up what nothing in it refers to."""
        if self._held:
            self._caution.use(self._beat, otherwise=None)

    def _beat(self) -> None:
        self._delete([*self._held.forgotten(), *self._held.over()])
        if self._held and self._open(create=False):
            self._file.beat(this_owner())

    def end(self) -> None:
        """Give up whatever this process holds, and let go of the file."""
        if self._registered is not None:
            self._caution.use(self._end, otherwise=None)
        self._registered = None
        self.close()

    def _end(self) -> None:
        self._delete([*self._held.rows(), *self._held.over()])
        if self._open(create=False):
            self._file.leave(this_owner())

    def _open(self, *, create: bool) -> bool:
        """Open the file; write what is held into one that was put in the place of another."""
        before = self._file.mark
        if not self._file.open(create=create):
            return False
        if self._held and before != self._file.mark:
            with self._file.transaction():
                self._file.insert(self._held.rows())
                self._file.register(this_owner())
        return True
