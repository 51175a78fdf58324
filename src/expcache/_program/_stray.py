"""Programs that an earlier attempt at a run has left behind."""

from __future__ import annotations

import os
import time
from typing import Final

from expcache._cell import current_run
from expcache._directory import is_live
from expcache._program._watch import end_marked

__all__ = ["end_strays"]

PATIENCE: Final = 5.0
PAUSE: Final = 0.02


def end_strays(directory: str) -> None:
    """End the programs that still work in the directory of a run that is computed again.

    Where the system does not tell which they are, wait until they have ended.
    """
    can_tell = os.path.isdir("/proc/self")  # noqa: PTH112 - text
    end = time.monotonic() + PATIENCE
    while is_live(directory) and (not can_tell or time.monotonic() < end):
        for pid in end_marked([os.fsencode(f"{directory}/params.json")]):
            message = "ended process %d, which an earlier attempt had left"
            current_run().log.warning(message, pid)
        time.sleep(PAUSE)
