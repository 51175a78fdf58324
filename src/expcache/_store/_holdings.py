"""What one process holds of an experiment's claims."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from expcache._store._claim import Claim, Row
from expcache._store._owner import this_owner

if TYPE_CHECKING:
    from collections.abc import Iterable


class Holdings:
    """The claims that this process won and has not given up.

    It does not keep them alive: what nobody refers to is forgotten, whether an exception, a
    Ctrl-C or a mistake lost it, and then its row has to go.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: dict[str, tuple[weakref.ref[Claim], Row]] = {}

    def __bool__(self) -> bool:
        """Tell whether anything is held, or forgotten."""
        return bool(self._held)

    def add(self, row: Row) -> Claim:
        """Hold a claim, and return it to who is to keep it."""
        claim = Claim(row, this_owner())
        self._held[row.key] = weakref.ref(claim), row
        return claim

    def find(self, claims: Iterable[Claim]) -> list[Row]:
        """Return the rows of those claims that are held."""
        mine = this_owner().uuid
        held = [(claim, self._held.get(claim.key)) for claim in claims if claim.owner == mine]
        return [each[1] for claim, each in held if each and each[1].since == claim.since]

    def has(self, row: Row) -> bool:
        """Tell whether somebody in this process still refers to the claim of a row."""
        held = self._held.get(row.key)
        return held is not None and held[1].since == row.since and held[0]() is not None

    def rows(self) -> list[Row]:
        """Return all rows, forgotten ones too."""
        return [row for _, row in self._held.values()]

    def forgotten(self) -> list[Row]:
        """Return the rows of claims that nobody refers to."""
        return [row for claim, row in self._held.values() if claim() is None]

    def remove(self, rows: Iterable[Row]) -> None:
        """Hold these no more."""
        for row in rows:
            if self._held.get(row.key, (None, None))[1] == row:
                del self._held[row.key]
