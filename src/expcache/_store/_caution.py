"""Using a file that may be damaged, busy or gone, without ever raising."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Final, TypeVar

from expcache.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from expcache._store._claimsfile import ClaimsFile

T = TypeVar("T")


class Caution:
    """One thread of one process at a time uses the file; what goes wrong is noted."""

    def __init__(self, file: ClaimsFile) -> None:
        """Note nothing yet."""
        self._file: Final = file
        self._lock: Final = threading.Lock()
        self._complaints: list[str] = []

    def use(self, action: Callable[[], T], *, otherwise: T) -> T:
        """Return what *action* does; once more if the file was damaged, or else *otherwise*."""
        with self._lock:
            try:
                with self._file.turn():
                    return self._repairing(action)
            except FileNotFoundError:  # the whole directory is gone
                return otherwise
            except (sqlite3.Error, OSError, StoreError) as error:
                reason = str(error).rstrip(".")
                self._complaints.append(
                    f"cannot keep claims in {str(self._file.path)!r}: {reason}. Several processes "
                    "may compute the same runs until the file can be written again."
                )
                return otherwise

    def _repairing(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except sqlite3.Error as error:
            if not self._file.discard_if_damaged(error):
                raise
            self._complaints.append(
                f"cannot read the claims in {str(self._file.path)!r}: {error}. They are begun "
                "anew, and what other processes compute at this moment may be computed twice."
            )
        return action()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()

    def complaints(self) -> list[str]:
        """Return what went wrong since the last time."""
        found, self._complaints = self._complaints, []
        return found
