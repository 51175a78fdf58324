"""The parent's view of one worker: what it computes, since when, and what it has sent."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import time
from collections.abc import Iterator
from math import inf
from typing import Any, Final, NamedTuple

from expcache._capture import read_output
from expcache._cell import Reply
from expcache._executor._batch import Batch, Lost
from expcache._executor._board import Board
from expcache._executor._channel import Channel
from expcache._executor._frame import HOLD_SECONDS, Order, read_head, unpack_all
from expcache._executor._start import start
from expcache._executor._worker import Settings

__all__ = ["News", "Worker"]

LOOK_AFTER: Final = HOLD_SECONDS * 1.5
"""When to look for what a worker holds back: what comes later, it sends at once."""
GRACE: Final = 0.1
"""How long a worker that is ended at a time limit has to write down where it is."""
START_SECONDS: Final = 60.0
"""How long a worker may take to begin: a copy of a process with threads may hang at once."""


class News(NamedTuple):
    """What a worker has sent: some replies, and whether they were the last of the batch."""

    replies: list[Any]
    last: bool


class Worker:
    """One process and all that leads to it."""

    def __init__(self, method: str, spool: str, number: int, settings: Settings) -> None:
        """Start the process and tell it how to work."""
        self.paths = [os.path.join(spool, f"{number}.{end}") for end in ("board", "output")]  # noqa: PTH118 - text
        self._board = Board(self.paths[0], create=True)
        try:
            sock, self.process = start(method, self.paths[1])
        except BaseException:
            self._remove()
            raise
        self.channel = Channel(sock)
        self.ready = False
        self.ending = False
        self.batch: Batch | None = None
        self._serial = 0
        self._received: set[int] = set()
        self._late: Lost | None = None
        self._kill_at: float | None = time.monotonic() + START_SECONDS
        self._look_at: float | None = None
        self.channel.send(
            pickle.dumps(settings._replace(board=self.paths[0], output=self.paths[1]))
        )

    def give(self, batch: Batch) -> None:
        """Send a batch."""
        self.batch = batch
        self._serial += 1
        self._received.clear()
        seconds = inf if batch.seconds is None else batch.seconds
        self.channel.send(Order(self._serial, batch.size, seconds).packed())
        self.channel.send(batch.payload)

    def receive(self) -> News:
        """Take what the worker has sent, and what it holds back if it is busy or gone."""
        replies: list[Any] = []
        last = False
        for message in self.channel.receive():
            if not self.ready:
                self.ready = True  # the first message says just that
                self._kill_at = None
                continue
            serial, final, packed = read_head(message)
            if serial == self._serial:
                replies += self._new(packed)
                last = last or final
                self._look_at = None if last else time.monotonic() + LOOK_AFTER
        if self.ending or self.channel.ended or self.look_is_due:
            self._look_at = None
            if self.batch is not None and self.begun():  # else nobody is left to be told
                replies += self._new(memoryview(self._board.box()))
        return News(replies, last)

    def _new(self, packed: memoryview) -> Iterator[Any]:
        for reply in unpack_all(packed, Reply._make):
            position = getattr(reply, "position", -1)
            if position not in self._received:
                self._received.add(position)
                yield reply

    @property
    def look_is_due(self) -> bool:
        """Whether the worker may hold back replies that should be told by now."""
        return self._look_at is not None and time.monotonic() >= self._look_at

    def free(self) -> None:
        """Have no batch any more."""
        self.batch = self._look_at = None

    def end(self) -> None:
        """Kill the process; how it ended is of no interest."""
        self.ending = True
        self.process.kill()

    @property
    def idle(self) -> bool:
        """Whether the worker waits for a batch."""
        return self.ready and self.batch is None and not (self.ending or self.channel.ended)

    def wakeup(self) -> float | None:
        """Return in how many seconds something may be to do without word from the worker."""
        times = [self._look_at, self._kill_at]
        if self.batch is not None and self.batch.timeout is not None and not self.ending:
            since = self._board.read().since if self.begun() else 0
            # Between two cells: the next one cannot be late before a whole limit has passed.
            times.append(self.batch.timeout + (since / 1e9 if since else time.monotonic()))
        first = min((each for each in times if each is not None), default=None)
        return None if first is None else max(0.0, first - time.monotonic())

    def keep_limit(self) -> None:
        """End the worker when its cell has run for too long: let it say where, then kill it.

        One that should have begun long ago is killed as well.
        """
        if self._kill_at is not None:
            if time.monotonic() >= self._kill_at:
                self._kill_at = None
                self.process.kill()
        elif self.batch is not None and self.batch.timeout is not None and not self.ending:
            standing = self._board.read()
            seconds = standing.seconds
            if standing.serial == self._serial and seconds >= self.batch.timeout:
                self.ending = True
                self._late = Lost(standing.begun, "timeout", None, "", seconds)
                self._kill_at = time.monotonic() + GRACE
                self.process.send(getattr(signal, "SIGABRT", signal.SIGTERM))

    def begun(self) -> bool:
        """Tell whether the worker got the whole of its batch."""
        return self._board.read().serial == self._serial

    def lost(self) -> Lost | None:
        """Return the cell that a dead worker has taken along; None: none."""
        if self.batch is None:
            return None
        if self._late is not None:
            late = self._late._replace(output=self.output)
            return None if late.position in self._received else late
        standing = self._board.read()
        position = self._guilty(self.batch.size, max(standing.begun, standing.replied))
        if position is None:
            return None
        seconds = standing.seconds if position == standing.begun else 0.0
        return Lost(position, "crash", self.process.exitcode, self.output, seconds)

    def _guilty(self, size: int, reached: int) -> int | None:
        """Return the last cell so far that was not replied to: the next ones were not begun."""
        for position in range(min(reached, size - 1), -1, -1):
            if position not in self._received:
                return position
        return None

    @property
    def last_words(self) -> str:
        """What a worker said that ended before it was ready."""
        if self._kill_at is None:
            return (
                f"{self.output}\nIt was ended, since it had not begun in {START_SECONDS:g} seconds."
            )
        return self.output

    @property
    def output(self) -> str:
        """What the worker has printed during its last run."""
        return read_output(self.paths[1])

    def close(self) -> None:
        """Let go of a process that has ended."""
        self.channel.close()
        self.process.close()
        self._remove()

    def _remove(self) -> None:
        self._board.close()
        for path in self.paths:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - text
