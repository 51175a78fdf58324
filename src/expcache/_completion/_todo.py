"""One run that is to be computed, on its way through a driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from expcache._perform import Attempts, Performer

if TYPE_CHECKING:
    from expcache._store import Store

__all__ = ["Todo"]


@dataclass(slots=True, eq=False, kw_only=True)
class Todo(Attempts):
    """A run without a result, and what is known of it."""

    performer: Performer
    key: str
    """The record key of its result."""
    expected: float | None = None
    """How long it took before, in seconds."""
    waited: float = 0.0
    """Since when somebody else is computing it, by the monotonic clock; 0 for nobody."""
    alone: bool = False
    """Whether it is sent by itself, since it was lost together with others."""

    @property
    def place(self) -> tuple[Store, str]:
        """Where its result belongs."""
        return self.run._store, self.key
