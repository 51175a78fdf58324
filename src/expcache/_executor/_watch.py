"""One thread that looks at what arrays of Slurm have left in their files, and asks the queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from expcache._executor._array import Array, Gone, why_over
from expcache._executor._batch import Batch, Where
from expcache._executor._remote import open_answer
from expcache._executor._squeue import standings

__all__ = ["Watch"]

SHORTEST: Final = 0.05
LONGEST: Final = 2.0
FIRST_LOOK: Final = 1.0
LAST_LOOK: Final = 30.0
"""Seconds between two looks at the files, and at the queue."""
TIMES_AGAIN: Final = 3


class Told(Protocol):
    """The executor that batches belong to."""

    def wants(self, batch: Batch) -> bool:
        """Whether somebody waits for a batch."""

    def finish(self, batch: Batch, replies: list[Any], lost: Any) -> None:
        """Take what came of a batch."""

    def lose(self, batch: Batch, why: str, *, seconds: float = 0.0, output: str = "") -> None:
        """Take that nothing comes of a batch."""

    def tell_where(self, batch: Batch, where: Where) -> None:
        """Take where a batch is."""

    def again(self, batches: Sequence[Batch]) -> None:
        """Send batches once more."""


class Watch:
    """Tells an executor what becomes of the batches of its arrays.

    Args:
        engine: is told.
        grace: how long something must be lost before it is given up, in seconds.
    """

    def __init__(self, engine: Told, grace: float) -> None:
        """Watch nothing yet."""
        self._engine = engine
        self._grace = grace
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._arrays: list[tuple[Array, dict[int, Batch]]] = []
        self._past: list[Array] = []
        self._ending: dict[tuple[Array, int], int] = {}
        self._again: dict[Batch, int] = {}
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._pause, self._look_pause, self._next_look = SHORTEST, FIRST_LOOK, 0.0

    def add(self, array: Array, batches: Mapping[int, Batch]) -> None:
        """Watch one more array."""
        with self._lock:
            self._arrays.append((array, dict(batches)))
            self._pause, self._look_pause, self._next_look = SHORTEST, FIRST_LOOK, 0.0
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(
                    target=self._run, name="expcache-slurm", daemon=True
                )
                self._thread.start()
        self._wake.set()
        if self._stopped:  # by another thread, while this one was submitting
            array.end(now=True)

    def stop(self) -> list[Array]:
        """Look at nothing any more; return the arrays."""
        self._stopped = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)
        return [*self._past, *(array for array, _ in self._arrays)]

    def _run(self) -> None:
        try:
            self._go_on()
        except Exception as error:
            why = f"watching Slurm ended ({type(error).__name__}: {error})"
            for array, batches in list(self._arrays):
                for at in sorted(array.open):
                    self._engine.lose(batches[at], why)
            raise

    def _go_on(self) -> None:
        while not self._stopped:
            self._wake.clear()
            came = [self._collect(*one) for one in list(self._arrays)]
            self._pause = SHORTEST if any(came) else min(self._pause * 1.3, LONGEST)
            if time.monotonic() >= self._next_look:
                self._look()
            self._let_go()
            with self._lock:
                if not self._arrays:
                    self._thread = None
                    return
            self._wake.wait(self._pause)

    def _let_go(self) -> None:
        """Watch no more what nobody waits for, and have it end."""
        with self._lock:
            over = [array for array, _ in self._arrays if not array.open]
            self._arrays = [one for one in self._arrays if one[0].open]
            self._past += over
        for array in over if not self._stopped else ():
            if array.ours:
                array.end()

    def _collect(self, array: Array, batches: Mapping[int, Batch]) -> bool:
        came = False
        for word, at in array.news():
            batch = batches[at]
            if not self._engine.wants(batch):
                array.settle(at)
            elif word == "begun":
                owner = array.owners[at]
                since = array.spool.since(at)
                self._engine.tell_where(batch, Where("running", owner.host, owner.name, since))
            elif word == "lost":
                self._lose(array, at, batch, array.spool.read_lost(at))
            else:
                self._answer(array, at, batch)
            came = True
        for at in [at for at in array.open if not self._engine.wants(batches[at])]:
            array.settle(at)
        return came

    def _answer(self, array: Array, at: int, batch: Batch) -> None:
        try:
            content = array.spool.read_answer(at)
            replies, lost = open_answer(content[1:])
        except OSError:  # not to be seen yet
            return
        except Exception as error:  # noqa: BLE001 - pickle may raise anything
            self._lose(array, at, batch, f"its answer cannot be read ({type(error).__name__})")
            return
        if lost is not None and content[:1] == b"\1" and lost.reason == "crash":
            seen = self._ending.setdefault((array, at), array.looks)
            state = array.state_of(at) if array.looks > seen else None
            if state is None:  # Slurm ended it, and its queue will know why
                self._next_look = min(self._next_look, time.monotonic() + FIRST_LOOK)
                return
            del self._ending[array, at]
            owner = array.owners.get(at)
            why = why_over(owner.name if owner else array.name, state)
            # Of what another process has sent, what Slurm has ended is not failed: it is sent anew.
            lost = lost._replace(why=why) if batch.payload else None
        array.settle(at)
        self._engine.finish(batch, replies, lost)

    def _lose(self, array: Array, at: int, batch: Batch, why: str) -> None:
        log = array.log(at)
        array.settle(at)
        if batch.payload:
            self._engine.lose(batch, why, output=log)
        else:
            self._engine.finish(batch, [], None)

    def _look(self) -> None:
        """Ask the queue, and give up what it knows nothing good of."""
        known = standings()
        doubtful = False
        again: list[Batch] = []
        for array, batches in list(self._arrays) if known is not None else ():
            for gone in array.judge(known or {}, self._grace):
                if gone.at in array.open and not self._came(array, gone.at):
                    again += self._give_up(array, batches[gone.at], gone)
            doubtful |= array.doubtful
        self._engine.again(again)
        pause = FIRST_LOOK if doubtful or self._ending else min(self._look_pause * 1.5, LAST_LOOK)
        self._look_pause = pause
        self._next_look = time.monotonic() + pause

    def _came(self, array: Array, at: int) -> bool:
        return any(number == at and word != "begun" for word, number in array.news())

    def _give_up(self, array: Array, batch: Batch, gone: Gone) -> list[Batch]:
        """Lose a batch, or return it where no element has begun it."""
        times = self._again.get(batch, 0)
        if gone.began or gone.cancelled or times >= TIMES_AGAIN or not batch.payload:
            self._lose(array, gone.at, batch, gone.why)
            return []
        self._again[batch] = times + 1
        array.settle(gone.at)
        return [batch]
