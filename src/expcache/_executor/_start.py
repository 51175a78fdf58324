"""Three ways to start a worker; in none of them does it import the user's `__main__`."""

from __future__ import annotations

import gc
import os
import signal
import socket
import warnings
from collections.abc import Callable
from typing import Final

from expcache._executor._inherited import close_in_forks
from expcache._executor._launch import launch
from expcache._executor._leave import own_group
from expcache._executor._process import Forked, Process, Served, Spawned
from expcache._executor._server import server
from expcache._executor._worker import enter

__all__ = ["METHODS", "default_method", "quiet_thread", "start"]


def start(method: str, output: str) -> tuple[socket.socket, Process]:
    """Start a worker and return the socket that leads to it."""
    ours, theirs = socket.socketpair()
    close_in_forks(ours)
    try:
        return ours, METHODS[method](ours, theirs, output)
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()


def quiet_thread() -> None:
    """Keep Ctrl-C from what this thread starts, also while it is not yet able to ignore it."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


def _serve(ours: socket.socket, theirs: socket.socket, output: str) -> Process:
    del ours, output
    mine, told = socket.socketpair()
    close_in_forks(mine)
    try:
        server().start(theirs, told)
    except BaseException:
        mine.close()
        raise
    finally:
        told.close()
    return Served(mine)


def _fork(ours: socket.socket, theirs: socket.socket, output: str) -> Process:
    del output
    # Other threads may hold locks: that is what the user has asked for.
    warnings.filterwarnings(
        "ignore", r".*multi-threaded.*fork", DeprecationWarning, r"expcache\._executor\._start"
    )
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        gc.freeze()  # the parent's garbage: to finalize it here may mean to wait for a thread
        ours.close()
        enter(theirs, parent)
    server().guard(str(pid))
    own_group(pid)  # as the worker does, unless it hangs before
    return Forked(pid)


def _spawn(ours: socket.socket, theirs: socket.socket, output: str) -> Process:
    del ours
    program = "from expcache._executor._worker import main; main({}, {})"
    with open(output, "ab") as file:  # noqa: PTH123 - a path made here
        popen = launch(theirs, program, stdout=file, stderr=file)
    server().guard(str(popen.pid))
    return Spawned(popen)


METHODS: Final[dict[str, Callable[[socket.socket, socket.socket, str], Process]]] = {
    **({"forkserver": _serve} if hasattr(os, "fork") and hasattr(socket, "send_fds") else {}),
    "spawn": _spawn,
    **({"fork": _fork} if hasattr(os, "fork") else {}),
}


def default_method() -> str:
    """Return how workers are started if nobody says it."""
    return next(iter(METHODS))
