"""What the adapters of engines have in common: batches sent as bytes, told of by futures."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from expcache._executor._batch import Batch, Event, Lost, Where
from expcache._executor._overdue import Overdue
from expcache._executor._remote import open_answer, order
from expcache.errors import ExecutorError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Engine"]


class Engine(ABC):
    """Computes batches with the workers of an engine.

    An adapter says how a batch is begun there (`begin`), how many are computed at a time (`jobs`),
    and how to leave the engine (`leave`). It may call `tell_where` and `lose` from any thread.
    """

    word = "engine"
    """What messages call it."""
    shares_files = False
    """Whether its workers see the store's directory under the same path."""
    elsewhere = True
    """Whether its workers have no files of the project: code goes by value."""
    apart = True
    """Whether a run is computed in a process beside the engine's own, which it cannot harm."""
    batch_seconds: float | None = None
    """How long a batch should take, for the engine to cost little beside it; None: as here."""
    ahead: int | None = None
    """How many batches to have on their way; None: a few more than are computed at a time."""
    patience = 300.0
    """For how many seconds more than its time limit a run may be unheard of."""

    def __init__(self, resources: Mapping[str, Any] | None = None) -> None:
        """Remember what every batch asks of the engine, in the engine's own words."""
        self.resources = dict(resources or {})
        self._batches: dict[Batch, Any] = {}  # only popped, which is atomic: one event ends each
        self._forgotten: set[Batch] = set()
        self._closed = self._stopped = False
        self._to_leave = [True]  # only popped, too
        self._overdue = Overdue(self._give_up, self.patience)

    @property
    @abstractmethod
    def jobs(self) -> int:
        """How many batches are computed at a time."""

    @abstractmethod
    def begin(self, batch: Batch, content: bytes, resources: Mapping[str, Any]) -> Any:
        """Have the engine call ``compute(content)``; return what tells of it.

        That is a future: it has ``add_done_callback``, ``result`` and ``cancel``.
        """

    def leave(self, *, now: bool) -> None:  # noqa: B027 - most have nothing to leave
        """Let go of what was begun for this executor alone; ``now``: whatever still runs there."""

    def flush(self) -> None:  # noqa: B027 - as above
        """Begin at once what was collected: no more batches come for a while."""

    def why(self, error: BaseException) -> str:
        """Say what the engine's own error means, as the end of a sentence: *it was ...*."""
        return f"{type(error).__name__}: {error}".rstrip(": .")

    def submit(self, batch: Batch) -> None:
        """Hand a batch to the engine.

        Raises:
            ExecutorError: the engine takes no more.
        """
        if self._closed:
            raise ExecutorError(f"cannot submit to {self.word}: it was closed. Make a new one.")
        resources = {**self.resources, **batch.resources}
        self._batches[batch] = None
        try:
            future = self.begin(batch, self._pack(batch), resources)
        except Exception as error:
            self._batches.pop(batch, None)
            if isinstance(error, ExecutorError):
                raise
            message = f"cannot submit to {self.word}: {self.why(error)}."
            raise ExecutorError(f"{message} Make a new one.") from error
        if batch in self._batches:  # it may be lost already
            self._batches[batch] = future
            self._overdue.add(batch, future)
        future.add_done_callback(partial(self._done, batch))

    def _pack(self, batch: Batch) -> bytes:
        return order(batch, apart=self.apart)

    def _open(self, answer: bytes) -> tuple[list[Any], Lost | None]:
        return open_answer(answer)

    def _done(self, batch: Batch, future: Any) -> None:
        if batch not in self._batches:
            return
        try:
            replies, lost = self._open(future.result())
        except BaseException as error:  # noqa: BLE001 - CancelledError of asyncio is one too
            if batch in self._forgotten:
                self._end(batch, Event(batch, [], None, finished=True))
            else:
                self.lose(batch, self.why(error))
        else:
            self._end(batch, Event(batch, replies, lost, finished=True))

    def _end(self, batch: Batch, event: Event) -> None:
        try:
            del self._batches[batch]
        except KeyError:  # another thread was first
            return
        self._forgotten.discard(batch)
        self._overdue.hear(batch, finished=True)
        batch.tell(event)
        if self._closed and not self._batches:
            self._go()

    def lose(self, batch: Batch, why: str, *, seconds: float = 0.0, output: str = "") -> None:
        """Tell that nothing will come of a batch any more, and why; later news is ignored.

        The `output` is what is left of what it said.
        """
        # Of several cells nobody knows which it was: they are sent one by one.
        lost = Lost(0, "crash", None, output, seconds, why) if batch.size == 1 else None
        self._end(batch, Event(batch, [], lost, finished=True))

    def _give_up(self, batch: Batch) -> None:
        told = f"{self.word} has told nothing of it or of others"
        self.lose(batch, f"{told} for {self.patience:g} s more than its time limit")

    def tell_where(self, batch: Batch, where: Where) -> None:
        """Tell where the engine has a batch that is not finished."""
        if batch in self._batches:
            self._overdue.hear(batch, finished=False)
            batch.tell(Event(batch, [], None, finished=False, where=where))

    def cancel(self, batch: Batch) -> None:
        """Cancel a batch, or ignore what will come of it."""
        future = self._batches.get(batch)
        self._end(batch, Event(batch, [], None, finished=True))
        _cancel(future)

    def forget(self, batch: Batch) -> None:
        """Cancel a batch that has not begun; one that runs goes on."""
        if batch in self._batches:
            self._forgotten.add(batch)
            _cancel(self._batches.get(batch))

    def stop(self) -> None:
        """Cancel what has not begun, and ignore what will come of the rest."""
        self._closed = self._stopped = True
        for batch in list(self._batches):
            self.cancel(batch)
        self._go()

    def close(self) -> None:
        """Take no more batches; leave the engine when the last is done."""
        self._closed = True
        if not self._batches:
            self._go()

    def _go(self) -> None:
        try:
            self._to_leave.pop()
        except IndexError:  # it has left
            return
        self.leave(now=self._stopped)

    def __enter__(self) -> Self:
        """Return the executor."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it, or stop it if there was an exception."""
        self.stop() if kind is not None else self.close()


def _cancel(future: Any) -> None:
    if future is not None:
        with contextlib.suppress(Exception):  # not every engine can
            future.cancel()
