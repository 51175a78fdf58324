"""What a process that the user forks must not keep: our sockets, and our processes.

As long as a fork of this process has a socket open, a worker does not notice that this process
is gone.
"""

from __future__ import annotations

import os
import socket
import weakref
from collections.abc import Callable
from typing import Final

__all__ = ["at_fork", "close_in_forks"]

_sockets: Final[weakref.WeakSet[socket.socket]] = weakref.WeakSet()
_forgetters: Final[list[Callable[[], None]]] = []


def close_in_forks(sock: socket.socket) -> socket.socket:
    """Keep a socket for this process alone."""
    _sockets.add(sock)
    return sock


def at_fork(forget: Callable[[], None]) -> Callable[[], None]:
    """Call a function in each process that is forked from this one."""
    _forgetters.append(forget)
    return forget


def _in_child() -> None:
    for sock in list(_sockets):
        sock.close()
    _sockets.clear()
    for forget in _forgetters:
        forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
