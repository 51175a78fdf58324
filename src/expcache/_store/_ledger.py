"""Who computes which run of one experiment: taking claims, keeping them, giving them up."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from itertools import islice
from math import inf, nextafter
from typing import TYPE_CHECKING, Final, TypeVar

from expcache._store._claim import Claim, Row, unchecked
from expcache._store._claimsfile import ClaimsFile
from expcache._store._holdings import Holdings
from expcache._store._lock import WriteLock
from expcache._store._owner import Observer, Owner, this_owner
from expcache.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from expcache._store._folder import Folder

T = TypeVar("T")

FILE: Final = "claims.db"
CHUNK: Final = 500
TURN_PATIENCE: Final = 2.0
REGISTER: Final = (
    "INSERT INTO owners (uuid, host, boot, namespace, pid, start, beat, file) "
    "VALUES (?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (uuid) DO UPDATE SET beat = beat + 1"
)
INSERT: Final = "INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?)"
REPLACE: Final = "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?)"
DELETE: Final = "DELETE FROM claims WHERE key = ? AND owner = ? AND since = ?"
ROWS: Final = "SELECT key, owner, generation, since, bulk FROM claims"
OWNERS: Final = "SELECT uuid, host, boot, namespace, pid, start, beat, file FROM owners"
IDLE: Final = "DELETE FROM owners WHERE uuid NOT IN (SELECT owner FROM claims)"


class Ledger:
    """The claims of one experiment in the file that all processes share.

    Called by the threads of the store only, never by one that a Ctrl-C could interrupt. Where the
    file cannot be used, there are no claims, and everybody may compute everything.
    """

    def __init__(self, folder: Folder) -> None:
        """Open nothing yet."""
        self._folder: Final = folder
        self._file: Final = ClaimsFile(folder.path / FILE)
        self._lock: Final = threading.RLock()
        self._held: Final = Holdings()
        self._observer: Final = Observer()
        self._since = 0.0
        self._complaints: list[str] = []

    @property
    def exists(self) -> bool:
        """Whether anybody has ever claimed something here."""
        return self._file.path.exists()

    def lies_below(self, directory: Path) -> bool:
        """Tell whether this ledger belongs to a store's directory."""
        return directory in self._folder.path.parents

    @property
    def holds(self) -> bool:
        """Whether this process holds claims here."""
        return bool(self._held)

    def claim(self, keys: Iterable[str], *, bulk: bool) -> dict[str, Claim]:
        """Claim those keys that nobody holds; return what was won."""
        wanted = list(dict.fromkeys(keys))
        try:
            self._folder.create()
        except (OSError, StoreError):  # whoever puts a record here will hear of it
            return unchecked(wanted, bulk=bulk)
        won, dead = self._claim(wanted, bulk=bulk, take=False)
        if dead:
            # Between its look at its claim and its commit, no late owner can lose the claim.
            with (
                suppress(StoreError, OSError),
                WriteLock(self._folder.lock, patience=TURN_PATIENCE),
            ):
                won |= self._claim(dead, bulk=bulk, take=True)[0]
        return won

    def _claim(
        self, keys: list[str], *, bulk: bool, take: bool
    ) -> tuple[dict[str, Claim], list[str]]:
        """Claim in one transaction; return what was won, and keys whose owner is dead."""
        none: list[str] = []
        otherwise = unchecked(keys, bulk=bulk), none
        return self._safely(lambda: self._enter(keys, bulk=bulk, take=take), otherwise)

    def _enter(
        self, keys: list[str], *, bulk: bool, take: bool
    ) -> tuple[dict[str, Claim], list[str]]:
        self._open(create=True)
        mine = this_owner().uuid
        self._since = since = max(time.time(), nextafter(self._since, inf))
        rows = [Row(key, mine, 1, since, bulk) for key in keys]
        dead: list[Row] = []
        with self._file.writing() as connection:
            before = connection.total_changes
            connection.executemany(INSERT, rows)
            if connection.total_changes - before < len(rows):
                present = list(self._rows(keys))
                rows = [row for row in present if (row.owner, row.since) == (mine, since)]
                dead = self._dead([row for row in present if row not in rows])
            if take and dead:
                taken = [Row(row.key, mine, row.generation + 1, since, bulk) for row in dead]
                connection.executemany(REPLACE, taken)
                rows, dead = rows + taken, []
            if rows:
                connection.execute(REGISTER, (*this_owner(), self._number))
        return {row.key: self._held.add(row) for row in rows}, [row.key for row in dead]

    def _rows(self, keys: Iterable[str]) -> Iterator[Row]:
        rest = iter(keys)
        while chunk := list(islice(rest, CHUNK)):
            marks = ",".join("?" * len(chunk))
            yield from map(Row._make, self._file.rows(f"{ROWS} WHERE key IN ({marks})", chunk))

    def _dead(self, rows: list[Row]) -> list[Row]:
        owners = self._judge() if rows else {}
        return [row for row in rows if not self._lives(row, owners)]

    def _judge(self) -> dict[str, tuple[Owner, bool]]:
        """Look at every owner, and tell which of them live."""
        judged: dict[str, tuple[Owner, bool]] = {}
        for *fields, beat, file in self._file.rows(OWNERS):
            owner = Owner(*fields)
            # A copy of a store is a file of its own: nobody holds claims in it.
            live = file == self._number and not self._observer.is_dead(owner, beat)
            judged[owner.uuid] = owner, live
        return judged

    @property
    def _number(self) -> int:
        return (self._file.identity or (0, 0))[1] % (1 << 63)  # as large as SQLite keeps numbers

    def _lives(self, row: Row, owners: dict[str, tuple[Owner, bool]]) -> bool:
        if row.owner == this_owner().uuid:
            return self._held.has(row)
        return row.owner in owners and owners[row.owner][1]

    def claims(self) -> dict[str, Claim]:
        """Return every claim there is, with a fresh look at its owner."""
        return self._safely(self._tell, {})

    def _tell(self) -> dict[str, Claim]:
        if not self._open(create=False):
            return {}
        rows = list(map(Row._make, self._file.rows(ROWS)))
        owners = self._judge() if rows else {}
        found = {row.key: (row, owners.get(row.owner, (None, False))[0]) for row in rows}
        return {
            key: Claim(row, owner, live=self._lives(row, owners))
            for key, (row, owner) in found.items()
        }

    def lost(self, claims: Iterable[Claim]) -> set[Claim]:
        """Return those claims that are no longer this process's; others own their keys now."""
        wanted = list(claims)
        return self._safely(lambda: self._lost(wanted), set())

    def _lost(self, claims: list[Claim]) -> set[Claim]:
        held = {row.key: row for row in self._held.find(claims)}
        if held and self._open(create=True):
            valid = {row.key for row in self._rows(list(held)) if row == held[row.key]}
            return {claim for claim in claims if claim.key not in valid}
        return set(claims)

    def release(self, claims: Iterable[Claim]) -> None:
        """Give up those of *claims* that this process still holds."""
        wanted = list(claims)
        self._safely(lambda: self._delete(self._held.find(wanted)), None)

    def release_all(self) -> None:
        """Give up whatever this process holds."""
        self._safely(lambda: self._delete(self._held.rows()), None)

    def _delete(self, rows: Collection[Row]) -> None:
        if rows and self._open(create=False):
            with self._file.writing() as connection:
                values = [(row.key, row.owner, row.since) for row in rows]
                connection.executemany(DELETE, values)
        self._held.remove(rows)

    def beat(self) -> None:
        """Show that this process lives, and give up what nobody in it refers to."""
        self._safely(self._beat, None)

    def _beat(self) -> None:
        self._delete(self._held.forgotten())
        if self._held and self._open(create=False):
            with self._file.writing() as connection:
                connection.execute(REGISTER, (*this_owner(), self._number))

    def _open(self, *, create: bool) -> bool:
        """Open the file; write what is held into one that was put in the place of another."""
        before = self._file.identity
        if not self._file.open(create=create):
            return False
        if before is not None and before != self._file.identity and self._held:
            with self._file.writing() as connection:
                connection.executemany(INSERT, self._held.rows())
                connection.execute(REGISTER, (*this_owner(), self._number))
        return True

    def _safely(self, action: Callable[[], T], otherwise: T) -> T:
        """Do it; once more if the file was damaged; without claims if that does not do it."""
        with self._lock:
            for _ in range(2):
                try:
                    return action()
                except sqlite3.Error as error:
                    again = self._file.discard_if_damaged(error)
                    self._complaints.append(self._explain(error, again=again))
                    if not again:
                        break
            return otherwise

    def _explain(self, error: sqlite3.Error, *, again: bool) -> str:
        file = str(self._file.path)
        if again:
            return (
                f"cannot read the claims in {file!r}: {error}. They are begun anew, and what other "
                "processes compute at this moment may be computed twice."
            )
        return (
            f"cannot keep claims in {file!r}: {error}. Several processes may compute the same "
            "runs until the file can be written again."
        )

    def complaints(self) -> list[str]:
        """Return what went wrong since the last time."""
        found, self._complaints = self._complaints, []
        return found

    def close(self) -> None:
        """Let go of the file; what is held stays so."""
        with self._lock:
            self._file.close()
