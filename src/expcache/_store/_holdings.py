"""What one process holds of an experiment's claims."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from expcache._store._claim import Claim, Row
from expcache._store._owner import this_owner

if TYPE_CHECKING:
    from collections.abc import Iterable


_NONE = (None, None)


class Holdings:
    """The claims that this process won and has not given up.

    It does not keep them alive: what nobody refers to is forgotten, whether an exception, a
    Ctrl-C or a mistake lost it, and then its row has to go.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: dict[str, tuple[weakref.ref[Claim], Row]] = {}
        self._over: dict[Row, None] = {}

    def __bool__(self) -> bool:
        """Tell whether this process has rows."""
        return bool(self._held or self._over)

    def add(self, row: Row, number: int) -> Claim:
        """Hold a claim, and return it to who is to keep it."""
        claim = Claim(row, this_owner(), number=number)
        self._held[row.key] = weakref.ref(claim), row
        return claim

    def find(self, claims: Iterable[Claim]) -> list[Row]:
        """Return the rows of those claims that are held."""
        mine, held = this_owner().uuid, self._held.get
        rows = [claim._row for claim in claims]  # noqa: SLF001 - read for every single write
        return [row for row in rows if row.owner == mine and (held(row.key) or _NONE)[1] == row]

    def has(self, row: Row) -> bool:
        """Tell whether somebody in this process still refers to the claim of a row."""
        held = self._held.get(row.key)
        return held is not None and held[1].since == row.since and held[0]() is not None

    def rows(self) -> list[Row]:
        """Return the rows of all that is held, forgotten or not."""
        return [row for _, row in list(self._held.values())]

    def over(self) -> list[Row]:
        """Return the rows of what has had its result."""
        return list(self._over)

    def forgotten(self) -> list[Row]:
        """Return the rows of what nobody refers to."""
        return [row for claim, row in list(self._held.values()) if claim() is None]

    def finish(self, claims: Iterable[Claim]) -> None:
        """Hold these no more; their rows are to be removed."""
        rows = self.find(claims)
        self._over.update(dict.fromkeys(rows))
        for row in rows:
            self._held.pop(row.key, None)

    def remove(self, rows: Iterable[Row]) -> None:
        """Forget these, whose rows are gone."""
        for row in rows:
            self._over.pop(row, None)
            if (self._held.get(row.key) or _NONE)[1] == row:
                del self._held[row.key]
