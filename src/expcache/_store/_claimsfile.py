"""The database file that keeps the claims of one experiment."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager, suppress
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from expcache._store._claim import Row
from expcache._store._lock import WriteLock
from expcache._store._numbers import Numbers
from expcache._store._owner import Owner
from expcache._store._places import CREATE_PLACES, Claimed, Places
from expcache._store._rows import marks, portions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from expcache._store._folder import Folder
    from expcache._store._whereabouts import Whereabouts

NAME: Final = "claims.db"
LOCK: Final = "claims.lock"
BUSY_SECONDS: Final = 5
LOCK_SECONDS: Final = 10.0
CHUNK: Final = 500
DAMAGED: Final = (1, 11, 26)
"""SQLITE_ERROR (other tables than ours), SQLITE_CORRUPT, SQLITE_NOTADB."""

CREATE: Final = """
    CREATE TABLE IF NOT EXISTS owners (
        uuid TEXT PRIMARY KEY, host TEXT, boot TEXT, namespace TEXT, pid INTEGER, start TEXT,
        beat INTEGER, file INTEGER) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS claims (
        key TEXT PRIMARY KEY, owner TEXT, generation INTEGER, since REAL, bulk INTEGER
        ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS numbers (last INTEGER);
"""
BEAT: Final = "UPDATE owners SET beat = beat + 1 WHERE uuid = ?"
REGISTER: Final = "INSERT OR REPLACE INTO owners VALUES (?, ?, ?, ?, ?, ?, 0, ?)"
LEAVE: Final = "DELETE FROM owners WHERE uuid = ?"
OWNERS: Final = "SELECT uuid, host, boot, namespace, pid, start, beat, file FROM owners"
INSERT: Final = "INSERT OR IGNORE INTO claims VALUES "
ROW: Final = "(?, ?, ?, ?, ?)"
REPLACE: Final = "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?)"
DELETE: Final = "DELETE FROM claims WHERE owner = ? AND since = ? AND key IN "
ROWS: Final = "SELECT key, owner, generation, since, bulk FROM claims"
OLD: Final = "SELECT DISTINCT owner FROM claims WHERE since < ?"
DELETE_OLD: Final = "DELETE FROM claims WHERE owner = ? AND since < ?"
IDLE: Final = "SELECT uuid FROM owners WHERE uuid NOT IN (SELECT owner FROM claims)"


class ClaimsFile:
    """A small database that survives a kill and need not survive a power cut.

    All of it happens inside `turn`, so that no two connections ever write or tidy the log at the
    same moment, which SQLite before 3.51.3 does not survive.
    """

    def __init__(self, folder: Folder) -> None:
        """Open nothing yet."""
        self._folder: Final = folder
        self.path: Final = folder.path / NAME
        self._turns: Final = folder.path / LOCK
        self.mark: tuple[int, int] | None = None
        self._identity: tuple[int, int] | None = None
        self._connection: sqlite3.Connection | None = None
        self._numbers: Final = Numbers(folder.database)
        self._places: Final = Places()

    def turn(self) -> WriteLock:
        """Return the lock to be held around everything that follows."""
        return WriteLock(self._turns, patience=LOCK_SECONDS)

    @property
    def opened(self) -> bool:
        """Whether the file is open now."""
        return self._connection is not None

    def open(self, *, create: bool) -> bool:
        """Open the file, again if it was replaced; return whether there is one."""
        found = self._identify()
        if self._connection is not None:
            if found == self._identity:
                return True
            self._close()
        if found is None and not create:
            return False
        self._connection = self._connect()
        self._identity = self._identify()
        self.mark = self.number, self._read_version()
        return True

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # the ledger's lock guards it, and a fork closes it
        )
        try:
            mode = "wal" if self._folder.journal == "wal" else "persist"
            connection.execute(f"PRAGMA journal_mode = {mode}")
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(CREATE + CREATE_PLACES)
        except BaseException:
            connection.close()
            raise
        return connection

    def _identify(self) -> tuple[int, int] | None:
        try:
            facts = os.stat(self.path)  # noqa: PTH116 - half the price of Path.stat
        except OSError:
            return None
        return facts.st_dev, facts.st_ino

    @property
    def number(self) -> int:
        """A number that a copy of the file does not share, as large as SQLite can keep."""
        return (self._identity or (0, 0))[1] % (1 << 63)

    def _read_version(self) -> int:
        """Return a number that tells this file from one that had its place before.

        A new file may well get the inode of one that was removed.
        """
        ((version,),) = self._opened.execute("PRAGMA user_version").fetchall()
        if not version:
            version = int.from_bytes(os.urandom(4)) >> 1 or 1
            self._opened.execute(f"PRAGMA user_version = {version}")
        return int(version)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is done in the block, or nothing."""
        self._opened.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._opened.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._opened.rollback()
            raise

    @property
    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.OperationalError("the file is gone")
        return self._connection

    def rows(self, keys: Collection[str] | None = None) -> Iterator[Row]:
        """Yield the claims of these keys, or all of them."""
        found = self._opened.execute(ROWS).fetchall() if keys is None else self.tuples(keys)
        yield from map(Row._make, found)

    def tuples(self, keys: Collection[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the claims of these keys, each equal to its row."""
        rest = iter(keys)
        while chunk := list(islice(rest, CHUNK)):
            query = f"{ROWS} WHERE key IN ({','.join('?' * len(chunk))})"
            yield from self._opened.execute(query, chunk).fetchall()

    def insert(self, rows: Collection[Row]) -> bool:
        """Add the claims whose keys are free; return whether all were."""
        execute, before = self._opened.execute, self._opened.total_changes
        for some in portions(list(rows)):
            execute(INSERT + marks(ROW, len(some)), [each for row in some for each in row])
        return self._opened.total_changes - before == len(rows)

    def replace(self, rows: Iterable[Row]) -> None:
        """Write claims in the place of those with their keys."""
        self._opened.executemany(REPLACE, rows)

    def delete(self, rows: Collection[Row]) -> None:
        """Remove these very claims, and none that came after them."""
        execute = self._opened.execute
        self._places.remove(self._opened, (row.key for row in rows))
        for claim, group in groupby(rows, itemgetter(1, 3)):  # its owner, and since when
            for some in portions([row.key for row in group]):
                execute(f"{DELETE}({marks('?', len(some))})", (*claim, *some))

    def tell_where(self, told: Mapping[Row, Whereabouts]) -> None:
        """Note where claimed runs are."""
        self._places.write(self._opened, told)

    def whereabouts(self) -> dict[Claimed, Whereabouts]:
        """Return what is noted of claims."""
        return self._places.read(self._opened)

    def owners(self) -> Iterator[tuple[Owner, int, bool]]:
        """Yield every owner, its number of beats, and whether it registered in this very file."""
        for *fields, beat, file in self._opened.execute(OWNERS).fetchall():
            yield Owner(*fields), beat, file == self.number

    def register(self, owner: Owner) -> None:
        """Add an owner."""
        self._opened.execute(REGISTER, (*owner, self.number))

    def beat(self, owner: Owner) -> None:
        """Count one more sign of life."""
        if not self._opened.execute(BEAT, (owner.uuid,)).rowcount:
            self.register(owner)

    def leave(self, owner: Owner) -> None:
        """Remove an owner that claims nothing."""
        self._opened.execute(LEAVE, (owner.uuid,))

    def old(self, until: float) -> set[str]:
        """Return the owners of claims that are older than a time."""
        return {owner for (owner,) in self._opened.execute(OLD, (until,)).fetchall()}

    def delete_old(self, owners: Iterable[str], until: float) -> None:
        """Remove the old claims of some owners."""
        self._opened.executemany(DELETE_OLD, [(owner, until) for owner in owners])
        self._places.sweep(self._opened)

    def idle(self) -> set[str]:
        """Return the owners that claim nothing."""
        return {owner for (owner,) in self._opened.execute(IDLE).fetchall()}

    def take_numbers(self, count: int) -> int:
        """Return the first of so many numbers that no run has or gets."""
        return self._numbers.take(self._opened, count)

    def close(self) -> None:
        """Let go of the file; the last one to do so tidies its log away."""
        if self._connection is not None:
            with suppress(OSError), self.turn():  # StoreError too: close it nevertheless
                self._close()
        self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def discard_if_damaged(self, error: sqlite3.Error) -> bool:
        """After an error: close the file, and remove it if it is no sound database of ours."""
        self._close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGED:
            return False
        for end in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                self.path.with_name(NAME + end).unlink(missing_ok=True)
        return True
