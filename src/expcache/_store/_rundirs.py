"""Where the runs of an experiment keep their files: directories that records name."""

from __future__ import annotations

import contextlib
import os
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from expcache._record import read_header
from expcache._store._protocol import Damage, Orphan, Report
from expcache.errors import RecordError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from expcache._store._folder import Folder
    from expcache._store._site import Site

__all__ = ["DiskDirectories", "MemoryDirectories", "check_directories", "named_in", "strays"]

_FIELD = b'"directory":'
_ID = 32


class DiskDirectories:
    """The part of a store on disk that says where files beside the records lie."""

    @property
    @abstractmethod
    def _place(self) -> Site: ...

    @abstractmethod
    def _folder(self, experiment: str) -> Folder: ...

    def _ready(self, experiment: str) -> Folder | None:
        folder = self._folder(experiment)
        try:
            self._place.check_writable()
            folder.create()
        except (OSError, StoreError):  # the put will tell
            return None
        return folder

    def parts_directory(self, experiment: str) -> str | None:
        """Return where large parts lie; None where nothing can be written."""
        folder = self._ready(experiment)
        return None if folder is None else str(folder.parts)

    def files_directory(self, experiment: str, *, create: bool = False) -> str | None:
        """Return where the directories of runs lie; to *create* them, None where they cannot."""
        folder = self._ready(experiment) if create else self._folder(experiment)
        return None if folder is None else str(folder.files)

    def sent_directory(self, experiment: str, *, create: bool = False) -> str | None:
        """Return where notes of what was sent away lie; None where there are none.

        None also where others can write: what comes by a note is unpickled.
        """
        folder = self._ready(experiment) if create else self._folder(experiment)
        if folder is None or not (create or folder.sent.is_dir()):
            return None
        access = self._place.access
        return None if access is not None and not access.trusted else str(folder.sent)


class MemoryDirectories:
    """The same of a store in memory: a temporary directory that goes when the store does."""

    _scratch: str | None = None

    def sent_directory(self, experiment: str, *, create: bool = False) -> None:
        """Return None: whatever computes without this process has nowhere to tell of it."""

    def files_directory(self, experiment: str, *, create: bool = False) -> str:  # noqa: ARG002 - always ready
        """Return where the directories of runs lie; made when there is one."""
        from expcache._store._folder import directory_name  # noqa: PLC0415 - as what follows

        if self._scratch is None:
            import tempfile  # noqa: PLC0415 - only for runs with files
            import weakref  # noqa: PLC0415 - as above

            # A name that nobody can guess; whoever puts something there first makes it.
            scratch = f"{tempfile.gettempdir()}/expcache-{os.urandom(16).hex()}"
            weakref.finalize(self, _remove_scratch, scratch, os.getpid())
            self._scratch = scratch
        return f"{self._scratch}/{directory_name(experiment)}"


def _remove_scratch(path: str, pid: int) -> None:
    if os.getpid() == pid:  # not in a process that was forked from it
        import shutil  # noqa: PLC0415 - as above

        shutil.rmtree(path, ignore_errors=True)


def named_in(envelope: bytes) -> set[str]:
    """Return the names of the directories that a record keeps: of every attempt at its run."""
    if _FIELD not in envelope:
        return set()
    from expcache._directory import is_name  # noqa: PLC0415 - only for runs with files

    try:
        header = read_header(envelope)
    except RecordError:
        return set()
    found = [header.directory, *(one.get("directory") for one in header.attempts)]
    return {str(name) for name in found if is_name(name)}


def names_only_in(store: Any, experiment: str, keys: Iterable[str]) -> tuple[str, ...]:
    """Return the directories that some records keep and no other of their runs."""
    wanted = list(keys)
    names = {name for one in store.get_many(experiment, wanted).values() for name in named_in(one)}
    if not names:
        return ()
    store.flush()  # what was deleted just now names nothing any more
    ids = list(dict.fromkeys(key[:_ID] for key in wanted))
    others = [other for other in store.keys_of(experiment, ids) if other not in wanted]
    for kept in store.get_many(experiment, others).values():
        names -= named_in(kept)
    return tuple(sorted(names))


def remove_directories(place: Path | str, names: Sequence[str]) -> None:
    """Remove directories whose record is deleted."""
    from expcache._directory import put_away  # noqa: PLC0415 - as above

    for name in names:
        with contextlib.suppress(OSError):
            put_away(str(place), name)


def check_directories(
    experiment: str, place: Path, rows: Iterable[tuple[str, bytes]]
) -> tuple[Report, set[str]]:
    """Return which directories are missing, and the names of all that records keep."""
    named: set[str] = set()
    missing: list[Damage] = []
    for key, envelope in rows:
        names = named_in(envelope)
        lost = sorted(name for name in names if not (place / name).is_dir())
        missing += [Damage(experiment, key, f"{name}: its directory is gone") for name in lost]
        named |= names
    return Report(0, missing=tuple(missing)), named


def strays(place: Path, named: set[str]) -> Iterator[Orphan]:
    """Yield the directories that no record names and nobody works in."""
    import time  # noqa: PLC0415 - only to verify

    from expcache._directory import (  # noqa: PLC0415 - as above
        RUNNING,
        SHARED,
        is_live,
        newest_change,
    )

    now = time.time()
    unused = [path for path in _entries(place / SHARED) if path.stat().st_nlink == 1]
    for path in (*_entries(place), *_entries(place / RUNNING), *unused):
        if path.name in (RUNNING, SHARED) or path.name in named or is_live(str(path)):
            continue
        with contextlib.suppress(FileNotFoundError):
            yield Orphan(str(path), now - newest_change(str(path)))


def _entries(place: Path) -> list[Path]:
    return sorted(place.iterdir()) if place.is_dir() else []
