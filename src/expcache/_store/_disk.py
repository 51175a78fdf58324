"""The only place that knows diskcache: bytes in, bytes out, settings that never forget."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import diskcache  # type: ignore[import-untyped]

from expcache._store._rows import marks, portions
from expcache.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DATABASE: Final = "cache.db"
BUSY_SECONDS: Final = 5
MODE_RAW: Final = 1
BUSY_CODES: Final = (5, 6)  # SQLITE_BUSY, SQLITE_LOCKED

SETTINGS: Final[dict[str, Any]] = {
    "cull_limit": 0,
    "disk_min_file_size": 1 << 40,  # an envelope is a row, never a file beside the database
    "disk_pickle_protocol": 5,  # nothing is pickled; fixed so that no version writes another
    "eviction_policy": "none",
    "size_limit": 1 << 60,
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 1 << 13,
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 2,  # FULL: a commit that was acknowledged survives a power cut
    "statistics": 0,
    "tag_index": 0,
}
INSERT: Final = """
    INSERT OR IGNORE INTO Cache (
        key, raw, store_time, expire_time, access_time, access_count, tag, size, mode, filename,
        value) VALUES """
ROW: Final = f"(?, 1, ?, NULL, ?, 0, NULL, 0, {MODE_RAW}, NULL, ?)"

COUNTERS: Final = frozenset({"count", "hits", "misses", "size"})


class BytesDisk(diskcache.Disk):  # type: ignore[misc]
    """Lets text keys and bytes values through, and refuses everything else.

    diskcache unpickles whatever a row says is a pickle, and opens or deletes whatever file a row
    names. Through this class a row can do neither.
    """

    def put(self, key: object) -> tuple[str, bool]:
        """Accept a text key as it is."""
        if type(key) is not str:
            raise TypeError(f"cannot use {key!r} as a key: it is no text. Use a str.")
        return key, True

    def get(self, key: object, raw: object) -> str:
        """Return a stored key that is text; refuse a pickled one."""
        if not raw or type(key) is not str:
            raise ValueError("cannot read a key: it was not written by expcache.")
        return key

    def store(
        self,
        value: object,
        read: object,
        key: object = None,  # noqa: ARG002 - diskcache's signature
    ) -> tuple[int, int, None, memoryview]:
        """Keep bytes in the row."""
        if read or type(value) is not bytes:
            raise TypeError(f"cannot store a {type(value).__name__}: it is no bytes. Seal it.")
        return 0, MODE_RAW, None, memoryview(value)

    def fetch(self, mode: object, filename: object, value: object, read: object) -> bytes:
        """Return the bytes of a row; refuse pickles, texts and files."""
        if mode != MODE_RAW or filename is not None or read or type(value) is not bytes:
            raise ValueError("cannot read a value: it was not written by expcache.")
        return value

    def filename(self, *_key_and_value: object) -> tuple[str, str]:
        """Refuse: no value has a file of its own here."""
        raise ValueError("cannot name a file: values are kept in the database.")

    def remove(self, file_path: object) -> None:
        """Remove nothing: a row that names a file was planted."""


def open_cache(directory: Path, *, journal: str) -> diskcache.Cache:
    """Open an experiment's diskcache with settings under which nothing is ever dropped."""
    _refuse_strange_settings(directory)
    wanted = {**SETTINGS, "sqlite_journal_mode": journal}
    cache = diskcache.Cache(str(directory), timeout=BUSY_SECONDS, disk=BytesDisk, **wanted)
    try:
        _verify(cache, directory, wanted)
    except BaseException:
        cache.close()
        raise
    return cache


def _refuse_strange_settings(directory: Path) -> None:
    """Look before diskcache does: it runs each setting's name as a part of a statement."""
    database = directory / DATABASE
    if not database.exists():
        return
    query = "SELECT key FROM Settings"
    try:
        with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
            names = {name for (name,) in connection.execute(query)}
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return
        raise
    strange = names - SETTINGS.keys() - COUNTERS - {"sqlite_journal_mode"}
    if strange:
        raise StoreError(
            f"cannot write to {str(directory)!r}: its database has the strange setting "
            f"{min(map(str, strange))!r}. Do not trust it: use another store, expcache.use(path).",
            path=str(directory),
        )


def _verify(cache: diskcache.Cache, directory: Path, wanted: dict[str, Any]) -> None:
    stored = dict(cache._sql("SELECT key, value FROM Settings").fetchall())  # noqa: SLF001 - no public way
    for name, value in wanted.items():
        found = stored.get(name)
        if name.startswith("sqlite_"):
            ((found,),) = cache._sql(f"PRAGMA {name[7:]}").fetchall()  # noqa: SLF001 - as above
        if found != value:
            raise StoreError(
                f"cannot write to {str(directory)!r}: its setting {name!r} is {found!r} and stays "
                f"so, where {value!r} is needed. Use another store: expcache.use(path).",
                path=str(directory),
            )


def add_all(cache: diskcache.Cache, rows: Sequence[tuple[str, bytes]]) -> bool:
    """Add rows in turn, within a transaction, as `Cache.add` does; all of them, or none.

    Where diskcache is one day made otherwise, this raises `sqlite3.Error`, and the caller goes on
    row by row.
    """
    sql, now = cache._sql, time.time()  # noqa: SLF001 - no public way
    sql("SAVEPOINT rows")
    whole = True
    for some in portions(rows):
        values = [each for key, value in some for each in (key, now, now, value)]
        whole = sql(INSERT + marks(ROW, len(some)), values).rowcount == len(some)
        if not whole:
            sql("ROLLBACK TO rows")
            break
    sql("RELEASE rows")
    return whole


def is_busy(error: BaseException) -> bool:
    """Tell whether an error only says that somebody else has the database locked."""
    cause = error.__context__ if isinstance(error, diskcache.Timeout) else error
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF in BUSY_CODES
