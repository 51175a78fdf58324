"""What goes to an executor, and what comes back from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from expcache._cell import Refusal, Reply

__all__ = ["Batch", "Event", "Lost", "Where"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Batch:
    """Some packed cells that one worker computes one after the other."""

    __slots__ = (
        *("keys", "payload", "place", "resources", "seconds", "size", "tag", "tell", "timeout"),
    )

    def __init__(  # noqa: PLR0913 - the driver makes them in one place
        self,
        payload: bytes,
        size: int,
        timeout: float | None,
        tag: Any,
        tell: Callable[[Event], None],
        *,
        seconds: float | None = None,
        resources: Mapping[str, Any] = _NOTHING,
        place: str | None = None,
        keys: Sequence[str] = (),
    ) -> None:
        """Describe `size` cells, each of which may run for `timeout` seconds.

        `tag` is the driver's own. `tell` gets every event of the batch, from any thread.
        After `seconds`, a worker gives back the cells that it has not begun: they are not as short
        as was thought, and other workers may be free. `resources` is what the experiment asks of
        an engine, in the engine's own words. `place` is where an engine that outlives this
        process notes which runs it computes, by the `keys` of their records.
        """
        self.payload = payload
        self.place = place
        self.keys = keys
        self.resources = resources
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
    why: str = ""
    """What the engine says of it, as the end of a sentence that begins with *it*."""


class Where(NamedTuple):
    """What an engine knows of a batch that is not finished."""

    standing: Literal["queued", "running"]
    host: str = ""
    name: str = ""
    """What the engine's own tools know it by, such as a number of a job."""
    since: float = 0.0
    """The Unix time since when; 0: since this is told."""


class Event(NamedTuple):
    """News of a batch.

    After the one that is `finished` no other comes: cells that were neither replied to nor lost
    by then were not computed, or what came of them is lost.
    """

    batch: Batch
    replies: list[Reply | Refusal]
    lost: Lost | None
    finished: bool
    where: Where | None = None
    """Where the batch stands by now; None: nothing new."""
