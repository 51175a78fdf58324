"""What the runs of a batch hand on to each other: a directory that nothing was written into.

To make a directory and the files that every program has costs more than to start a small program,
on some file systems many times as much.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

__all__ = ["Spare", "handed_on", "is_bare", "offer", "removed", "taken"]


class Spare(NamedTuple):
    """A directory without a run: its lock is held, its streams are open and empty."""

    place: str
    path: str
    lock: int | None
    streams: dict[str, int]
    files: Collection[str]


class _Batch(threading.local):
    """The runs that this thread computes one after the other."""

    spares: list[Spare] | None = None


_batch: Final = _Batch()


@contextlib.contextmanager
def handed_on() -> Iterator[None]:
    """Hand directories on from run to run inside the block; none is left of them after it."""
    spares: list[Spare] = []
    before = _batch.spares
    _batch.spares = spares
    try:
        yield
    finally:
        _batch.spares = before
        for one in spares:
            _close(one)
            removed(one.path, one.files)


def offer(spare: Spare) -> bool:
    """Keep a directory for the next run, if one may follow; return whether it is kept."""
    if not _batch.spares:
        if _batch.spares is None:
            return False
        _batch.spares.append(spare)
        return True
    return False


def taken(place: str, path: str) -> Spare | None:
    """Return a directory that a run before has left, moved to a path where nothing is."""
    spares = _batch.spares
    if not spares or spares[0].place != place or os.path.lexists(path):
        return None
    spare = spares.pop()
    try:
        os.rename(spare.path, path)  # noqa: PTH104 - text
    except OSError:
        _close(spare)
        removed(spare.path, spare.files)
        return None
    return spare._replace(path=path)


def is_bare(path: str, files: Mapping[str, bool]) -> bool:
    """Whether a directory has these files and nothing else, as they were made; True: an empty one.

    Raises:
        OSError: it cannot be read, or is gone.
    """
    if set(os.listdir(path)) != files.keys():  # noqa: PTH208 - text
        return False
    if os.lstat(path).st_mode & 0o777 != 0o700:  # noqa: PLR2004 - as it was made
        return False
    for name, is_empty in files.items():
        facts = os.lstat(f"{path}/{name}")
        if not stat.S_ISREG(facts.st_mode) or facts.st_mode & 0o777 != 0o600:  # noqa: PLR2004
            return False
        if facts.st_nlink != 1:
            return False
        if is_empty and facts.st_size:
            return False
    return True


def removed(path: str, names: Iterable[str]) -> None:
    """Remove a directory that has only these files, of which some may be gone."""
    for name in names:
        with contextlib.suppress(OSError):
            os.unlink(f"{path}/{name}")  # noqa: PTH108 - text
    with contextlib.suppress(OSError):
        os.rmdir(path)  # noqa: PTH106 - text


def _close(spare: Spare) -> None:
    for handle in spare.streams.values():
        os.close(handle)
    if spare.lock is not None:
        os.close(spare.lock)
