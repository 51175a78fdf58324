"""The lock that lets one process at a time write to an experiment's directory."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from expcache._store._patience import PATIENCE, attempts
from expcache.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        # Closing alone would not do: a forked child may hold a copy of the handle.
        fcntl.flock(handle, fcntl.LOCK_UN)


class WriteLock:
    """Held around every write, checkpoint and close of a writing connection.

    SQLite before 3.51.3 can damage a database when two connections write and checkpoint at the
    same moment; behind this lock that moment does not exist. It ends with its process.
    """

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        """Lock the file at *path*, waiting for at most *patience* seconds."""
        self._path = path
        self._patience = patience
        self._handle = -1

    def __enter__(self) -> None:
        """Wait for the lock; raise `StoreError` when another process does not give it up."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._wait(handle)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle

    def _wait(self, handle: int) -> None:
        for _ in attempts(self._patience):
            if _try_lock(handle):
                return
        raise StoreError(
            f"cannot write to {str(self._path.parent)!r}: another process has been writing to it "
            f"for {self._patience:g} seconds. Wait for that process, or end it.",
            path=str(self._path.parent),
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock to whoever waits."""
        handle, self._handle = self._handle, -1
        try:
            _unlock(handle)
        finally:
            os.close(handle)
