"""The way to the process that ends our programs if we cannot: one for each process of ours.

It is told nothing while all goes well: what goes on stands in a file that both have open, and the
end of a pipe tells it that we are gone, however that came.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Final

__all__ = ["SLOT", "Watchdog", "watchdog"]

SLOT: Final = 1024
"""The bytes of one program: its number, sixteen of them, and the path of its parameters."""
_NUMBER: Final = 16
_EMPTY: Final = bytes(SLOT)


class Watchdog:
    """Notes which programs go on, for a process that outlives this one."""

    def __init__(self) -> None:
        """Start the process."""
        self._lock = threading.Lock()
        self._free: list[int] = []
        self._slots = 0
        self._table = _table()
        self._reading, self._writing = os.pipe()
        try:
            _start(self._reading, self._table)
        finally:
            os.close(self._reading)

    def begin(self, path: str) -> int:
        """Note that a program is about to begin that reads its parameters there."""
        with self._lock:
            if self._free:
                slot = self._free.pop()
            else:
                slot, self._slots = self._slots, self._slots + 1
        told = os.fsencode(path)[: SLOT - _NUMBER - 1]
        os.pwrite(self._table, b"%-16d%b\0" % (0, told), slot * SLOT)
        return slot

    def note(self, slot: int, pid: int) -> None:
        """Note the number of the program, which leads a group."""
        os.pwrite(self._table, b"%-16d" % pid, slot * SLOT)

    def end(self, slot: int) -> None:
        """Note that nothing of it is left; a second time does no harm."""
        with self._lock:
            if slot not in self._free:
                os.pwrite(self._table, _EMPTY[: _NUMBER + 1], slot * SLOT)
                self._free.append(slot)

    def leave(self) -> None:
        """Have nothing to do with it, as a fork of the process that started it."""
        os.close(self._writing)
        os.close(self._table)


class _None:
    """Stands in where a process cannot be started so, as on Windows."""

    def begin(self, _path: str) -> int:
        return 0

    def note(self, _slot: int, _pid: int) -> None:
        pass

    def end(self, _slot: int) -> None:
        pass

    def leave(self) -> None:
        pass


_ours: list[Watchdog | _None] = []
_starting = threading.Lock()


def watchdog() -> Watchdog | _None:
    """Return the one of this process."""
    if not _ours:
        with _starting:
            if not _ours:
                _ours.append(Watchdog() if hasattr(os, "posix_spawn") else _None())
    return _ours[0]


def _table() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("expcache")
    import tempfile  # noqa: PLC0415 - where there is nothing better

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _start(reading: int, table: int) -> None:
    program = os.path.join(os.path.dirname(__file__), "_watch.py")  # noqa: PTH118, PTH120 - text
    actions = [
        (os.POSIX_SPAWN_DUP2, reading, 0),
        (os.POSIX_SPAWN_DUP2, table, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    arguments = [sys.executable, "-I", "-S", program]
    os.posix_spawn(sys.executable, arguments, os.environ, file_actions=actions, setpgroup=0)


def _forked() -> None:
    global _starting  # noqa: PLW0603 - another thread may have held it
    _starting = threading.Lock()
    while _ours:
        _ours.pop().leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
