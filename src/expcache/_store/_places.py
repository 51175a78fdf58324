"""The table that tells where an engine has the runs that are claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from expcache._store._rows import marks, portions
from expcache._store._whereabouts import Whereabouts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from expcache._store._claim import Row

CREATE_PLACES: Final = """
    CREATE TABLE IF NOT EXISTS places (
        key TEXT PRIMARY KEY, owner TEXT, claimed REAL, status TEXT, host TEXT, engine TEXT,
        name TEXT, since REAL) WITHOUT ROWID;
"""
WRITE: Final = "INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
READ: Final = "SELECT key, owner, claimed, status, host, engine, name, since FROM places"
REMOVE: Final = "DELETE FROM places WHERE key IN "
SWEEP: Final = "DELETE FROM places WHERE key NOT IN (SELECT key FROM claims)"

Claimed = tuple[str, str, float]
"""The key of a claim, its owner, and since when: no two claims have the same."""


class Places:
    """What one process has told, beside its claims: a table of its own, as others know only these.

    A row counts with the claim that it was told of, so that one that is left says nothing. Who
    has told nothing does not touch the table.
    """

    def __init__(self) -> None:
        """Have told nothing yet."""
        self._told: set[str] = set()

    def write(self, connection: sqlite3.Connection, told: Mapping[Row, Whereabouts]) -> None:
        """Tell where claimed runs are."""
        rows = [
            (row.key, row.owner, row.since, it.status, it.host, it.engine, it.name, it.since)
            for row, it in told.items()
        ]
        connection.executemany(WRITE, rows)
        self._told.update(row.key for row in told)

    def read(self, connection: sqlite3.Connection) -> dict[Claimed, Whereabouts]:
        """Return what is told of claims, by anybody."""
        found: dict[Claimed, Whereabouts] = {}
        for key, owner, claimed, status, host, engine, name, since in connection.execute(READ):
            it: Any = {"status": status, "host": host, "engine": engine, "name": name}
            found[key, owner, claimed] = Whereabouts(**it, since=since)
        return found

    def remove(self, connection: sqlite3.Connection, keys: Iterable[str]) -> None:
        """Take away what this process has told of claims that are given up."""
        if not self._told:
            return
        gone = [key for key in keys if key in self._told]
        for some in portions(gone):
            connection.execute(f"{REMOVE}({marks('?', len(some))})", some)
        self._told.difference_update(gone)

    def sweep(self, connection: sqlite3.Connection) -> None:
        """Take away what is left of claims that are gone."""
        connection.execute(SWEEP)
