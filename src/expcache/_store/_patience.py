"""Bounded, jittered repetition: how the store waits for others."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0
FIRST_PAUSE = 0.0002
LONGEST_PAUSE = 0.002


def attempts(seconds: float) -> Iterator[int]:
    """Count attempts, pausing a little longer each time, until *seconds* have passed."""
    end = time.monotonic() + seconds
    pause = FIRST_PAUSE
    number = 0
    while True:
        yield number
        if time.monotonic() >= end:
            return
        # Not the random module: its global state belongs to the user's experiments.
        time.sleep(pause * (0.5 + os.urandom(1)[0] / 255))
        pause = min(pause * 1.5, LONGEST_PAUSE)
        number += 1
