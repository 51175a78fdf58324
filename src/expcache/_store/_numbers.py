"""Numbers of runs: each is given to one run of an experiment in a store.

They are counted beside the claims, where that costs nothing, and may be lost with them. So the
database of the records notes the largest that a record has, in the transaction of that record.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from expcache._store._connect import connect

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from expcache._store._write import Write

LAST: Final = "SELECT last FROM numbers"
BEGIN: Final = "INSERT INTO numbers VALUES (?)"
COUNT: Final = "UPDATE numbers SET last = ?"
NOTED: Final = "PRAGMA user_version"


class Numbers:
    """The counter of one experiment, in the file of its claims."""

    def __init__(self, database: Path) -> None:
        """Count on from what the *database* of the records has."""
        self._database: Final = database
        self._begun: sqlite3.Connection | None = None

    def take(self, connection: sqlite3.Connection, count: int) -> int:
        """Return the first of so many numbers, within a transaction of the claims."""
        found = connection.execute(LAST).fetchall()
        last = found[0][0] if found else 0
        if self._begun is not connection:  # once a process, and when the file was replaced
            last = max(last, self._noted())
            self._begun = connection
        connection.execute(COUNT if found else BEGIN, (last + count,))
        return int(last) + 1

    def _noted(self) -> int:
        with suppress(sqlite3.Error):  # whoever reads records there will hear of it
            link = connect(self._database)
            try:
                return int(link.connection.execute(NOTED).fetchone()[0])
            finally:
                link.close()
        return 0


def note_numbers(cache: Any, writes: Iterable[Write]) -> None:
    """Note the largest number of records that are written, in their transaction."""
    numbers = [write.claim.number or 0 for write in writes if write.claim is not None]
    largest = max(numbers, default=0)
    if largest > cache._sql(NOTED).fetchone()[0]:  # noqa: SLF001 - no public way
        cache._sql(f"{NOTED} = {largest:d}")  # noqa: SLF001 - as above
