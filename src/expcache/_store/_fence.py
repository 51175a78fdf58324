"""What keeps late results out: a write whose claim was taken over writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from expcache._store._claim import UNCHECKED
from expcache._store._claimant import CLAIMANT

if TYPE_CHECKING:
    from expcache._store._folder import Folder
    from expcache._store._write import Write


class Fence:
    """The claims of a group of writes to one experiment, looked at under its write lock.

    Nobody takes a claim over without that lock, so that what was seen here is true until the
    group is committed.
    """

    def __init__(self, group: list[Write]) -> None:
        """Look which claims are no longer held."""
        found = [write.claim for write in group if write.claim is not None]
        self._claims: Final = [claim for claim in found if claim.generation != UNCHECKED]
        self._ledger: Final = CLAIMANT.ledger(group[0].folder) if self._claims else None
        self._lost: Final = self._ledger.lost(self._claims) if self._ledger else set()

    def lets(self, write: Write) -> bool:
        """Tell whether a write may be made."""
        return not self._lost or write.claim not in self._lost

    def lift(self) -> None:
        """After the commit: this process holds the claims no more."""
        if self._ledger is not None:
            self._ledger.finish(self._claims)


def tidy(folder: Folder) -> None:
    """Remove what is left of the claims of writes, when nobody waits for them any more."""
    CLAIMANT.ledger(folder).tidy()
