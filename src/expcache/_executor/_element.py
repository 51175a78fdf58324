"""What one element of an array does on its node: it computes batches while there are some."""

from __future__ import annotations

import os
import platform
import signal
import time
from contextlib import suppress
from subprocess import SubprocessError
from typing import Any, Final, NamedTuple

from expcache._executor._remote import compute
from expcache._executor._spool import Begun, Spool
from expcache._executor._squeue import cancel

__all__ = ["Plan", "serve"]

REQUEUED: Final = "its Slurm job {} was preempted or lost its node, and was requeued"


class Plan(NamedTuple):
    """What an element has to know."""

    spool: str
    share: int
    """How many batches it computes, as long as there are some."""
    seconds: float
    """For how long it begins more than that."""
    requeued: bool
    """Whether Slurm may start it anew, so that one that waits is not one too many."""


def serve(plan: tuple[Any, ...], /) -> None:
    """Compute batches of a spool, at least as many as is the share of one element."""
    path, share, seconds, requeued = Plan(*plan)
    spool, ending = Spool(path), _until_ended()
    name, at = _who()
    begun = Begun(name, platform.node(), int(os.environ.get("SLURM_RESTART_COUNT") or 0))
    _give_up_former(spool, begun)
    sizes, clock, count = spool.sizes(), time.monotonic(), 0
    while not ending and (count < share or time.monotonic() - clock < seconds):
        mine = _next(spool, len(sizes), begun, at)
        if mine is None:
            if not requeued:
                _end_others(name)
            break
        content = compute(spool.order(mine, sizes))
        spool.answer(mine, (b"\1" if ending else b"\0") + content)
        count += 1


def _who() -> tuple[str, int]:
    """Return what Slurm calls this element, and its place in the array."""
    array, index = (os.environ.get(f"SLURM_ARRAY_{one}_ID") for one in ("JOB", "TASK"))
    if array and index:
        return f"{array}_{index}", int(index)
    return os.environ.get("SLURM_JOB_ID", ""), 0


def _until_ended() -> list[int]:
    """Return a list that is not empty any more once Slurm wants to end this process.

    The run that is computed gets the same signal; what it said by then comes back with its end.
    The signal that Slurm may send some time before is for those who want to save what they have.
    """
    ending: list[int] = []

    def note(number: int, frame: Any) -> None:
        del frame
        ending.append(number)

    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGTERM, note)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    return ending


def _give_up_former(spool: Spool, begun: Begun) -> None:
    """Tell of what this element had begun before Slurm started it anew: it is lost."""
    if not begun.restarts:
        return
    done = spool.numbers("answer") | spool.numbers("lost")
    for at in spool.numbers("begun") - done:
        former = spool.begun(at)
        if former is not None and former.name == begun.name:
            spool.lose(at, REQUEUED.format(begun.name))


def _next(spool: Spool, count: int, begun: Begun, first: int) -> int | None:
    """Take a batch, that of this element's own number if it is free."""
    if spool.closed:
        return None
    taken = spool.numbers("begun")
    free = [at for at in range(count) if at not in taken]
    if first in free:
        free.insert(0, first)
    for at in free:
        if spool.take(at, begun):
            return at
    return None


def _end_others(name: str) -> None:
    """End the elements that wait to find nothing left to do."""
    array, _, index = name.partition("_")
    if index:
        with suppress(OSError, SubprocessError):
            cancel(array, waiting=True)
