"""The store in a directory: one diskcache for each experiment, large parts beside it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, final

from expcache._store import _fork  # noqa: F401 - registers what happens at a fork and at the end
from expcache._store._access import Access, access_to, on_network
from expcache._store._commit import Commit
from expcache._store._folder import ABOUT, Folder, read_about
from expcache._store._parts import map_part, part_path, read_part, write_part
from expcache._store._place import EXPERIMENTS, prepare
from expcache._store._protocol import DAY, Report, Seal
from expcache._store._reader import Reader
from expcache._store._verify import verify_store
from expcache._store._write import Write
from expcache._store._writer import WRITER
from expcache._warning import warn
from expcache.errors import StoreError, StoreWarning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@final
class DiskStore:
    """A store in a directory that several processes may share."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Open the store at *path*; where *create* allows it, the first write makes a missing one.

        Looking something up leaves no trace where nothing was ever stored.
        """
        self._path: Final = path
        self._access: Access | None = None
        self._folders: dict[str, Folder] = {}
        self._readers: dict[str, Reader] = {}
        if not create or os.path.lexists(path):
            self._open(create=create)

    def _open(self, *, create: bool) -> Access:
        path = self._path
        prepare(path, create=create)
        self._access = access = access_to(path)
        if access.writable and on_network(path):
            warn(
                f"the store {str(path)!r} lies on a network file system, where a database can be "
                "damaged by writers on two machines. Keep it on a local disk: set EXPCACHE_STORE.",
                StoreWarning,
            )
        return access

    def create(self) -> None:
        """Make the directory now, if it is missing, rather than at the first write."""
        if self._access is None:
            self._open(create=True)

    @property
    def gone(self) -> bool:
        """Whether the directory was there and has been taken away."""
        return self._access is not None and not self._path.is_dir()

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
        return self._access is None or self._access.writable

    @property
    def trusted(self) -> bool:
        """Whether only this user can have written what is here."""
        return self._access is None or self._access.trusted

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
        names = []
        for about in (self._path / EXPERIMENTS).glob(f"[!.]*/{ABOUT}"):
            content = read_about(about.parent)
            if content is None:
                warn(
                    f"cannot list the experiment in {str(about.parent)!r}: {ABOUT} is damaged. "
                    "Restore the file, or run the experiment again.",
                    StoreWarning,
                )
            else:
                names.append(content["name"])
        return sorted(names)

    def put(self, experiment: str, key: str, seal: Seal, *, replace: bool = False) -> Commit:
        """Seal and write one envelope; without *replace* the first writer of a key wins."""
        folder = self._folder(experiment)
        parts: list[Path] = []

        def spill(content: memoryview, digest: str) -> str:
            folder.create()
            name = write_part(folder.parts, content, digest)
            parts.append(part_path(folder.parts, name))
            return name

        try:
            self._check_writable()
            envelope = seal(spill)
        except BaseException as error:
            for part in parts:
                part.unlink(missing_ok=True)
            if isinstance(error, StoreError):
                return Commit.settled(error=error)
            raise
        return self._submit(folder, key, envelope, replace=replace, parts=tuple(parts))

    def put_once(self, experiment: str, key: str, envelope: bytes) -> Commit:
        """Write one finished envelope unless its key exists."""
        return self._submit(self._folder(experiment), key, envelope)

    def delete(self, experiment: str, key: str) -> Commit:
        """Remove one envelope; its parts become orphans, as others may be reading them."""
        return self._submit(self._folder(experiment), key, None)

    def _submit(
        self,
        folder: Folder,
        key: str,
        envelope: bytes | None,
        *,
        replace: bool = False,
        parts: tuple[Path, ...] = (),
    ) -> Commit:
        try:
            self._check_writable()
        except StoreError as error:
            return Commit.settled(error=error)
        commit = Commit(WRITER.wake)
        WRITER.submit(Write(folder, key, envelope, replace, commit, parts))
        return commit

    def _check_writable(self) -> None:
        access = self._access or self._open(create=True)
        if not access.writable:
            raise StoreError(access.refusal, path=self.path)

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

    def verify(self, *, remove_orphans: bool = False, age: float = DAY) -> Report:
        """Check every record and part; optionally remove orphans older than *age* seconds."""
        if remove_orphans:
            self._check_writable()
        self.flush()
        return verify_store(self._path, remove_orphans=remove_orphans, age=age)

    def close(self) -> None:
        """Flush, and let go of every file; the store opens again when it is used."""
        for reader in list(self._readers.values()):
            reader.close()
        WRITER.stop()

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
