"""The directory of one experiment: its database, its parts, its name."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import xxhash

from expcache._store._access import on_network
from expcache._store._files import create_directory, write_text
from expcache._store._origin import Origin, agree
from expcache._store._place import EXPERIMENTS, FORMAT_FILE, prepare
from expcache._warning import warn
from expcache.errors import StoreError, StoreWarning

if TYPE_CHECKING:
    from pathlib import Path

ABOUT: Final = "experiment.json"
LOCK: Final = "write.lock"
DATABASE: Final = "cache.db"
PARTS: Final = "parts"
FILES: Final = "files"
SENT: Final = "sent"
SLUG_LENGTH: Final = 40


def directory_name(experiment: str) -> str:
    """Return a name that people recognise, that no other experiment has, that any system takes."""
    slug = re.sub(r"[^a-z0-9._-]+", "-", experiment.lower()).strip("-.")[:SLUG_LENGTH]
    digest = xxhash.xxh3_64_hexdigest(experiment.encode("utf-8", "surrogatepass"))[:8]
    return f"{slug or 'experiment'}-{digest}"


class Folder:
    """One experiment's directory in a store; made when the first record is put."""

    def __init__(self, store: Path, experiment: str) -> None:
        """Name the places; touch nothing."""
        self.store: Final = store
        self.experiment: Final = experiment
        self.path: Final = store / EXPERIMENTS / directory_name(experiment)
        self.database: Final = self.path / DATABASE
        self.lock: Final = self.path / LOCK
        self.parts: Final = self.path / PARTS
        self.files: Final = self.path / FILES
        self.sent: Final = self.path / SENT
        self.origin: Origin | None = None

    @property
    def journal(self) -> str:
        """The journal mode that is safe where the store lies."""
        return "delete" if on_network(self.store) else "wal"

    def create(self) -> None:
        """Make the directory, complete, unless it is there."""
        if self.database.exists():
            return
        if not (self.store / FORMAT_FILE).exists():
            self._restore()
        (self.store / EXPERIMENTS).mkdir(mode=0o700, exist_ok=True)
        create_directory(self.path, self._fill)

    def _restore(self) -> None:
        """Make the store anew after somebody deleted it; an empty directory is another matter.

        Where a disk was mounted, the mount point stays when the disk goes.
        """
        if self.store.exists():
            raise StoreError(
                f"cannot write to the store {str(self.store)!r}: what was in the directory is gone."
                " Put it back, or use another store: expcache.use(path).",
                path=str(self.store),
            )
        prepare(self.store, create=True)

    def _fill(self, path: Path) -> None:
        from expcache._store._disk import open_cache  # noqa: PLC0415 - diskcache is heavy to import

        (path / PARTS).mkdir(mode=0o700)
        (path / LOCK).touch(mode=0o600)
        self._write_about(path)
        open_cache(path, journal=self.journal).close()

    def _write_about(self, path: Path) -> None:
        origin = None if self.origin is None else self.origin.to_tree()
        about = {"name": self.experiment, "origin": origin}
        write_text(path / ABOUT, json.dumps(about, indent=1) + "\n")

    def register_origin(self, file: str, *, writable: bool) -> None:
        """Note the source file, or raise `NameClashError` when another one has the name."""
        new = Origin.of(file)
        known = self.origin or Origin.from_tree((read_about(self.path) or {}).get("origin"))
        noted = agree(self.experiment, known, new)
        self.origin = new if noted else known
        if noted and writable and self.database.exists():
            self._write_about(self.path)


def list_experiments(store: Path) -> list[str]:
    """List the names of the experiments that have a place in a store, sorted."""
    names = []
    for about in (store / EXPERIMENTS).glob(f"[!.]*/{ABOUT}"):
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


def read_about(path: Path) -> dict[str, Any] | None:
    """Read what a directory says of its experiment; None when it is not the one it says."""
    try:
        about: Any = json.loads((path / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(about, dict) or not isinstance(about.get("name"), str):
        return None
    return about if directory_name(about["name"]) == path.name else None
