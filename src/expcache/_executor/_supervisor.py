"""The thread that owns an executor's workers: nobody else talks to them.

Other threads leave orders and ring; nothing here waits for a lock that they hold.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections import deque
from typing import Any, Final

from expcache._executor._batch import Batch, Event, Lost
from expcache._executor._crew import Crew, Plan
from expcache._executor._lookout import Lookout
from expcache._executor._orders import Order, Orders
from expcache._executor._start import quiet_thread
from expcache._executor._worker_process import Worker
from expcache._gate import Gate

__all__ = ["Supervisor"]

MOST_FAILED_STARTS: Final = 3
STOP_SECONDS: Final = 0.8


class Supervisor:
    """Hands batches to workers, keeps time limits, and replaces workers that died."""

    def __init__(self, plan: Plan) -> None:
        """Prepare a thread that is not started yet."""
        self.over = Gate()
        self.thread = 0
        self._orders = Orders()
        self._crew = Crew(plan)
        self._queue: deque[Batch] = deque()
        self._returned: dict[int, int] = {}  # id of a batch: how often it came back untouched
        self._failed_starts = 0
        self._closing = self._stopping = False
        self._lookout = Lookout(self._orders.bell)
        self._gate = threading.Lock()

    def order(self, what: Order, batch: Batch | None = None) -> None:
        """Leave an order, from any thread."""
        self._orders.leave(what, batch)
        if self.over.is_open:
            self._forget_all()

    @property
    def begun(self) -> bool:
        """Whether a thread has taken this up."""
        return self._gate.locked()

    def run(self) -> None:
        """Work until told to stop, or to close and everything is done."""
        if not self._gate.acquire(blocking=False):
            return  # a thread was started twice: starting was interrupted, and tried again
        self.thread = threading.get_ident()
        quiet_thread()
        try:
            while not self._stopping and not (self._closing and self._idle()):
                self._turn()
            self._part()
        finally:
            for worker in self._crew.workers:
                self._let_go(worker)
            self._crew.disband()
            self._forget_all()
            self._lookout.close()
            self.over.open()
            self._forget_all()  # whoever comes later finds that all is over
            self._orders.close()

    def drop(self) -> None:
        """Let go of a supervisor that nobody has given an order."""
        self._lookout.close()
        self._orders.close()

    def _idle(self) -> bool:
        return not (self._queue or self._orders or any(w.batch for w in self._crew.workers))

    def _turn(self) -> None:
        self._feed()
        self._wait(self._patience())
        for worker in self._crew.workers:
            if worker.look_is_due:
                self._hear(worker)
            worker.keep_limit()
        self._obey()

    def _obey(self) -> None:
        for what, batch in self._orders.take():
            if what == "submit" and batch is not None:
                self._queue.append(batch)
            elif what == "cancel" and batch is not None:
                self._forget(batch)
                self._end(batch)
            elif what == "forget" and batch is not None:
                self._forget(batch)
            elif what == "close":
                self._closing = True
            elif what == "stop":
                self._stopping = True

    def _forget(self, batch: Batch) -> None:
        if batch in self._queue:
            self._queue.remove(batch)
            self._tell(batch, [], None, finished=True)

    def _end(self, batch: Batch) -> None:
        for worker in self._crew.workers:
            if worker.batch is batch:
                self._hear(worker)
                if worker.batch is batch:
                    worker.end()
                    self._let_go(worker)

    def _feed(self) -> None:
        """Give each free worker a batch, and start workers for batches that are left."""
        workers = self._crew.workers
        for worker in workers:
            if self._queue and worker.idle:
                self._give(worker)
        starting = sum(not worker.ready for worker in workers)
        while self._queue and len(self._queue) > starting and len(workers) < self._crew.plan.jobs:
            try:
                worker = self._crew.hire()
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody waits for ever
                self._start_failed(f"{type(error).__name__}: {error}")
                return
            self._lookout.watch(worker)
            starting += 1

    def _give(self, worker: Worker) -> None:
        worker.give(self._queue.popleft())
        self._lookout.watch_writing(worker)

    def _wait(self, seconds: float | None) -> None:
        for worker in self._lookout.wait(seconds):
            self._hear(worker)
            self._lookout.leave_ended(worker)
            if worker.process.ended():
                self._bury(worker)

    def _patience(self) -> float | None:
        """Return how long there is nothing to do unless something happens."""
        times = [worker.wakeup() for worker in self._crew.workers]
        return min((each for each in times if each is not None), default=None)

    def _hear(self, worker: Worker) -> None:
        """Pass on what a worker has sent."""
        was_ready = worker.ready
        news = worker.receive()
        if worker.ready and not was_ready:
            self._failed_starts = 0
        batch = worker.batch
        if batch is None or not (news.replies or news.last):
            return
        if news.last:
            worker.free()
            self._returned.pop(id(batch), None)
        self._tell(batch, news.replies, None, finished=news.last)

    def _bury(self, worker: Worker) -> None:
        """Tell what a dead worker has taken along, and forget it."""
        while not worker.channel.ended and self._heard_more(worker):
            pass
        self._lookout.leave(worker)
        batch = worker.batch
        if batch is not None:
            self._end_batch(worker, batch)
        elif not worker.ready and not worker.ending:
            self._start_failed(worker.last_words)
        self._crew.dismiss(worker)

    def _heard_more(self, worker: Worker) -> bool:
        before = worker.channel.taken
        self._hear(worker)
        return worker.channel.taken > before

    def _end_batch(self, worker: Worker, batch: Batch) -> None:
        returned = self._returned.get(id(batch), 0)
        if not worker.begun() and returned < MOST_FAILED_STARTS:
            self._returned[id(batch)] = returned + 1
            self._queue.appendleft(batch)
            return
        self._returned.pop(id(batch), None)
        self._tell(batch, [], worker.lost(), finished=True)

    def _start_failed(self, reason: str) -> None:
        self._failed_starts += 1
        if self._failed_starts < MOST_FAILED_STARTS:
            return
        from expcache._cell import Refusal  # noqa: PLC0415 - heavy, and only needed here

        self._failed_starts = 0
        message = (
            f"cannot start a worker process: it ended {MOST_FAILED_STARTS} times before it could "
            f"begin. Compute with jobs=1, or see what it said last:\n{reason.strip()}"
        )
        while self._queue:
            batch = self._queue.popleft()
            self._tell(batch, [Refusal("import", message)], None, finished=True)

    def _part(self) -> None:
        """End all workers, and wait for them a little while."""
        for worker in self._crew.workers:
            worker.end()
        for worker in self._crew.workers:
            self._hear(worker)
            self._let_go(worker)
        deadline = time.monotonic() + STOP_SECONDS
        while self._crew.workers and (left := deadline - time.monotonic()) > 0:
            self._wait(left)

    def _let_go(self, worker: Worker) -> None:
        batch = worker.batch
        worker.free()
        if batch is not None:
            self._tell(batch, [], None, finished=True)

    def _forget_all(self) -> None:
        """Let nobody wait for what will not come any more."""
        self._obey()
        with contextlib.suppress(IndexError):  # several threads may come here
            while True:
                self._tell(self._queue.popleft(), [], None, finished=True)

    @staticmethod
    def _tell(batch: Batch, replies: list[Any], lost: Lost | None, *, finished: bool) -> None:
        try:
            batch.tell(Event(batch, replies, lost, finished))
        except Exception:  # noqa: BLE001 - the others wait for this thread too
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), None)))
