"""Where the runs are that somebody has in hand: by claims, and by notes of what was sent away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expcache._store import Held, Store, Whereabouts

__all__ = ["held", "whereabouts"]


def whereabouts(store: Store, experiment: str) -> dict[str, Whereabouts]:
    """Return where each run is that somebody has in hand, by the key of its record."""
    claims = store.claims(experiment).items()
    claimed = {key: claim.whereabouts for key, claim in claims if claim.live}
    place = store.sent_directory(experiment)
    if place is None:
        return claimed
    from expcache._executor import away  # noqa: PLC0415 - only where something was sent away

    return {**away(place), **claimed}


def held(store: Store, experiment: str) -> dict[str, Held]:
    """Return which runs are queued, and which running, by the keys of their records."""
    return {key: one.status for key, one in whereabouts(store, experiment).items()}
