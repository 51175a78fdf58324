"""The claims of one experiment in memory, under the rules of those on disk."""

from __future__ import annotations

import time
from math import inf, nextafter
from typing import TYPE_CHECKING

from expcache._store._claim import Claim, Row
from expcache._store._holdings import Holdings
from expcache._store._owner import this_owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from expcache._store._whereabouts import Whereabouts


class Claimed:
    """Which keys are claimed; one thread's at a time.

    A forked child has a copy, in which nothing that its parent holds can ever be put.
    """

    def __init__(self) -> None:
        """Begin with no claims."""
        self._rows: dict[str, Row] = {}
        self._where: dict[Row, Whereabouts] = {}
        self._held = Holdings()
        self._since = 0.0
        self._number = 0

    def claim(self, keys: Iterable[str], *, bulk: bool) -> dict[str, Claim]:
        """Claim those keys that nobody holds."""
        self._since = max(time.time(), nextafter(self._since, inf))
        free = [key for key in dict.fromkeys(keys) if not self._lives(self._rows.get(key))]
        return {key: self._add(key, bulk=bulk) for key in free}

    def _add(self, key: str, *, bulk: bool) -> Claim:
        generation = self._rows[key].generation + 1 if key in self._rows else 1
        row = Row(key, this_owner().uuid, generation, self._since, bulk)
        self._rows[key] = row
        self._number += 1
        return self._held.add(row, self._number)

    def _lives(self, row: Row | None) -> bool:
        return row is not None and row.owner == this_owner().uuid and self._held.has(row)

    def claims(self) -> dict[str, Claim]:
        """Return every claim there is."""
        owner = this_owner()
        return {
            key: Claim(
                row,
                owner if row.owner == owner.uuid else None,
                live=self._lives(row),
                where=self._where.get(row),
            )
            for key, row in self._rows.items()
        }

    def tell_where(self, told: Mapping[Claim, Whereabouts]) -> None:
        """Note where the runs are whose claims are held."""
        for claim, whereabouts in told.items():
            for row in self._held.find([claim]):
                self._where[row] = whereabouts

    def release(self, claims: Iterable[Claim]) -> bool:
        """Give up those claims that are held; return whether there was one."""
        rows = self._held.find(claims)
        for row in rows:
            del self._rows[row.key]
            self._where.pop(row, None)
        self._held.remove(rows)
        return bool(rows)
