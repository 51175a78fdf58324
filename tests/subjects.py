"""Experiments for tests of worker processes: here, since a worker imports their module."""

from __future__ import annotations

import ctypes
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

from expcache import experiment


class TwoArguments(Exception):  # noqa: N818 - it stands for a user's
    """An exception that cannot be made again from its `args`."""

    def __init__(self, first: str, second: str) -> None:
        """Pass on one argument of two."""
        super().__init__(first)
        self.second = second


@experiment
def square(x: int) -> int:
    """Return the square."""
    return x * x


@experiment
def where(x: int) -> tuple[int, int]:
    """Return the process and its parent."""
    del x
    return os.getpid(), os.getppid()


@experiment
def traced(x: int, folder: str) -> int:
    """Leave a line for each computation."""
    with (Path(folder) / "calls").open("a") as file:
        file.write(f"{x}\n")
    return x


@experiment
def held(x: int, folder: str) -> int:
    """Tell that the run has begun, and wait until it is let go."""
    (Path(folder) / f"begun-{x}").touch()
    while not (Path(folder) / "go").exists():
        time.sleep(0.005)
    return x


@experiment
def misbehave(x: int, how: str) -> Any:
    """Do as told at x == 2, and return x otherwise."""
    return _DEEDS[how]() if x == 2 else x


@experiment
def chatter(x: int) -> int:
    """Print, warn and log."""
    sys.stdout.write(f"printed {x}\n")
    sys.stderr.write(f"complained {x}\n")
    os.write(1, f"written {x}\n".encode())
    subprocess.run([sys.executable, "-c", f"print('child {x}')"], check=True)
    warnings.warn(f"warned {x}", UserWarning, stacklevel=1)
    logging.getLogger("subjects").warning("logged %s", x)
    return x


@experiment
def outer(x: int) -> int:
    """Call another experiment."""
    return square(x) + 1


@experiment
def fib(n: int) -> int:
    """Call itself for what went before."""
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@experiment(timeout=0.5)
def limited(x: int) -> int:
    """Take for ever at x == 2."""
    while x == 2:
        time.sleep(0.01)
    return x


@experiment
async def awaited(x: int) -> int:
    """Be a coroutine function."""
    return x + 1


@experiment
def allocate(x: int, megabytes: int) -> int:
    """Fill memory."""
    del x
    return len(bytearray(megabytes << 20))


def _fork_and_return() -> int:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return 2


def _start_threads() -> int:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    return 2


def _raise_two() -> None:
    raise TwoArguments("first", "second")


def _exit() -> None:
    sys.exit(3)


def _print_much() -> int:
    line = "x" * 99_999 + "\n"
    for _ in range(1000):
        sys.stdout.write(line)
    return 2


_DEEDS: dict[str, Any] = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit 0": lambda: os._exit(0),
    "exit 3": lambda: os._exit(3),
    "sys.exit": _exit,
    "segfault": lambda: ctypes.string_at(0),
    "exception": _raise_two,
    "result": threading.Lock,
    "fork": _fork_and_return,
    "threads": _start_threads,
    "output": _print_much,
    "hang": lambda: time.sleep(3600),
    "c call": lambda: re.match(r"(a+)+$", "a" * 60 + "b"),
}


class Rooted(Exception):  # noqa: N818 - it stands for a user's
    """An exception that cannot leave its process."""

    def __init__(self, message: str) -> None:
        """Hold what cannot be pickled."""
        super().__init__(message)
        self.lock = threading.Lock()


class Shaky(OSError):  # noqa: N818 - as above
    """An exception with a base that may be named in its place."""


@experiment(ignore=["folder"])
def flaky(x: int, good: int, folder: str, how: str = "shaky") -> int:
    """Fail in one way or another until the attempt with the number ``good``."""
    file = Path(folder) / f"attempts-{x}"
    with file.open("a") as attempts:
        attempts.write("x")
    with (Path(folder) / "calls").open("a") as calls:
        calls.write(f"{x}\n")
    number = file.stat().st_size
    print(f"attempt {number}")  # noqa: T201 - to be captured
    if number < good:
        _fail(how, number)
    return x


def _fail(how: str, number: int) -> None:
    if how == "exit":
        os._exit(3)
    while how == "hang":
        time.sleep(0.005)
    raise Rooted(f"attempt {number}") if how == "rooted" else Shaky(f"attempt {number}")
