"""The locks that tell whether somebody works in a directory, or writes to a file of it.

A program that was started with the descriptor of a lock holds it as long as it has that open.
"""

from __future__ import annotations

import os
from typing import Any, Final

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows, where nothing can be said of the living
    fcntl = None

__all__ = ["locked", "opened"]

_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def locked(path: str) -> int | bool | None:
    """Lock a directory; False: somebody else has, or it is gone; None: there are no locks here."""
    if fcntl is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held, there = os.fstat(handle), os.stat(path)  # noqa: PTH116 - as above
        if (held.st_dev, held.st_ino) == (there.st_dev, there.st_ino):
            return handle
    except BlockingIOError:
        pass
    except FileNotFoundError:
        pass
    except OSError:  # a file system without locks
        os.close(handle)
        return None
    os.close(handle)
    return False


def opened(path: str, flags: int = 0) -> int:
    """Open a file that a program will write to, and lock it where there are locks.

    Raises:
        BlockingIOError: somebody else has it open from before.
        OSError: it cannot be opened.
    """
    handle = os.open(path, os.O_RDWR | _FLAGS | flags, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:  # a file system without locks
        pass
    return handle
