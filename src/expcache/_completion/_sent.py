"""The runs that an executor has: sent in batches, told of by events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

from expcache._cell import Cell, Parcel, Refusal, fail, left_of
from expcache._completion._todo import Todo
from expcache._executor import Batch, Event, Executor, Lost
from expcache._perform import Pending
from expcache.errors import CrashError, ExecutorError, TimeLimitError

__all__ = ["Sent"]

BATCH_SECONDS = 0.15
"""For how long a worker begins runs of a batch before it gives the rest back."""

Told = tuple[Todo, Pending]
"""A run that is computed, and its record on the way to the disk."""


class Sent:
    """What one driver has given to one executor.

    Args:
        executor: where the runs are computed.
        again: takes the runs back that have to be sent once more.
    """

    def __init__(self, executor: Executor, again: Callable[[list[Todo]], None]) -> None:
        """Begin with nothing sent."""
        self.executor = executor
        self._again = again
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._sent: dict[Batch, list[Todo | None]] = {}
        self._by_value: set[str] = set()
        self._dropped: set[Batch] = set()
        self._parcels: dict[str, tuple[tuple[Any, ...], Parcel]] = {}

    def __len__(self) -> int:
        """Return how many batches are on their way."""
        return len(self._sent)

    @property
    def todos(self) -> list[Todo]:
        """What is sent and not told of."""
        return [one for todos in self._sent.values() for one in todos if one is not None]

    def send(self, todos: list[Todo], timeout: float | None) -> Iterator[Told]:
        """Send runs of one experiment together; yield those that cannot be sent, as failed."""
        performer = todos[0].performer
        definition = performer.definition
        places = _places(todos[0], shared=self.executor.shares_files)
        by_value = definition.name in self._by_value
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
            payload, len(todos), timeout, by_value, self._events.put, seconds=BATCH_SECONDS
        )
        self._sent[batch] = list(todos)
        self.executor.submit(batch)

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
            parcel = Parcel(cell, by_value=by_value, spill=spill, files=files)
            known = self._parcels[cell.experiment] = fresh, parcel
        return known[1]

    def receive(self, seconds: float | None) -> Iterator[Told]:
        """Wait for news, for at most so long, and yield the runs that it tells of."""
        try:
            yield from self._take(self._events.get(timeout=seconds))
            while True:
                yield from self._take(self._events.get_nowait())
        except Empty:
            return

    def drop_queued(self) -> None:
        """Take back what is not begun; what is running goes on."""
        for batch in list(self._sent):
            self._dropped.add(batch)
            self.executor.forget(batch)

    def abandon(self) -> None:
        """Take back what is not begun, and end what is running."""
        for batch in list(self._sent):
            self._dropped.add(batch)
            self.executor.cancel(batch)

    def _take(self, event: Event) -> Iterator[Told]:
        todos = self._sent.get(event.batch)
        if todos is None:
            return
        if event.finished:
            # Before anything else can go wrong: what is not told of goes back.
            del self._sent[event.batch]
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
            error, cell = _reason(one, lost, limit), _cell_of(one)
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
                yield _failed(one, ExecutorError(_cannot(one, refusal.message)))
            return
        elif event.lost is None and not event.replies and event.batch not in self._dropped:
            if len(rest) == event.batch.size == 1:
                message = "the executor ended without computing it. Run it again."
                yield _failed(rest[0], ExecutorError(_cannot(rest[0], message)))
                return
            for one in rest:
                one.alone = True
        self._again(rest)


def _places(one: Todo, *, shared: bool) -> tuple[str | None, str | None]:
    """Return where a worker may write: large parts, and, on this machine, directories of runs."""
    store, name = one.run._store, one.performer.definition.name
    parts = store.parts_directory(name) if shared else None
    return parts, store.files_directory(name, create=True)


def _failed(one: Todo, error: ExecutorError) -> Told:
    """Keep the record of a run that cannot be computed there, however often it is tried."""
    return one, one.keep(fail(_cell_of(one), error, runtime=0.0), last=True)


def _cell_of(one: Todo) -> Cell:
    return one.cell or one.make_cell()


def _cannot(one: Todo, reason: str) -> str:
    return f"cannot compute run {one.run.id} of {one.run.experiment!r}: {reason}"


def _reason(one: Todo, lost: Lost, limit: float | None) -> Exception:
    if lost.reason == "timeout" and limit is not None:
        message = f"it took longer than its time limit of {limit:g} s and was ended."
        remedy = "Give it more time with timeout=, or find in its output where it was."
        return TimeLimitError(_cannot(one, f"{message} {remedy}"), seconds=limit)
    how, remedy = _ending(lost.exitcode)
    return CrashError(_cannot(one, f"its process {how}. {remedy}"), exitcode=lost.exitcode)


def _ending(exitcode: int | None) -> tuple[str, str]:
    from signal import SIGKILL, Signals  # noqa: PLC0415 - only for crashes

    if exitcode is None:
        return "is gone", "Run it again."
    if exitcode >= 0:
        return f"exited with status {exitcode}", "Let it return or raise instead."
    try:
        name = Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    if -exitcode == SIGKILL:
        return f"was killed ({name})", "The system does this when memory runs out, too."
    return f"was ended by {name}", "Its output tells where it was."
