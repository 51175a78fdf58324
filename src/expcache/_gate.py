"""A gate that opens once: as an event of ``threading``, but no Ctrl-C can jam it.

An event is Python code around a lock. An interrupt that comes between the taking of that lock and
the block that gives it back leaves it taken, and whoever sets the event then waits for ever.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Final, final

__all__ = ["Gate"]

_GLANCE: Final = 1.0
"""How often, in seconds, one who waits looks whether it is open: an interrupt in another thread's
wait may have kept the lock."""


@final
class Gate:
    """Lets everybody through once it is open, and keeps them waiting before."""

    __slots__ = ("_lock", "_open")

    def __init__(self) -> None:
        """Begin closed."""
        self._open = False
        self._lock: Final = threading.Lock()
        self._lock.acquire()

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._open

    def open(self) -> None:
        """Let everybody through from now on."""
        self._open = True
        with suppress(RuntimeError):  # it is open already
            self._lock.release()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is open, for at most so long; return whether it is."""
        end = None if seconds is None else time.monotonic() + seconds
        while not self._open:
            pause = _GLANCE if end is None else min(_GLANCE, end - time.monotonic())
            if pause <= 0:
                break
            if self._lock.acquire(timeout=pause):
                self.open()  # for the next one
        return self._open
