"""The database file that keeps the claims of one experiment."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from expcache._store._patience import PATIENCE, attempts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BUSY: Final = (5, 6)
DAMAGED: Final = (1, 11, 26)
"""SQLITE_ERROR (other tables than ours), SQLITE_CORRUPT, SQLITE_NOTADB."""
TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS owners (
        uuid TEXT PRIMARY KEY, host TEXT, boot TEXT, namespace TEXT, pid INTEGER, start TEXT,
        beat INTEGER, file INTEGER) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS claims (
        key TEXT PRIMARY KEY, owner TEXT, generation INTEGER, since REAL, bulk INTEGER
        ) WITHOUT ROWID""",
)


class ClaimsFile:
    """A small database that survives a kill and need not survive a power cut.

    No statement waits inside SQLite, whose pauses are long: whoever finds the file busy asks
    again. Not a write-ahead log: SQLite before 3.51.3 can damage one that many write at once.
    """

    def __init__(self, path: Path) -> None:
        """Open nothing yet."""
        self.path: Final = path
        self.identity: tuple[int, int] | None = None
        self._connection: sqlite3.Connection | None = None

    def open(self, *, create: bool) -> bool:
        """Open the file, again if it was replaced; return whether there is one."""
        found = self._identify()
        if self._connection is not None:
            if found == self.identity:
                return True
            self.close()
        if found is None and not create:
            return False
        self._connection = self._connect()
        self.identity = self._identify()
        return True

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,  # the ledger's lock guards it, and a fork closes it
        )
        try:
            for statement in ("PRAGMA journal_mode = PERSIST", "PRAGMA synchronous = OFF", *TABLES):
                _insist(connection, statement)
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

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return _insist(self._opened, query, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction."""
        connection = self._opened
        _insist(connection, "BEGIN IMMEDIATE")
        try:
            yield connection
            _insist(connection, "COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.rollback()
            raise

    @property
    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.OperationalError("the file is gone")
        return self._connection

    def close(self) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def discard_if_damaged(self, error: sqlite3.Error) -> bool:
        """After an error: close the file, and remove it if it is no sound database of ours."""
        self.close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGED:
            return False
        if self.identity is None or self._identify() == self.identity:
            for file in (self.path.with_name(self.path.name + "-journal"), self.path):
                with suppress(OSError):
                    file.unlink(missing_ok=True)
        return True


def _insist(
    connection: sqlite3.Connection, query: str, values: Sequence[object] = ()
) -> sqlite3.Cursor:
    """Execute a statement as soon as nobody is in the way."""
    for _ in attempts(PATIENCE):
        try:
            return connection.execute(query, values)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in BUSY:
                raise
            refused = error
    raise refused
