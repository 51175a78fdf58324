"""What worker processes are given: functions of one number, in a module that they can import."""

from __future__ import annotations

import os
import signal
import time

SHORTEST, SHORT, LONG = 0.01, 0.02, 1.0


def nothing(x: float) -> float:
    """Return at once: all that is measured is what surrounds the call."""
    return x + 1


def nap(x: float) -> float:
    """Take the time of a short run."""
    time.sleep(SHORT)
    return x


def blink(x: float) -> float:
    """Take half the time of a short run."""
    time.sleep(SHORTEST)
    return x


def uneven(x: float) -> float:
    """Take a second for numbers below zero, else the time of a short run."""
    time.sleep(LONG if x < 0 else SHORT)
    return x


def hostile(x: float) -> float:
    """Take the time of a short run; the third is killed, and the fifth never returns."""
    if x == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if x == 5:
        time.sleep(3600)
    return nap(x)
