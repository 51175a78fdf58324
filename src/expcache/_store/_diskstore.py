"""The store in a directory: one diskcache for each experiment, large parts beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from expcache._store import (
    _fork,  # noqa: F401 - registers what happens at a fork and at the end
)
from expcache._store._claim import Claim
from expcache._store._claimant import CLAIMANT
from expcache._store._commit import Commit
from expcache._store._diskclaims import DiskClaims
from expcache._store._folder import Folder, list_experiments
from expcache._store._parts import Spilled, map_part, part_path, read_part
from expcache._store._place import EXPERIMENTS
from expcache._store._protocol import Seal
from expcache._store._reader import Reader
from expcache._store._rundirs import DiskDirectories, names_only_in
from expcache._store._site import Site
from expcache._store._upkeep import DiskUpkeep
from expcache._store._write import Write
from expcache._store._writer import WRITER
from expcache.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


_WAKE, _HURRY = WRITER.wake, WRITER.hurry  # bound once, not for every commit


@final
class DiskStore(DiskDirectories, DiskClaims, DiskUpkeep):
    """A store in a directory that several processes may share."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Open the store at *path*; where *create* allows it, the first write makes it."""
        super().__init__(path, Site(path, create=create))
        self._folders: dict[str, Folder] = {}
        self._readers: dict[str, Reader] = {}

    def create(self) -> None:
        """Make the directory now, if it is missing, rather than at the first write."""
        self._site.create()

    @property
    def gone(self) -> bool:
        """Whether the directory was there and has been taken away."""
        return self._site.gone

    @property
    def _place(self) -> Site:
        return self._site

    def __repr__(self) -> str:
        """Name the directory."""
        return f"{type(self).__name__}({str(self._path)!r})"

    @property
    def path(self) -> str:
        """The directory."""
        return str(self._path)

    @property
    def writable(self) -> bool:
        """Whether records can be put here, as far as can be known before the first one."""
        return self._site.access is None or self._site.access.writable

    @property
    def trusted(self) -> bool:
        """Whether only this user can have written what is here."""
        return self._site.access is None or self._site.access.trusted

    def get(self, experiment: str, key: str) -> bytes | None:
        """Return one envelope, or None."""
        try:
            reader = self._readers[experiment]
        except KeyError:
            reader = self._reader(experiment)
        return reader.get(key)

    def get_many(self, experiment: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the envelopes that exist among *keys*."""
        return self._reader(experiment).get_many(keys)

    def keys(self, experiment: str, prefix: str = "") -> list[str]:
        """List the keys of an experiment that begin with *prefix*, oldest first."""
        return self._reader(experiment).keys(prefix)

    def keys_of(self, experiment: str, prefixes: Sequence[str]) -> list[str]:
        """List the keys of an experiment that begin with one of some prefixes, oldest first."""
        return self._reader(experiment).keys_of(prefixes)

    def find(self, prefix: str) -> list[tuple[str, str]]:
        """List (experiment, key) of all keys that begin with *prefix*, newest last."""
        found = [
            (*row, experiment)
            for experiment in self.experiments()
            for row in self._reader(experiment).find(prefix)
        ]
        return [(experiment, key) for _, _, key, experiment in sorted(found)]

    def experiments(self) -> list[str]:
        """List the names of the experiments that have a place here, sorted."""
        return list_experiments(self._path)

    def put(
        self,
        experiment: str,
        key: str,
        seal: Seal,
        *,
        replace: bool = False,
        claim: Claim | None = None,
    ) -> Commit:
        """Seal and write one envelope; without *replace* the first writer of a key wins."""
        folder = self._folder(experiment)
        spill = Spilled(folder)
        try:
            self._site.check_writable()
            envelope = seal(spill)
        except BaseException as error:
            spill.remove()
            if isinstance(error, StoreError):
                return Commit.settled(error=error)
            raise
        return self._submit(folder, key, envelope, replace=replace, parts=spill.paths, claim=claim)

    def put_sealed(  # noqa: PLR0913 - all of them are needed
        self,
        experiment: str,
        key: str,
        envelope: bytes,
        *,
        parts: Sequence[str] = (),
        replace: bool = False,
        claim: Claim | None = None,
    ) -> Commit:
        """Write one finished envelope, with the parts that were spilled beside it."""
        folder = self._folder(experiment)
        paths = [part_path(folder.parts, name) for name in parts] if parts else ()
        return self._submit(folder, key, envelope, replace=replace, parts=paths, claim=claim)

    def put_once(self, experiment: str, key: str, envelope: bytes) -> Commit:
        """Write one finished envelope unless its key exists."""
        return self._submit(self._folder(experiment), key, envelope)

    def delete(self, experiment: str, key: str, *others: str) -> Commit:
        """Remove envelopes and their directories, all or none; parts become orphans."""
        names = names_only_in(self, experiment, (key, *others))
        return self._delete(experiment, key, *others, directories=names)

    def _delete(
        self, experiment: str, key: str, *others: str, directories: Sequence[str] = ()
    ) -> Commit:
        folder = self._folder(experiment)
        return self._submit(folder, key, None, others=others, directories=directories)

    def _submit(  # noqa: PLR0913 - as above
        self,
        folder: Folder,
        key: str,
        envelope: bytes | None,
        *,
        replace: bool = False,
        parts: Sequence[Path] = (),
        claim: Claim | None = None,
        directories: Sequence[str] = (),
        others: tuple[str, ...] = (),
    ) -> Commit:
        try:
            self._site.check_writable()
        except StoreError as error:
            return Commit.settled(error=error)
        commit = Commit(_WAKE, _HURRY)
        files = tuple(parts), claim, tuple(directories), others
        WRITER.submit(Write(folder, key, envelope, replace, commit, *files))
        return commit

    def fetch(
        self,
        experiment: str,
        name: str,
        size: int,
        digest: str,
        *,
        map: bool = False,  # noqa: A002 - numpy's word for it
    ) -> memoryview:
        """Return an external part: a checked writable copy, or a read-only map."""
        parts = self._folder(experiment).parts
        if map:
            return map_part(parts, name, size)
        return read_part(parts, name, size, digest)

    def register_origin(self, experiment: str, file: str | None) -> None:
        """Note which source file an experiment comes from; refuse a second one."""
        if file is not None:
            self._folder(experiment).register_origin(file, writable=self.writable)

    def flush(self) -> None:
        """Return when everything that was put before is committed or has failed."""
        WRITER.flush()

    def close(self) -> None:
        """Flush, and let go of every file; the store opens again when it is used."""
        for reader in list(self._readers.values()):
            reader.close()
        WRITER.stop()
        CLAIMANT.close(self._path / EXPERIMENTS)

    def _folder(self, experiment: str) -> Folder:
        folder = self._folders.get(experiment)
        if folder is None:
            # Of two threads that come here at once, both get the one that was first.
            folder = self._folders.setdefault(experiment, Folder(self._path, experiment))
        return folder

    def _reader(self, experiment: str) -> Reader:
        reader = self._readers.get(experiment)
        if reader is None:
            made = Reader(self._folder(experiment).database)
            reader = self._readers.setdefault(experiment, made)
        return reader
