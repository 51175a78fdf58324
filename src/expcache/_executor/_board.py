"""Where a worker stands: a few numbers in memory that it shares with the parent.

The parent reads them although the worker is busy, hangs, or is dead.
"""

from __future__ import annotations

import mmap
import os
import time
from typing import Final, NamedTuple

__all__ = ["Board", "Standing"]

_SERIAL: Final = 0  # of the batch that was begun last
_BEGUN: Final = 1  # the cell whose function was called last, -1: none yet
_SINCE: Final = 2  # when it was called, in ns of the monotonic clock; 0: it has returned
_REPLIED: Final = 3  # how many cells were replied to, sent or not
_COUNT: Final = 4
_SIZE: Final = _COUNT * 8


class Standing(NamedTuple):
    """What a worker said last about itself."""

    serial: int
    begun: int
    since: int
    replied: int

    @property
    def seconds(self) -> float:
        """For how long the function of the current cell has been running, 0.0: it is not."""
        return (time.monotonic_ns() - self.since) / 1e9 if self.since else 0.0


class Board:
    """The numbers of one worker, in a file that both sides have mapped."""

    def __init__(self, path: str, *, create: bool = False) -> None:
        """Map the file; the parent creates it."""
        flags = os.O_RDWR | (os.O_CREAT | os.O_EXCL if create else 0)
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)
        try:
            if create:
                os.ftruncate(descriptor, _SIZE)
            self._map = mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)
        self._numbers = memoryview(self._map).cast("q")

    def enter(self, serial: int) -> None:
        """Say that a batch was received whole. The serial comes last: it makes the rest count."""
        numbers = self._numbers
        numbers[_SINCE], numbers[_REPLIED], numbers[_BEGUN] = 0, 0, -1
        numbers[_SERIAL] = serial

    def begin(self, position: int) -> None:
        """Say that a cell's function is called now."""
        numbers = self._numbers
        numbers[_BEGUN] = position
        numbers[_SINCE] = time.monotonic_ns()

    def end(self) -> None:
        """Say that the function has returned."""
        self._numbers[_SINCE] = 0

    def replied(self, count: int) -> None:
        """Say how many cells of the batch are done with."""
        self._numbers[_REPLIED] = count

    def read(self) -> Standing:
        """Return numbers that belong together: the other side may be writing meanwhile."""
        before = tuple(self._numbers)
        while before != (again := tuple(self._numbers)):
            before = again
        return Standing(*before)

    def close(self) -> None:
        """Unmap the file."""
        self._numbers.release()
        self._map.close()
