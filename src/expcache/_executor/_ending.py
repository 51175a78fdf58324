"""The supervisors of this process: all of them end before it does."""

from __future__ import annotations

import atexit
import time
import weakref
from typing import Final

from expcache._executor._crew import Plan
from expcache._executor._inherited import at_fork
from expcache._executor._start import default_method
from expcache._executor._supervisor import Supervisor

__all__ = ["make"]

_all: Final[weakref.WeakSet[Supervisor]] = weakref.WeakSet()
END_SECONDS: Final = 1.0


def make(jobs: int, method: str | None, memory: int | None, replies: str) -> Supervisor:
    """Return a new supervisor that will be stopped before the interpreter exits."""
    supervisor = Supervisor(Plan(jobs, method or default_method(), memory, replies))
    _all.add(supervisor)
    return supervisor


@atexit.register
def stop_all() -> None:
    """Stop all supervisors and wait for them."""
    running = [each for each in list(_all) if each.begun and not each.over.is_open]
    for supervisor in running:
        supervisor.order("stop")
    deadline = time.monotonic() + END_SECONDS
    for supervisor in running:
        supervisor.over.wait(max(0.0, deadline - time.monotonic()))


at_fork(_all.clear)
