"""Looking after a whole store on disk: verifying, removing, copying it."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Final

from expcache._store._protocol import DAY, Orphan, Removed, Report
from expcache._store._verify import find_orphans, verify_store

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from expcache._store._commit import Commit
    from expcache._store._folder import Folder
    from expcache._store._reader import Reader
    from expcache._store._site import Site


class DiskUpkeep:
    """The part of a store on disk that looks after all that is in it."""

    def __init__(self, path: Path, site: Site) -> None:
        """Say where the store is."""
        self._path: Final = path
        self._site: Final = site

    @abstractmethod
    def _folder(self, experiment: str) -> Folder:
        """Return the places of an experiment."""

    @abstractmethod
    def _reader(self, experiment: str) -> Reader:
        """Return what reads the records of an experiment."""

    @abstractmethod
    def _delete(self, experiment: str, key: str, *others: str) -> Commit:
        """Remove envelopes, and no files."""

    @abstractmethod
    def flush(self) -> None:
        """Return when everything that was put before is committed or has failed."""

    def remove(self, experiment: str, groups: Iterable[Sequence[str]]) -> Removed:
        """Remove records with the files that nothing else names; those of a group at once."""
        from expcache._store._removal import Removal  # noqa: PLC0415 - no run removes

        self._site.check_writable()
        removal = Removal(self._folder(experiment), self._reader(experiment), self._delete)
        return removal.remove(groups)

    def orphans(self, *, remove: bool = False, age: float = DAY) -> tuple[Orphan, ...]:
        """List the files older than *age* seconds that no record names; optionally remove them."""
        if remove:
            self._site.check_writable()
        self.flush()
        report = find_orphans(self._path, remove=remove, age=age)
        gone = set(report.removed)
        return tuple(
            one for one in report.orphans if one.age > age and (not remove or one.path in gone)
        )

    def backup(self, path: str | os.PathLike[str], *, link: bool = False) -> Report:
        """Write a copy of everything to a new directory, whole or not at all, and verify it.

        Others may write here meanwhile. The copy is a store. With *link*, large parts are linked
        to, not copied.

        Raises:
            StoreError: the directory exists or cannot be written, or a database is not readable.
        """
        from expcache._store._backup import back_up  # noqa: PLC0415 - as above

        self.flush()
        return back_up(self._path, Path(path).expanduser(), link=link)

    def verify(self, *, remove_orphans: bool = False, age: float = DAY) -> Report:
        """Check every record and part; optionally remove orphans older than *age* seconds."""
        if remove_orphans:
            self._site.check_writable()
        self.flush()
        return verify_store(self._path, remove_orphans=remove_orphans, age=age)
