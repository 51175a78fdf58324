"""What happens to open databases around a fork and at the end of the program.

SQLite's connections must not cross a fork, not even closed ones on the other side: the child
would believe to hold the parent's locks. So none is open while a process forks.
"""

from __future__ import annotations

import atexit
import os

from expcache._store import _reader
from expcache._store._claimant import CLAIMANT
from expcache._store._writer import WRITER

_held: list[list[_reader.Reader]] = []


def _before() -> None:
    # Readers first: the last connection to close is the one that tidies the log away.
    _held.append(_reader.hold_all())
    WRITER.hold()
    CLAIMANT.hold()


def _in_parent() -> None:
    _reader.release_all(_held.pop())
    CLAIMANT.resume()
    WRITER.release()


def _in_child() -> None:
    _reader.release_all(_held.pop())
    CLAIMANT.abandon()
    WRITER.abandon()


def _at_exit() -> None:
    _reader.close_all()
    WRITER.end()
    CLAIMANT.end()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
atexit.register(_at_exit)
