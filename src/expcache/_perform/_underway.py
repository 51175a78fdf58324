"""Which sweeps a thread has begun and not ended: while it waits, none of them goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["sweeps_underway", "underway"]


class _Local(threading.local):
    def __init__(self) -> None:
        self.sweeps: list[object] = []


_local = _Local()


@contextmanager
def underway() -> Iterator[None]:
    """Count a sweep for the time of the block, also while the code that reads it is at work."""
    sweeps, one = _local.sweeps, object()
    sweeps.append(one)
    try:
        yield
    finally:
        sweeps.remove(one)


def sweeps_underway() -> int:
    """Return how many sweeps this thread has begun and not ended."""
    return len(_local.sweeps)
