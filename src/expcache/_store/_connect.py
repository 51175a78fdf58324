"""Open a database to read it, in any state it was left in, without ever writing to it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from expcache._store._patience import PATIENCE

CACHE_KIB = 32_768
PROBE = "SELECT 1 FROM Cache LIMIT 1"

Stamp = tuple[tuple[int, int, int] | None, ...]


class Link(NamedTuple):
    """An open connection; *stamp* is set when it sees only the moment it was opened in."""

    connection: sqlite3.Connection
    stamp: Stamp | None = None
    copy: Path | None = None

    def close(self) -> None:
        """Close the connection and drop the copy it read, if any."""
        self.connection.close()
        if self.copy is not None:
            _drop(self.copy)


def connect(database: Path) -> Link:
    """Open *database* for reading; raises `sqlite3.Error` when it is no sound database.

    ``mode=ro`` never checkpoints and sees what others commit, but has to share a lock file with
    them. Where that cannot be (a read-only directory), a database without a log is read as it
    is, and one with a log is copied, because reading it without its log would hide records.
    """
    try:
        return Link(_open(database, "mode=ro"))
    except sqlite3.OperationalError:
        if not database.exists():
            raise
        stamp = stamp_of(database)
        if any(stamp[1:]):
            return _open_copy(database, stamp)
        return Link(_open(database, "mode=ro&immutable=1"), stamp)


def _open(database: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{_uri(database)}?{how}",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,  # the reader's lock guards it, and a fork closes it
    )
    try:
        connection.execute("PRAGMA query_only = 1")
        connection.execute("PRAGMA mmap_size = 0")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute(PROBE).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _uri(file: Path) -> str:
    """Name a file as SQLite wants it; `Path.as_uri` would import all of urllib."""
    path = file.absolute().as_posix()
    for sign in "%?#":
        path = path.replace(sign, f"%{ord(sign):02x}")
    return f"file://{path}" if path.startswith("/") else f"file:///{path}"


def _logs(database: Path) -> tuple[Path, Path]:
    return database.with_name(database.name + "-wal"), database.with_name(
        database.name + "-journal"
    )


def _open_copy(database: Path, stamp: Stamp) -> Link:
    import shutil  # noqa: PLC0415 - six milliseconds with tempfile, and copies are rare
    import tempfile  # noqa: PLC0415 - as above

    place = Path(tempfile.mkdtemp(prefix="expcache-"))
    try:
        for file in (database, *_logs(database)):
            if file.exists():
                shutil.copyfile(file, place / file.name)
        # The copy is ours, so SQLite may bring it up to date from the log.
        return Link(_open(place / database.name, "mode=rw"), stamp, place)
    except BaseException:
        _drop(place)
        raise


def _drop(place: Path) -> None:
    import shutil  # noqa: PLC0415 - as in `_open_copy`

    shutil.rmtree(place, ignore_errors=True)


def stamp_of(database: Path) -> Stamp:
    """Tell one state of the files from another; a log that is empty counts as none."""
    return _stamp(database), *map(_stamp_log, _logs(database))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        facts = file.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _stamp_log(file: Path) -> tuple[int, int, int] | None:
    stamp = _stamp(file)
    return stamp if stamp and stamp[1] else None
