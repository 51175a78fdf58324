"""Workers of our own beside an engine's process: a run may end them without harm to the engine.

Each serves one call at a time, as the engine's own threads do, and is kept for the next ones; those
that had nothing to do for a while leave, since the engine's process may have other users.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from queue import SimpleQueue
from typing import Any, Final, NamedTuple, TypeAlias

from expcache._executor._batch import Batch, Event, Lost
from expcache._executor._local import LocalExecutor

__all__ = ["compute_beside"]

IDLE_SECONDS: Final = 60.0

Surroundings: TypeAlias = tuple[int, dict[str, str]]
"""The process, and its environment: an engine may give each call other processors."""


class Free(NamedTuple):
    """A worker that has nothing to do, what it was started in, and since when."""

    surroundings: Surroundings
    executor: LocalExecutor
    since: float


_free: deque[Free] = deque()
_timers: list[threading.Timer] = []


def compute_beside(
    payload: bytes, size: int, timeout: float | None, seconds: float | None
) -> tuple[list[Any], Lost | None]:
    """Compute cells in a worker, and return its replies and the cell that it was lost with."""
    surroundings, executor = _take()
    events: SimpleQueue[Event] = SimpleQueue()
    batch = Batch(payload, size, timeout, None, events.put, seconds=seconds)
    replies: list[Any] = []
    lost: Lost | None = None
    try:
        executor.submit(batch)
        finished = False
        while not finished:
            event = events.get()
            replies += event.replies
            lost, finished = lost or event.lost, event.finished
    except BaseException:  # the engine ends what waits here
        executor.stop()
        raise
    _free.append(Free(surroundings, executor, time.monotonic()))
    _look_later()
    return replies, lost


def _take() -> tuple[Surroundings, LocalExecutor]:
    """Return a worker that is free and was started in what surrounds it now; else a new one."""
    surroundings = os.getpid(), dict(os.environ)
    while (one := _next()) is not None:
        if one.surroundings == surroundings:
            return one.surroundings, one.executor
        one.executor.close()
    return surroundings, LocalExecutor(1)


def _next() -> Free | None:
    try:
        return _free.pop()  # the one that worked last, so that others can leave
    except IndexError:  # other threads take some, too
        return None


def _look_later() -> None:
    if not any(timer.is_alive() for timer in list(_timers)):
        timer = threading.Timer(IDLE_SECONDS, dismiss)
        timer.daemon = True
        _timers[:] = [timer]
        timer.start()


def dismiss(now: float | None = None) -> None:
    """Let workers leave that have had nothing to do for long; look again where some are left."""
    late = (time.monotonic() if now is None else now) - IDLE_SECONDS
    kept: list[Free] = []
    while (one := _next()) is not None:
        if one.since <= late:
            one.executor.close()
        else:
            kept.append(one)
    _free.extend(reversed(kept))
    _timers.clear()
    if kept:
        _look_later()
