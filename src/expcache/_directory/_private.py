"""The directory of a run that goes on: nobody else's until it is renamed to stay.

It lies in ``.running`` under the record key of its run, so that whoever computes the same run
later finds what was left. Its lock is held by the process that computes, and by every program that
the process has started with it: while one of them lives, the directory is in use.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from typing import Final

from expcache._directory._link import SHARED
from expcache._directory._listing import no_files
from expcache._directory._lock import locked, opened
from expcache._directory._spare import Spare, is_bare, offer, removed, taken

__all__ = ["RUNNING", "Private", "copied", "is_live", "put_away", "settle_left"]

RUNNING: Final = ".running"

PATIENCE: Final = 3.0
PAUSE: Final = 0.01
DYING: Final = 20
"""How often to look again whether what was killed is gone, before it counts as living."""

_held: set[str] = set()
"""The directories that this process works in."""


class Private:
    """A directory that one run writes into."""

    __slots__ = ("_bare", "_place", "_streams", "lock", "path")

    def __init__(
        self, place: str, path: str, lock: int | None, streams: dict[str, int] | None = None
    ) -> None:
        """Hold a directory that `make` has made; ``lock`` is the descriptor that locks it."""
        self._place = place
        self._streams = {} if streams is None else streams
        self._bare: dict[str, bool] | None = None
        self.path = path
        self.lock = lock

    @classmethod
    def make(cls, place: str, key: str, busy: Callable[[str], object] | None = None) -> Private:
        """Make the directory of a run, empty.

        Args:
            place: where the directories of its experiment lie.
            key: the record key of the run.
            busy: called with the path while a program of an earlier attempt still works there; it
                may end it. While it lives, another directory is made.
        """
        path = f"{place}/{RUNNING}/{key}"
        spare = taken(place, path)
        if spare is not None:
            _held.add(path)
            return cls(place, path, spare.lock, spare.streams)
        while True:
            try:
                os.mkdir(path, 0o700)  # noqa: PTH102 - one call, no Path
            except FileNotFoundError:
                _make_all(place, f"{place}/{RUNNING}")
                continue
            except FileExistsError:
                path = _made_free(path, busy)
                continue
            lock = locked(path)
            if lock is not False:
                _held.add(path)
                return cls(place, path, lock)

    @property
    def shared(self) -> str:
        """Where files lie that the runs of the experiment share."""
        return f"{self._place}/{SHARED}"

    def stream(self, name: str) -> int:
        """Return a file of the directory, new or empty, for a program to write to.

        It is open until the run is over.
        """
        if name not in self._streams:
            flags = os.O_CREAT | os.O_EXCL
            self._streams[name] = opened(f"{self.path}/{name}", flags)
        return self._streams[name]

    def may_go(self, files: Iterable[str]) -> None:
        """Let the directory go if it has nothing but these files, and its streams are empty."""
        self._bare = {name: name in self._streams for name in files}

    def settle(self, run_id: str) -> str:
        """Let the directory stay under a name of its own, and return that; "" if it is empty."""
        try:
            if self._bare is not None and self._has_gone(self._bare):
                return ""
            try:
                os.rmdir(self.path)  # noqa: PTH106 - as above
            except FileNotFoundError:  # the run has removed it
                return ""
            except OSError:  # there is something in it
                pass
            else:
                return ""
            name = f"{run_id}-{os.urandom(4).hex()}"
            os.utime(self.path)  # no record names it yet: it is not to look old
            os.rename(self.path, f"{self._place}/{name}")  # noqa: PTH104 - as above
            return name
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Work there no more, and leave it as it is."""
        _held.discard(self.path)
        while self._streams:
            os.close(self._streams.popitem()[1])
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None

    def _has_gone(self, files: dict[str, bool]) -> bool:
        """Hand a directory on that has nothing of its own, or remove it; False: it has to stay."""
        try:
            if not is_bare(self.path, files):
                return False
            inode = os.stat(self.path).st_ino  # noqa: PTH116 - as above
            if not self._is_left():  # another attempt may have put it aside meanwhile
                return os.stat(self.path).st_ino != inode  # noqa: PTH116 - as above
        except OSError:  # the run has removed it, or changed it beyond recognition
            return False
        if offer(Spare(self._place, self.path, self.lock, self._streams, files)):
            self.lock, self._streams = None, {}
        else:
            removed(self.path, files)
        return True

    def _is_left(self) -> bool:
        """Whether nothing that the run has started has the directory or its streams open.

        Whoever has them holds their locks with us: let go of them, and take them anew.
        """
        names = list(self._streams)
        for _ in range(DYING):
            self.abandon()
            lock = locked(self.path)
            if lock is not False:
                self.lock = lock
                with contextlib.suppress(BlockingIOError):
                    for name in names:
                        self._streams[name] = opened(f"{self.path}/{name}")
                    return True
            time.sleep(0.001)
        return False


def settle_left(place: str, key: str, run_id: str) -> str:
    """Let the directory stay that a process left which ended in the middle of a run."""
    path = f"{place}/{RUNNING}/{key}"
    end = time.monotonic() + PATIENCE
    while path not in _held and is_live(path) and time.monotonic() < end:
        time.sleep(PAUSE)  # its programs end with it, but a little later
    if path in _held or not os.path.isdir(path) or is_live(path):  # noqa: PTH112 - as above
        return ""
    return Private(place, path, None).settle(run_id)


def copied(source: str, place: str, key: str, run_id: str) -> str:
    """Copy the directory of a finished run for another record; return the name of the copy."""
    import shutil  # noqa: PLC0415 - only to copy

    private = Private.make(place, key)
    try:
        shutil.copytree(source, private.path, symlinks=True, dirs_exist_ok=True, ignore=no_files)
    except BaseException:
        private.abandon()
        raise
    return private.settle(run_id)


def is_live(path: str) -> bool:
    """Whether a process works in a directory now."""
    if path in _held:
        return True
    lock = locked(path)
    if lock is False:
        return os.path.isdir(path)  # noqa: PTH112 - as above
    if lock is not None:
        os.close(lock)
    return False


def put_away(place: str, name: str) -> None:
    """Remove the directory of a run, whose record is gone: at once for all who look for it."""
    import shutil  # noqa: PLC0415 - only to delete

    gone = f"{place}/{RUNNING}/gone-{name}"
    with contextlib.suppress(FileNotFoundError):
        _make_all(place, f"{place}/{RUNNING}")
        os.rename(f"{place}/{name}", gone)  # noqa: PTH104 - as above
    shutil.rmtree(gone, ignore_errors=True)


def _made_free(path: str, busy: Callable[[str], object] | None) -> str:
    """Put aside what a process left that is dead; return where to make a directory then."""
    token = os.urandom(4).hex()
    if path not in _held and busy is not None and is_live(path):
        busy(path)
    if is_live(path):
        return f"{path}.{token}"
    with contextlib.suppress(FileNotFoundError):
        os.rename(path, f"{path}.{token}")  # noqa: PTH104 - as above
    return path


def _make_all(*paths: str) -> None:
    for path in paths:
        with contextlib.suppress(FileExistsError):
            os.makedirs(path, 0o700)  # noqa: PTH103 - as above
