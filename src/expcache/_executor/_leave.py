"""How a worker leaves: with its parent, with all processes it started, and without a core dump."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    import socket

__all__ = [
    "GRANDCHILD",
    "end_group",
    "follow_parent",
    "follow_socket",
    "leave",
    "own_group",
    "shield",
    "without_core",
]

GRANDCHILD: Final = 0
"""What a process ends with that a run forked and that came back from the run."""

_PR_SET_PDEATHSIG: Final = 1


def shield() -> None:
    """Make this process deaf for what a terminal sends: Ctrl-C is the parent's to answer."""
    signal.set_wakeup_fd(-1)
    for sign in signal.valid_signals():
        if callable(signal.getsignal(sign)):  # the parent's own, after a fork
            signal.signal(sign, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def own_group(pid: int = 0) -> None:
    """Let this process, or a child, lead a group, so that all it starts can be ended with it."""
    if hasattr(os, "setpgid"):
        with contextlib.suppress(OSError):  # it leads one already, or a session, or has ended
            os.setpgid(pid, pid)


def without_core() -> None:
    """Write no core dump when a run crashes."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - POSIX only

        # One byte is as good as none, and is what keeps a dump from being piped to a program too.
        resource.setrlimit(resource.RLIMIT_CORE, (1, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def follow_parent(parent: int, sign: int = 9) -> bool:
    """Get a signal from the kernel when the parent dies, where there is such a thing.

    It comes even to a process that hangs in C code and holds the interpreter lock.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes  # noqa: PLC0415 - slow, and not needed elsewhere

    done = ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, sign, 0, 0, 0) == 0
    if os.getppid() != parent:  # it died before
        os.kill(os.getpid(), sign)
    return bool(done)


def follow_socket(sock: socket.socket) -> None:
    """Leave when the other side of a socket is gone, where the kernel does not tell."""
    import socket as sockets  # noqa: PLC0415 - loaded already: the socket is there
    import threading  # noqa: PLC0415 - as above

    def watch() -> None:
        with contextlib.suppress(OSError):
            while sock.recv(1, sockets.MSG_PEEK):
                pass
        leave(1)

    threading.Thread(target=watch, daemon=True, name="expcache parent watch").start()


def end_group(pid: int) -> None:
    """Kill all processes of a worker's group, if there still are any."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def leave(status: int = 0) -> NoReturn:
    """End this process at once, and all that it has started with it."""
    if hasattr(os, "getpgrp") and os.getpgrp() == os.getpid():
        end_group(os.getpid())
    os._exit(status)
