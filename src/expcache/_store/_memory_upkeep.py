"""Removing and copying what is in memory."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from expcache._store._check import parts_of
from expcache._store._protocol import DAY, MEMORY, Orphan, Removed, Report
from expcache._store._rundirs import names_only_in
from expcache.errors import StoreError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from expcache._store._commit import Commit


class MemoryUpkeep:
    """The part of a store in memory that looks after all that is in it."""

    @abstractmethod
    def get_many(self, experiment: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the envelopes that exist among *keys*."""

    @abstractmethod
    def files_directory(self, experiment: str, *, create: bool = False) -> str:
        """Return where the directories of runs lie."""

    @abstractmethod
    def delete(self, experiment: str, key: str, *others: str) -> Commit:
        """Remove envelopes."""

    def remove(self, experiment: str, groups: Iterable[Sequence[str]]) -> Removed:
        """Remove records with their parts."""
        keys: list[str] = []
        files: list[str] = []
        nbytes = 0
        for group in filter(None, groups):
            found = self.get_many(experiment, group)
            names = names_only_in(self, experiment, group)
            files += [f"{self.files_directory(experiment)}/{name}" for name in names]
            self.delete(experiment, *group)
            keys += found
            nbytes += sum(map(len, found.values()))
            nbytes += sum(part.size for one in found.values() for part in parts_of(one))
        return Removed(tuple(keys), tuple(files), nbytes)

    def orphans(self, *, remove: bool = False, age: float = DAY) -> tuple[Orphan, ...]:  # noqa: ARG002 - there are no files
        """Return nothing: there are no files."""
        return ()

    def backup(self, path: str | os.PathLike[str], *, link: bool = False) -> Report:  # noqa: ARG002 - as above
        """Refuse: there are no files."""
        message = f"cannot back up the store {MEMORY!r}: it is in no directory."
        raise StoreError(f"{message} Keep results in one: expcache.use(path).", path=MEMORY)
