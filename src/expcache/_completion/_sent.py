"""The runs that an executor has: sent in batches, told of by events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from expcache._cell import Cell, Parcel, Refusal, fail, left_of
from expcache._completion._bulletin import Bulletin
from expcache._completion._reason import cannot_compute, reason_of
from expcache._completion._todo import Todo
from expcache._executor import Batch, Event, Executor, Lost, wishes_of
from expcache._perform import Pending
from expcache._progress import Progress
from expcache.errors import ExecutorError

__all__ = ["Sent"]

BATCH_SECONDS = 0.3
"""For how long a worker begins runs of a batch before it gives the rest back."""

Told = tuple[Todo, Pending]
"""A run that is computed, and its record on the way to the disk."""


class Sent:
    """What one driver has given to one executor.

    Args:
        executor: where the runs are computed.
        again: takes the runs back that have to be sent once more.
        progress: is told what waits there.
    """

    def __init__(
        self, executor: Executor, again: Callable[[list[Todo]], None], progress: Progress
    ) -> None:
        """Begin with nothing sent."""
        self.executor = executor
        self._wishes = wishes_of(executor)
        self._seconds = max(BATCH_SECONDS, 4 * (self._wishes.batch_seconds or 0.0))
        self._again = again
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._sent: dict[Batch, list[Todo | None]] = {}
        self._full = False
        self._progress = progress
        self._bulletin = Bulletin(getattr(executor, "word", "executor"), progress)
        self._by_value: set[str] = set()
        self._dropped: set[Batch] = set()
        self._adopted: set[Batch] = set()
        self._follower: Any = None
        self._parcels: dict[str, tuple[tuple[Any, ...], Parcel]] = {}

    def __len__(self) -> int:
        """Return how many batches are on their way."""
        return len(self._sent)

    def has_room(self, ahead: int) -> bool:
        """Whether the executor may get more: it has less than it may, or, if it wishes, half."""
        crowd = len(self._sent) - len(self._adopted)
        self._full = crowd >= (ahead / 2 if self._full and self._wishes.together else ahead)
        return not self._full

    def adopt(self, array: Any, todos: dict[int, list[Todo | None]]) -> None:
        """Wait for batches that somebody else has sent away."""
        if self._follower is None:
            from expcache._executor import follower  # noqa: PLC0415 - rarely needed

            self._follower = follower()
        batches = {at: self._adopted_batch(some) for at, some in todos.items()}
        self._progress.begin(sum(one is not None for some in todos.values() for one in some))
        self._follower.follow(array, batches)

    def _adopted_batch(self, todos: list[Todo | None]) -> Batch:
        for one in todos:
            if one is not None:
                one.make_cell()
        batch = Batch(b"", len(todos), None, None, self._events.put)
        self._sent[batch] = todos
        self._adopted.add(batch)
        self._dropped.add(batch)  # what is lost of it is sent from here
        return batch

    def detach(self) -> None:
        """Let the executor go on without this process."""
        self.executor.detach()  # type: ignore[attr-defined] # one that outlives us

    @property
    def todos(self) -> list[Todo]:
        """What is sent and not told of."""
        return [one for todos in self._sent.values() for one in todos if one is not None]

    def send(self, todos: list[Todo], timeout: float | None) -> Iterator[Told]:
        """Send runs of one experiment together; yield those that cannot be sent, as failed."""
        performer = todos[0].performer
        definition = performer.definition
        places = self._places(todos[0])
        by_value = self._wishes.elsewhere or definition.name in self._by_value
        try:
            told = definition.told()  # with one look at the code
            cells = [one.make_cell(told) for one in todos]
            payload = self._parcel(cells[0], by_value, places).pack(cells)
        except ExecutorError as error:
            if len(todos) == 1:
                yield _failed(todos[0], error)
            else:  # one of them may have spoilt it for the others
                for one in todos:
                    yield from self.send([one], timeout)
            return
        batch = Batch(
            payload, len(todos), timeout, by_value, self._events.put,
            seconds=self._seconds, resources=definition.options.resources,
            **self._notes(todos),
        )  # fmt: skip
        self._sent[batch] = list(todos)
        self.executor.submit(batch)

    def _notes(self, todos: list[Todo]) -> dict[str, Any]:
        """Return where to note what is sent to an executor that outlives this process."""
        if not self._wishes.outlives:
            return {}
        one = todos[0]
        place = one.run._store.sent_directory(one.performer.definition.name, create=True)
        return {"place": place, "keys": [each.key for each in todos]}

    def _places(self, one: Todo) -> tuple[str | None, str | None]:
        """Return where a worker may write: large parts, and directories of runs."""
        store, name = one.run._store, one.performer.definition.name
        shared = self.executor.shares_files
        parts = store.parts_directory(name) if shared else None
        if self._wishes.elsewhere and not shared:
            return parts, None
        return parts, store.files_directory(name, create=True)

    def _parcel(
        self,
        cell: Cell,
        by_value: bool,  # noqa: FBT001 - private
        places: tuple[str | None, str | None],
    ) -> Parcel:
        """Return what is the same for many cells, made once while it is valid."""
        fresh = (cell.function, cell.checked or cell.code, by_value, places)
        known = self._parcels.get(cell.experiment)
        if known is None or known[0] != fresh:
            spill, files = places
            elsewhere = self._wishes.elsewhere
            parcel = Parcel(cell, by_value=by_value, spill=spill, files=files, apart=elsewhere)
            known = self._parcels[cell.experiment] = fresh, parcel
        return known[1]

    def flush(self) -> None:
        """Tell an executor that collects batches that no more come for a while."""
        flush = getattr(self.executor, "flush", None)
        if flush is not None:
            flush()

    def receive(self, seconds: float | None) -> Iterator[Told]:
        """Wait for news, for at most so long, and yield the runs that it tells of."""
        with suppress(Empty):
            yield from self._take(self._events.get(timeout=self._bulletin.seconds(seconds)))
            while True:
                yield from self._take(self._events.get_nowait())
        self._bulletin.tell(lambda batch: self._sent.get(batch, ()))

    def drop_queued(self) -> None:
        """Take back what is not begun; what is running goes on."""
        for batch in self._sent.keys() - self._adopted:
            self._dropped.add(batch)
            self.executor.forget(batch)

    def abandon(self) -> None:
        """Take back what is not begun, and end what is running."""
        self._bulletin.close()
        for batch in self._sent.keys() - self._adopted:
            self._dropped.add(batch)
            self.executor.cancel(batch)
        if self._follower is not None:  # what others have sent goes on
            self._follower.detach()

    def _take(self, event: Event) -> Iterator[Told]:
        todos = self._sent.get(event.batch)
        if todos is None:
            return
        if event.finished:
            # Before anything else can go wrong: what is not told of goes back.
            del self._sent[event.batch]
            self._adopted.discard(event.batch)
            self._bulletin.drop(event.batch)
        elif event.where is not None:
            count = sum(one is not None for one in todos)
            self._bulletin.note(event.batch, event.where, count)
        refusal: Refusal | None = None
        for reply in event.replies:
            if isinstance(reply, Refusal):
                refusal = reply
                continue
            one, todos[reply.position] = todos[reply.position], None
            if one is not None and one.cell is not None:
                yield one, one.keep_reply(one.cell, reply)
        if event.lost is not None:
            yield from self._lost(todos, event.lost, event.batch.timeout)
        if event.finished:
            yield from self._rest(event, [one for one in todos if one is not None], refusal)

    def _lost(self, todos: list[Todo | None], lost: Lost, limit: float | None) -> Iterator[Told]:
        one, todos[lost.position] = todos[lost.position], None
        if one is not None:
            one.alone = True  # if it is tried again, it shall not end others with it
            error, cell = reason_of(one, lost, limit), _cell_of(one)
            told = {"output": lost.output, "directory": left_of(cell)}
            computed = fail(cell, error, runtime=lost.seconds, **told)
            yield one, one.keep(computed)

    def _rest(self, event: Event, rest: list[Todo], refusal: Refusal | None) -> Iterator[Told]:
        """Send again what a batch ended without, or give up what cannot be computed there."""
        if not rest:
            return
        name = rest[0].run.experiment
        if refusal is not None and refusal.reason in ("import", "code") and not event.batch.tag:
            # The worker does not find the code that is in this process: send it along.
            self._by_value.add(name)
        elif refusal is not None:
            for one in rest:
                yield _failed(one, ExecutorError(cannot_compute(one, refusal.message)))
            return
        elif event.lost is None and not event.replies and event.batch not in self._dropped:
            if len(rest) == event.batch.size == 1:
                message = "the executor ended without computing it. Run it again."
                yield _failed(rest[0], ExecutorError(cannot_compute(rest[0], message)))
                return
            for one in rest:
                one.alone = True
        self._again(rest)


def _failed(one: Todo, error: ExecutorError) -> Told:
    """Keep the record of a run that cannot be computed there, however often it is tried."""
    return one, one.keep(fail(_cell_of(one), error, runtime=0.0), last=True)


def _cell_of(one: Todo) -> Cell:
    return one.cell or one.make_cell()
