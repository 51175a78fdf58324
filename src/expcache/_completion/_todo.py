"""One run that is to be computed, on its way through a driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from expcache._cell import Cell
from expcache._perform import Performer
from expcache._run import Run

if TYPE_CHECKING:
    from expcache._store import Claim, Store

__all__ = ["Todo"]


@dataclass(slots=True, eq=False)
class Todo:
    """A run without a result, and what is known of it."""

    run: Run[Any]
    performer: Performer
    key: str
    """The record key of its result."""
    failure: bytes | None = None
    """The record of its latest failure under the present code."""
    expected: float | None = None
    """How long it took before, in seconds."""
    claim: Claim | None = None
    waited: float = 0.0
    """Since when somebody else is computing it, by the monotonic clock; 0 for nobody."""
    alone: bool = False
    """Whether it is sent by itself, since it was lost together with others."""
    cell: Cell | None = None

    @property
    def place(self) -> tuple[Store, str]:
        """Where its result belongs."""
        return self.run._store, self.key

    def make_cell(self) -> Cell:
        """Return what is needed to compute it; taken again for every attempt."""
        self.cell = self.performer.cell(self.run, self.failure, self.claim)
        return self.cell
