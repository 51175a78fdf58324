"""What an executor wants from whoever sends it batches, beyond taking them."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Wishes", "wishes_of"]


class Wishes(NamedTuple):
    """The attributes of an executor that it need not have."""

    elsewhere: bool = False
    """Its workers have no files of the project: code goes by value, and nothing is written."""
    batch_seconds: float | None = None
    """How long a batch should take, for sending to cost little beside it; None: as here."""
    ahead: int | None = None
    """How many batches to have on their way; None: a few more than are computed at a time."""
    together: bool = False
    """What it begins at a time is costly by itself: it is rather sent much than often."""
    outlives: bool = False
    """It computes on without the process that sent it batches, and notes which runs those are."""


def wishes_of(executor: Any) -> Wishes:
    """Return what an executor says of itself, and the usual where it says nothing."""
    said = {name: getattr(executor, name) for name in Wishes._fields if hasattr(executor, name)}
    return Wishes(**said)
