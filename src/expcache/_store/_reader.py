"""Reading one experiment's records, past diskcache, on a connection of our own."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

from expcache._store._connect import Link, connect, stamp_of
from expcache._store._rows import marks, portions
from expcache.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

GET: Final = "SELECT value FROM Cache WHERE key = ? AND raw = 1"
# The index holds key and rowid; the plus keeps SQLite from walking the envelopes for the order.
KEYS: Final = "SELECT key FROM Cache INDEXED BY Cache_key_raw WHERE raw = 1 ORDER BY +rowid"
BEGINNING: Final = (
    "SELECT key FROM Cache INDEXED BY Cache_key_raw "
    "WHERE key >= ? AND key < ? AND raw = 1 ORDER BY +rowid"
)
FIND: Final = (
    "SELECT store_time, rowid, key FROM Cache WHERE key >= ? AND key < ? AND raw = 1 "
    "ORDER BY store_time, rowid"
)
WANTED: Final = "WITH wanted(first, beyond) AS"
OF_WANTED: Final = (
    "SELECT Cache.rowid, key FROM wanted CROSS JOIN Cache INDEXED BY Cache_key_raw "
    "WHERE key >= first AND key < beyond AND raw = 1"
)
PAGE: Final = (
    "SELECT rowid, key, value FROM Cache WHERE rowid > ? AND raw = 1 ORDER BY rowid LIMIT ?"
)
LAST: Final = "SELECT max(rowid) FROM Cache"
CHUNK: Final = 500
PAGE_ROWS: Final = 64
SCAN_SHARE: Final = 2
AFTER_ALL: Final = "\U0010ffff"


_registering: Final = threading.Lock()
_readers: Final[weakref.WeakSet[Reader]] = weakref.WeakSet()


class _Rows(Protocol):
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class _NoRows:
    """The answer of a database that does not exist yet."""

    def fetchone(self) -> None:
        return None

    def fetchall(self) -> list[Any]:
        return []


_NO_ROWS: Final = _NoRows()


class Reader:
    """Reads one database; opens it when asked, again when its file was replaced.

    One connection serves all threads behind a lock of its own. It holds no transaction between
    calls, so each call sees what is committed, and no writer's log grows because of it.
    """

    def __init__(self, database: Path) -> None:
        """Read *database*, later."""
        self._database: Final = database
        self._lock: Final = threading.RLock()
        self._link: Link | None = None
        self._identity: tuple[int, int] | None = None
        self._execute: Any = self._open_and_execute
        with _registering:
            _readers.add(self)

    def get(self, key: str) -> bytes | None:
        """Return the bytes at *key*, or None."""
        try:
            with self._lock:
                row = self._execute(GET, (key,)).fetchone()
            if row is None and self._replaced():
                with self._lock:
                    row = self._open_and_execute(GET, (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._broken(error) from error
        if row is None or type(row[0]) is not bytes:
            return None
        value: bytes = row[0]
        return value

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the bytes at those of *keys* that exist."""
        last = next(iter(self._rows(LAST)), (None,))[0] or 0
        if len(keys) * SCAN_SHARE >= last > CHUNK:
            wanted = set(keys)
            return {key: value for key, value in self.rows() if key in wanted}
        found: dict[str, bytes] = {}
        rest = iter(keys)
        while chunk := list(islice(rest, CHUNK)):
            marks = ",".join("?" * len(chunk))
            query = f"SELECT key, value FROM Cache WHERE raw = 1 AND key IN ({marks})"  # noqa: S608 - only question marks
            found.update(row for row in self._rows(query, chunk) if _is_ours(*row))
        return found

    def keys(self, prefix: str = "") -> list[str]:
        """List the keys that begin with *prefix*, oldest first."""
        bounds = (prefix, prefix + AFTER_ALL)
        rows = self._rows(BEGINNING, bounds) if prefix else self._rows(KEYS)
        return [key for (key,) in rows if type(key) is str]

    def keys_of(self, prefixes: Sequence[str]) -> list[str]:
        """List the keys that begin with one of some prefixes, oldest first."""
        found: list[tuple[int, str]] = []
        for some in portions(prefixes):
            query = f"{WANTED} (VALUES {marks('(?, ?)', len(some))}) {OF_WANTED}"
            found += self._rows(query, [end for one in some for end in (one, one + AFTER_ALL)])
        return [key for _, key in sorted(set(found)) if type(key) is str]

    def find(self, prefix: str) -> list[tuple[float, int, str]]:
        """List (time, row, key) of the keys that begin with *prefix*."""
        rows = self._rows(FIND, (prefix, prefix + AFTER_ALL))
        return [(time, row, key) for time, row, key in rows if type(time) is float]

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Yield every (key, bytes), a page at a time."""
        last = 0
        while page := self._rows(PAGE, (last, PAGE_ROWS)):
            last = page[-1][0]
            yield from ((key, value) for _, key, value in page if _is_ours(key, value))

    def check_database(self) -> list[str]:
        """Return what SQLite itself finds wrong."""
        return [str(line) for (line,) in self._rows("PRAGMA integrity_check") if line != "ok"]

    def strange_keys(self) -> list[str]:
        """Return the rows that no expcache has written."""
        query = "SELECT key FROM Cache WHERE raw != 1 OR filename IS NOT NULL OR mode != 1"
        return [repr(key) for (key,) in self._rows(query)]

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                if self._replaced():
                    self.close()
                rows: list[tuple[Any, ...]] = self._execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._broken(error) from error
        return rows

    def _open_and_execute(self, query: str, values: Sequence[object]) -> _Rows:
        """Stand in for the connection's own `execute` while there is none."""
        with self._lock:
            self.close()
            self._identity = _identify(self._database)
            if self._identity is None:
                return _NO_ROWS
            self._link = link = connect(self._database)
            self._execute = link.connection.execute if link.stamp is None else self._check_first
            return link.connection.execute(query, values)

    def _check_first(self, query: str, values: Sequence[object]) -> _Rows:
        """Execute on a connection that is blind to changes, after looking for them."""
        if self._link is None or self._link.stamp != stamp_of(self._database):
            return self._open_and_execute(query, values)
        return self._link.connection.execute(query, values)

    def _replaced(self) -> bool:
        return self._link is not None and _identify(self._database) != self._identity

    def _broken(self, error: sqlite3.Error) -> StoreError:
        file = str(self._database)
        return StoreError(
            f"cannot read {file!r}: {error}. Restore the file from a backup, or remove the "
            f"directory {str(self._database.parent)!r} and compute its runs again.",
            path=file,
        )

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        with self._lock:
            link, self._link = self._link, None
            self._execute = self._open_and_execute
            if link is not None:
                link.close()

    def hold(self) -> None:
        """Close, and make other threads wait until `release`."""
        self._lock.acquire()
        self.close()

    def release(self) -> None:
        """End `hold`."""
        self._lock.release()

    def __del__(self) -> None:
        """Close with the last reference, as 3.13 warns of connections left open."""
        if getattr(self, "_link", None) is not None:
            self.close()


def _is_ours(key: object, value: object) -> bool:
    return type(key) is str and type(value) is bytes


def _identify(file: Path) -> tuple[int, int] | None:
    try:
        facts = os.stat(file)  # noqa: PTH116 - half the price of Path.stat, once a miss
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def hold_all() -> list[Reader]:
    """Close every reader of this process and keep it closed until `release`."""
    _registering.acquire()
    readers = list(_readers)
    for reader in readers:
        reader.hold()
    return readers


def release_all(readers: list[Reader]) -> None:
    """Let the readers that `hold_all` returned open again."""
    for reader in readers:
        reader.release()
    _registering.release()


def close_all() -> None:
    """Close every reader of this process."""
    release_all(hold_all())
