"""The loop that takes runs in and gives them back computed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING, Any

from expcache._completion._adopted import adopt, make_ready, settle_notes
from expcache._completion._claims import claim, release
from expcache._completion._due import Due
from expcache._completion._handover import Handover
from expcache._completion._pace import Pace
from expcache._completion._place import Place
from expcache._completion._policy import Policy
from expcache._completion._source import WINDOW, Source
from expcache._completion._todo import Todo
from expcache._completion._waiting import Waiting
from expcache._completion._window import expect, look_up, stored_meanwhile
from expcache._perform import Pending
from expcache._progress import Progress
from expcache._run import Run

if TYPE_CHECKING:
    from expcache._completion._sent import Sent
    from expcache._store import Store

__all__ = ["Driver"]

_COMMIT_PAUSE = 0.004
"""How often to look, in seconds, whether what was computed elsewhere is safe by now."""


class Driver:
    """Takes runs from a stream, window by window, and gives each once its record is safe.

    Args:
        source: the runs, of any experiments; read as they are needed.
        policy: the caller's wishes.
        progress: counts what happens.
        place: where they are computed.
    """

    def __init__(
        self,
        source: Iterator[Run[Any]],
        policy: Policy,
        progress: Progress,
        place: Place,
    ) -> None:
        """Begin with nothing read."""
        self._source = Source(source)
        self._policy = policy
        self._progress = progress
        self._place = place
        self._enough = 1 if place.jobs is None else WINDOW
        self._foresees = place.jobs is not None or progress.watched
        self._sent: Sent | None = None
        self._places: set[tuple[Store, str]] = set()
        wishes = place.wishes
        self._pace = Pace() if wishes is None else Pace(wishes.batch_seconds, wishes.ahead)
        self._todo: deque[Todo] = deque()
        self._beginning: list[Todo] = []
        self._here: deque[Todo] = deque()
        self._waiting = Waiting()
        self._due = Due()
        self._handover = Handover(policy, progress, self._waiting)
        self.draining = False

    def steps(self) -> Iterator[Run[Any]]:
        """Yield every run once its record is safe."""
        try:
            while True:
                yield from self._handover.give()
                if self.draining:
                    self._drain()
                elif not self._source.exhausted and len(self._todo) < self._enough:
                    yield from self._read()
                yield from self._begin()
                if not self._in_flight() or self._has_left():
                    break
                self._go_on()
        finally:
            self._leave()
        for store, name in self._places:
            settle_notes(store, name)
        self._source.end()

    @property
    def _jobs(self) -> int | None:
        return self._place.jobs

    def _in_flight(self) -> bool:
        held = self._here or self._waiting or self._due or self._todo or self._sent
        return bool(held or self._handover.pending) or not (self._source.exhausted or self.draining)

    def _read(self) -> Iterator[Run[Any]]:
        """Look the next window up: yield what is stored, and keep what is not."""
        found, todos = look_up(self._source.window(), self._policy)
        yield from map(self._handover.found, found)
        make_ready(todos, detach=self._policy.detach)
        fresh = [one for one in todos if self._handover.twins.is_first(one)]
        if not self._policy.refresh:
            fresh = adopt(fresh, self._hire)
        self._places.update((one.run._store, one.run.experiment) for one in todos)
        if self._foresees:
            expect(fresh)
            self._progress.expect(one.expected for one in fresh)
        if self._jobs is not None:
            # Longest first, what is not known before it: the last ones to run are short.
            fresh.sort(key=lambda one: -inf if one.expected is None else -one.expected)
        self._todo.extend(fresh)

    def _begin(self) -> Iterator[Run[Any]]:
        """Claim and begin what there is room for; yield what was stored meanwhile."""
        if self._due:
            self._try_again()
        if self._waiting and not self._todo:
            self._waiting.move_to(self._todo)
        while self._todo and self._has_room():
            self._beginning = self._pace.take(self._todo, self._jobs or 1)
            todos = claim(self._beginning, self._waiting.todos)
            if not todos:
                continue
            self._waiting.hasten()
            if not self._policy.refresh:
                found, todos = stored_meanwhile(todos)
                for one in found:
                    yield from self._handover.settled(one)
            if todos:
                self._send(todos)

    def _has_room(self) -> bool:
        name = self._todo[0].run.experiment
        if self._is_here(self._todo[0]):
            return not self._here
        sent = self._sent
        return (
            sent is None
            or self._policy.detach
            or sent.has_room(self._pace.ahead(name, self._jobs or 1))
        )

    def _is_here(self, one: Todo) -> bool:
        """Whether a run is computed in this process."""
        return self._jobs is None and self._limit(one) is None

    def _limit(self, one: Todo) -> float | None:
        return self._policy.timeout or one.performer.definition.options.timeout

    def _send(self, todos: list[Todo]) -> None:
        self._progress.begin(len(todos))
        if self._is_here(todos[0]):
            self._here.extend(todos)
            return
        self._handover.pending.extend(self._hire().send(todos, self._limit(todos[0])))

    def _hire(self) -> Sent:
        if self._sent is None:
            self._sent = self._place.hire(self._todo.extendleft, self._progress)
        return self._sent

    def _has_left(self) -> bool:
        """Whether all is sent that was to be sent and left alone."""
        if not self._policy.detach or self._todo or self._here or not self._source.exhausted:
            return False
        if self._sent is not None:
            self._sent.detach()
        return True

    def _go_on(self) -> None:
        """Compute one run here, or wait for the first news of any."""
        if self._here:
            one = self._here[0]
            computed = one.performer.perform(one.make_cell())
            self._keep(one, one.keep(computed))
            self._here.popleft()
        elif self._sent:
            seconds = self._due.seconds(self._waiting.pause if self._waiting else None)
            if self._handover.pending:
                seconds = _COMMIT_PAUSE  # not for the commit alone: the workers need more to do
            if self._could_read():
                seconds = 0.0
            else:
                self._sent.flush()
            for one, pending in self._sent.receive(seconds):
                self._keep(one, pending)
        elif (self._waiting or self._due) and not self._handover.pending:
            self._pause()
        else:
            self._handover.patient = True
        self._waiting.relax()

    def _could_read(self) -> bool:
        """Whether there is room for runs that are not looked up yet."""
        return not (self._todo or self._source.exhausted or self.draining)

    def _keep(self, one: Todo, pending: Pending) -> None:
        self._pace.note(one.run.experiment, pending.runtime)
        if one.pause is None:
            self._handover.keep(one, pending, here=self._sent is None)
        else:
            self._progress.retry()
            self._due.add(one, pending)

    def _try_again(self) -> None:
        """Put the runs first whose pause is over: others may wait for them."""
        for one, failed in self._due.take():
            if self._policy.relay and failed.speaks:
                failed.finish()
                failed.relay()
            one.waited = 0.0
            self._todo.appendleft(one)

    def _pause(self) -> None:
        """Sleep, as there is nothing else to do, until something may have changed."""
        if not self._source.exhausted:
            return
        seconds = self._due.seconds(self._waiting.pause if self._waiting else None)
        time.sleep(seconds or 0.0)

    def _drain(self) -> None:
        """Begin nothing that is not begun."""
        if self._sent is not None:
            self._sent.drop_queued()
        again = self._due.take(now=True)
        self._handover.pending.extend(again)
        release((*self._todo, *self._here, *(one for one, _ in again)))
        for held in (self._todo, self._here, self._waiting.todos):
            held.clear()

    def _leave(self) -> None:
        """Interrupted or abandoned: what is computed is kept all the same."""
        sent = self._sent
        if sent is not None:
            sent.abandon()
            for one, pending in sent.receive(0.0):
                self._keep(one, pending)
        again = self._due.take(now=True)
        self._handover.pending.extend(again)
        try:
            self._handover.finish()
        finally:
            # Last, since what comes back from an executor is here to do again.
            held = (*self._beginning, *self._todo, *self._here, *(one for one, _ in again))
            release((*held, *([] if sent is None else sent.todos)))
