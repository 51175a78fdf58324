"""Let the disk begin while a large file is still being written."""

from __future__ import annotations

import os
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, Literal, Self

if TYPE_CHECKING:
    from types import TracebackType


class EarlySync:
    """Syncs an open file on a thread whenever woken, so that the last sync finds little to do.

    Writing to the system's memory and from there to the disk then take the time of the slower
    one instead of the sum. The thread starts with the second step: small files need none.
    """

    def __init__(self, handle: int) -> None:
        """Sync the file behind *handle*, which stays open until the block ends."""
        self._handle: Final = handle
        # Unlike an event, it cannot be jammed by a Ctrl-C that hits who wakes.
        self._wanted: Final[SimpleQueue[Literal["sync", "end"]]] = SimpleQueue()
        self._steps = 0
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def wake(self) -> None:
        """Tell that there is more to sync."""
        self._steps += 1
        if self._steps == 2:  # noqa: PLR2004 - said in the docstring
            self._thread = threading.Thread(target=self._run, name="expcache sync", daemon=True)
            self._thread.start()
        if self._wanted.empty():
            self._wanted.put("sync")

    def _run(self) -> None:
        sync = getattr(os, "fdatasync", os.fsync)
        while self._wanted.get() == "sync" and self._error is None:
            try:
                sync(self._handle)
            except OSError as error:  # told once only, and the writer has to hear it
                self._error = error

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the thread; raise what it met unless something else went wrong before."""
        self._wanted.put("end")
        if self._thread is not None and self._thread.is_alive():
            self._thread.join()
        if self._error is not None and error is None:
            raise self._error
