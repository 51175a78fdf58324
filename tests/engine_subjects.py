"""Experiments for tests of engines: no worker of an engine has this file, or what it imports."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import engine_parts
from engine_parts import Grain, TwoArguments
from expcache import experiment


@experiment
def scaled(x: int) -> dict[str, Any]:
    """Use code of another file."""
    return {"x": x, "scaled": engine_parts.scale(x), "parts": [x] * 3}


@experiment
def taken(  # noqa: PLR0913, PLR0917 - the names are the point of it
    key: int,
    workers: int,
    pure: bool,  # noqa: FBT001 - as above
    retries: int,
    fn: str,
    resource_dict: str,
) -> tuple[Any, ...]:
    """Have parameters whose names are options of engines."""
    return key, workers, pure, retries, fn, resource_dict


@experiment
def weighed(grain: Grain) -> Grain:
    """Take and return an object of a class of the project."""
    return Grain(grain.grams * 2)


@experiment
def placed(x: int) -> tuple[int, bool]:
    """Return the process, and whether it could import the project."""
    del x
    return os.getpid(), importlib.util.find_spec("engine_parts") is not None


@experiment
def late(x: int) -> int:
    """Import code of the project when it runs."""
    from engine_late import layers  # noqa: PLC0415 - the point of it

    return layers.deep(x)


@experiment
def misbehave(x: int, how: str) -> Any:
    """Do as told at x == 1, and return x otherwise."""
    return _DEEDS[how]() if x == 1 else x


@experiment
def chatter(x: int) -> int:
    """Print, warn and log."""
    sys.stdout.write(f"printed {x}\n")
    os.write(1, f"written {x}\n".encode())
    warnings.warn(f"warned {x}", UserWarning, stacklevel=1)
    logging.getLogger("subjects").warning("logged %s", x)
    return x


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
def deaf(x: int, folder: str) -> int:
    """Do the same, whoever asks the process to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (Path(folder) / f"begun-{x}").touch()
    while not (Path(folder) / "go").exists():
        time.sleep(0.005)
    return x


@experiment
def gated(x: int, folder: str, free: int) -> int:
    """Leave a line for each computation, and wait from a point on until the run is let go."""
    place = Path(folder)
    with (place / "calls").open("a") as file:
        file.write(f"{x}\n")
    while x >= free and not (place / "go").exists():
        time.sleep(0.005)
    return x


@experiment
async def patient(x: int, folder: str) -> int:
    """Do the same as a coroutine function."""
    place = Path(folder)
    with (place / "calls").open("a") as file:
        file.write(f"{x}\n")
    while not (place / "go").exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.005)
    return x


@experiment(retries=2)
def flaky(x: int, folder: str) -> int:
    """End the process the first time."""
    file = Path(folder) / f"tried-{x}"
    if not file.exists():
        file.touch()
        os._exit(3)
    return x


@experiment
def outer(x: int) -> list[str]:
    """Call an experiment that keeps its result, and tell which databases this process opens."""
    seen = vars(sys).setdefault("opened_databases", None)
    if seen is None:
        seen = vars(sys)["opened_databases"] = []
        sys.addaudithook(lambda event, what: _note(seen, event, what))
    scaled(x)
    return [*seen, *(name for name in _open_files() if name.endswith((".db", "-wal", "-shm")))]


@experiment
def filled(size: int) -> bytes:
    """Return much."""
    return bytes(size)


def _note(seen: list[str], event: str, what: tuple[Any, ...]) -> None:
    if event == "sqlite3.connect" and str(what[0]) != ":memory:":
        seen.append(str(what[0]))


def _open_files() -> list[str]:
    place = Path("/proc/self/fd")
    found = []
    for one in place.iterdir() if place.is_dir() else ():
        try:
            found.append(str(one.readlink()))
        except OSError:
            continue
    return found


def _raise(error: BaseException) -> None:
    raise error


_DEEDS: dict[str, Callable[[], Any]] = {
    "raise": lambda: _raise(ValueError("as told")),
    "two": lambda: _raise(TwoArguments("one", "two")),
    "exit": lambda: sys.exit(4),
    "interrupt": lambda: _raise(KeyboardInterrupt()),
    "leave": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "lock": threading.Lock,
    "sleep": lambda: time.sleep(3600),
}
