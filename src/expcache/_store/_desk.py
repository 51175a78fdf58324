"""Where any thread asks for claims on disk, and hears what went wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expcache._store._claimant import CLAIMANT
from expcache._warning import warn
from expcache.errors import StoreWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from expcache._store._claim import Claim
    from expcache._store._folder import Folder
    from expcache._store._ledger import Ledger
    from expcache._store._whereabouts import Whereabouts


def claim(folder: Folder, keys: Sequence[str], *, bulk: bool) -> dict[str, Claim]:
    """Claim keys; a Ctrl-C while waiting gives up again what was won."""
    ledger = CLAIMANT.ledger(folder)
    won = CLAIMANT.ask(
        lambda: ledger.claim(keys, bulk=bulk), lambda won: ledger.release(won.values())
    )
    _complain(ledger)
    return won


def claims(folder: Folder) -> dict[str, Claim]:
    """Return every claim there is; where there is no store, nothing is made."""
    ledger = CLAIMANT.ledger(folder)
    if not ledger.exists:
        return {}
    found = CLAIMANT.ask(ledger.claims)
    _complain(ledger)
    return found


def tell_where(folder: Folder, told: Mapping[Claim, Whereabouts]) -> None:
    """Have noted where claimed runs are, and wait for nothing."""
    ledger = CLAIMANT.ledger(folder)
    if ledger.holds:
        CLAIMANT.send(lambda: ledger.tell_where(told))
        _complain(ledger)


def release(folder: Folder, claims: Iterable[Claim]) -> None:
    """Give claims up."""
    ledger, wanted = CLAIMANT.ledger(folder), list(claims)
    if ledger.holds:
        CLAIMANT.ask(lambda: ledger.release(wanted))
        _complain(ledger)


def _complain(ledger: Ledger) -> None:
    for message in ledger.complaints():
        warn(message, StoreWarning)
