"""Removing records from a directory, and the files that were theirs alone."""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING, Final

from expcache._store._check import parts_of
from expcache._store._lock import WriteLock
from expcache._store._parts import part_path
from expcache._store._protocol import Removed
from expcache._store._rundirs import named_in, remove_directories
from expcache.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from expcache._record import File
    from expcache._store._commit import Commit
    from expcache._store._folder import Folder
    from expcache._store._reader import Reader

WINDOW: Final = 500
ID: Final = 32


class Removal:
    """Removes records of one experiment.

    First the rows go, those of a group in one transaction; then what only they named. Whoever is
    killed in between leaves orphans.
    """

    def __init__(self, folder: Folder, reader: Reader, delete: Callable[..., Commit]) -> None:
        """Remove nothing yet; *delete* hands rows to the writer."""
        self._folder: Final = folder
        self._reader: Final = reader
        self._delete: Final = delete
        self._parts: dict[str, File] = {}
        self._directories: list[str] = []
        self._keys: list[str] = []
        self._nbytes = 0

    def remove(self, groups: Iterable[Sequence[str]]) -> Removed:
        """Remove all groups; return what was there."""
        rest = iter(groups)
        while window := list(islice(rest, WINDOW)):
            self._remove_rows([group for group in window if group])
        gone = self._remove_parts() if self._parts else []
        files = (*map(str, gone), *self._directories)
        return Removed(tuple(self._keys), files, self._nbytes)

    def _remove_rows(self, groups: list[Sequence[str]]) -> None:
        found = self._reader.get_many([key for group in groups for key in group])
        commits = [self._delete(self._folder.experiment, *group) for group in groups]
        for commit in commits:
            commit.wait()
        self._keys += found
        for envelope in found.values():
            self._nbytes += len(envelope)
            self._parts.update((part.name, part) for part in parts_of(envelope))
        names = {name for envelope in found.values() for name in named_in(envelope)}
        if names:
            self._remove_directories(names, list({key[:ID] for key in found}))

    def _remove_directories(self, names: set[str], ids: list[str]) -> None:
        for kept in self._reader.get_many(self._reader.keys_of(ids)).values():
            names -= named_in(kept)  # as that of an attempt which a result tells of, too
        for name in sorted(names):
            directory = self._folder.files / name
            self._nbytes += _size_of(directory)
            self._directories.append(str(directory))
        remove_directories(self._folder.files, sorted(names))

    def _remove_parts(self) -> list[Path]:
        # No record that names one of them can be committed meanwhile.
        with WriteLock(self._folder.lock):
            named = {part.name for _, one in self._reader.rows() for part in parts_of(one)}
            return [
                path
                for part in self._parts.values()
                if part.name not in named and (path := self._remove_part(part)) is not None
            ]

    def _remove_part(self, part: File) -> Path | None:
        with contextlib.suppress(OSError, RecordError):  # one in use on Windows is an orphan now
            path = part_path(self._folder.parts, part.name)
            path.unlink()
            self._nbytes += part.size
            return path
        return None


def _size_of(directory: Path) -> int:
    """Return how many bytes the files of a directory have."""
    found = [one.lstat() for one in directory.rglob("*") if not one.is_dir()]
    return sum(one.st_size for one in found)
