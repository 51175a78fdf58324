"""Where a worker stands: a few numbers in memory that it shares with the parent, and a box.

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
_FILLED: Final = 4  # how many bytes of the box count
_EMPTIED: Final = 5  # how often it was emptied
_COUNT: Final = 6
_BOX: Final = _COUNT * 8
_SIZE: Final = 1 << 17


class Standing(NamedTuple):
    """What a worker said last about itself."""

    serial: int
    begun: int
    since: int
    replied: int
    filled: int = 0
    emptied: int = 0

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
        self._numbers = memoryview(self._map)[:_BOX].cast("q")

    def enter(self, serial: int) -> None:
        """Say that a batch was received whole. The serial comes last: it makes the rest count."""
        numbers = self._numbers
        self.empty()
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

    def put(self, part: bytes) -> bool:
        """Leave some bytes in the box, where they outlive the worker; False: there is no room."""
        start = _BOX + self._numbers[_FILLED]
        end = start + len(part)
        if end > _SIZE:
            return False
        self._map[start:end] = part
        self._numbers[_FILLED] = end - _BOX
        return True

    def box(self) -> bytes:
        """Return what is in the box; nothing if it is being emptied: then it was sent."""
        before = self.read()
        found = self._map[_BOX : _BOX + before.filled]
        return found if self.read().emptied == before.emptied else b""

    def empty(self) -> None:
        """Empty the box, after what was in it was sent."""
        self._numbers[_FILLED] = 0
        self._numbers[_EMPTIED] += 1

    def close(self) -> None:
        """Unmap the file."""
        self._numbers.release()
        self._map.close()
