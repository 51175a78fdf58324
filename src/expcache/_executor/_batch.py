"""What goes to an executor, and what comes back from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from expcache._cell import Refusal, Reply

__all__ = ["Batch", "Event", "Lost"]


class Batch:
    """Some packed cells that one worker computes one after the other."""

    __slots__ = ("payload", "seconds", "size", "tag", "tell", "timeout")

    def __init__(  # noqa: PLR0913 - the driver makes them in one place
        self,
        payload: bytes,
        size: int,
        timeout: float | None,
        tag: Any,
        tell: Callable[[Event], None],
        *,
        seconds: float | None = None,
    ) -> None:
        """Describe `size` cells, each of which may run for `timeout` seconds.

        `tag` is the driver's own. `tell` gets every event of the batch, from any thread.
        After `seconds`, a worker gives back the cells that it has not begun: they are not as short
        as was thought, and other workers may be free.
        """
        self.payload = payload
        self.seconds = seconds
        self.size = size
        self.timeout = timeout
        self.tag = tag
        self.tell = tell


class Lost(NamedTuple):
    """The cell that took its worker along, or was ended at its time limit."""

    position: int
    reason: Literal["crash", "timeout"]
    exitcode: int | None
    """What the worker ended with; negative: the signal. None where it is not known."""
    output: str
    seconds: float


class Event(NamedTuple):
    """News of a batch.

    After the one that is `finished` no other comes: cells that were neither replied to nor lost
    by then were not computed, or what came of them is lost.
    """

    batch: Batch
    replies: list[Reply | Refusal]
    lost: Lost | None
    finished: bool
