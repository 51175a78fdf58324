"""Large parts in files of their own: written once, aligned, read back or mapped."""

from __future__ import annotations

import mmap
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import xxhash

from expcache._store._early import EarlySync
from expcache._store._files import sync_directory
from expcache.errors import RecordError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from expcache._record import File
    from expcache._store._folder import Folder

PART_NAME: Final = re.compile(r"([0-9a-f]{32})-[0-9a-f]{16}\.part", re.ASCII)
PASSING: Final = ".tmp"
HUGE: Final = 2 << 20
STEP: Final = 1 << 24  # the disk begins with one step while the next is copied


def part_path(parts: Path, name: str) -> Path:
    """Return where a part lies; a name that could lead elsewhere is refused."""
    if not PART_NAME.fullmatch(str(name)):
        raise _unsound(name, "it is no name of a part")
    return parts / name[:2] / name


def write_part(parts: Path, content: memoryview, digest: str) -> str:
    """Write one part without copying it; return its name once it is on the disk.

    The content begins at offset 0 of its file, so that a map of it is aligned to a page.
    """
    name = f"{digest}-{os.urandom(8).hex()}.part"
    path = part_path(parts, name)
    passing = path.with_suffix(PASSING)
    try:
        new = _make_directory(path.parent)
        _write(passing, content.cast("B"))
        passing.rename(path)
        sync_directory(path.parent)
        if new:
            sync_directory(parts)
    except OSError as error:
        passing.unlink(missing_ok=True)
        raise StoreError(
            f"cannot write {content.nbytes} bytes to {str(parts)!r}: {error.strerror or error}. "
            "Make room, or use another store: expcache.use(path).",
            path=str(parts),
        ) from error
    except BaseException:
        with suppress(OSError):
            passing.unlink(missing_ok=True)
        raise
    return name


class Spilled:
    """Writes parts into an experiment's directory, and knows which."""

    def __init__(self, folder: Folder) -> None:
        """Have written nothing."""
        self._folder: Final = folder
        self.paths: Final[list[Path]] = []

    def __call__(self, content: memoryview, digest: str) -> str:
        """Write one part."""
        self._folder.create()
        name = write_part(self._folder.parts, content, digest)
        self.paths.append(part_path(self._folder.parts, name))
        return name

    def remove(self) -> None:
        """Remove what was written: no envelope will name it."""
        for path in self.paths:
            path.unlink(missing_ok=True)


def _make_directory(path: Path) -> bool:
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


def _write(path: Path, content: memoryview) -> None:
    with path.open("xb", buffering=0) as out:
        if content.nbytes and hasattr(os, "posix_fallocate"):
            with suppress(OSError):  # not every file system can; a full disk shows below
                os.posix_fallocate(out.fileno(), 0, content.nbytes)
        with EarlySync(out.fileno()) as early:
            start = 0
            while start < content.nbytes:
                start += out.write(content[start : start + STEP])
                early.wake()
        os.fsync(out.fileno())


def read_part(parts: Path, name: str, size: int, digest: str) -> memoryview:
    """Read one part into fresh, writable memory and check every byte of it."""
    path = part_path(parts, name)
    try:
        with path.open("rb", buffering=0) as source:
            _check_size(name, os.fstat(source.fileno()).st_size, size)
            content = _fresh(size)
            start = 0
            while count := source.readinto(content[start : start + STEP]):
                start += count
    except OSError as error:
        raise _unsound(name, error.strerror or str(error)) from error
    if start != size or xxhash.xxh3_128_hexdigest(content) != digest:
        raise _unsound(name, "its content is not what was written")
    return content


def _fresh(size: int) -> memoryview:
    """Return zeroed memory that costs nothing until it is touched, aligned to a page."""
    if not size:
        return memoryview(bytearray())
    if hasattr(mmap, "MAP_ANONYMOUS"):
        # Private: a forked child must not write into its parent's arrays.
        fresh = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE") and size >= HUGE:
            # Touching a gigabyte by pages of 4 KiB costs four times as much as reading it.
            with suppress(OSError):
                fresh.madvise(mmap.MADV_HUGEPAGE)
        return memoryview(fresh)
    return memoryview(mmap.mmap(-1, size))


def map_part(parts: Path, name: str, size: int) -> memoryview:
    """Map one part read-only, after a look at its size alone."""
    path = part_path(parts, name)
    try:
        with path.open("rb", buffering=0) as source:
            _check_size(name, os.fstat(source.fileno()).st_size, size)
            if not size:
                return memoryview(b"")
            return memoryview(mmap.mmap(source.fileno(), size, access=mmap.ACCESS_READ))
    except OSError as error:
        raise _unsound(name, error.strerror or str(error)) from error


def check_part(parts: Path, part: File) -> str | None:
    """Return what is wrong with a part that a record names, or None."""
    try:
        read_part(parts, part.name, part.size, part.digest)
    except RecordError as error:
        return error.reason
    return None


def list_parts(parts: Path) -> Iterator[Path]:
    """Yield every file below the parts' directory, finished or not."""
    for directory in sorted(parts.iterdir()) if parts.is_dir() else ():
        if directory.is_dir() and not directory.is_symlink():
            yield from sorted(directory.iterdir())


def _check_size(name: str, found: int, size: int) -> None:
    if found != size:
        raise _unsound(name, f"it has {found} bytes instead of {size}")


def _unsound(name: object, reason: str) -> RecordError:
    return RecordError(
        f"cannot read the part {name!r} of a record: {reason}. Compute the run again.",
        reason=reason,
    )
