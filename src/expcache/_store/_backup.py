"""Copying a whole store while others write to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from expcache._directory import RUNNING, no_files
from expcache._store._check import parts_of
from expcache._store._connect import connect
from expcache._store._files import PRIVATE, sync_directory
from expcache._store._folder import ABOUT, DATABASE, FILES, LOCK, PARTS
from expcache._store._parts import part_path
from expcache._store._place import EXPERIMENTS
from expcache._store._reader import Reader
from expcache._store._rundirs import named_in
from expcache._store._verify import verify_store
from expcache._warning import warn
from expcache.errors import RecordError, StoreError, StoreWarning

if TYPE_CHECKING:
    from expcache._store._protocol import Report

LOOKS: Final = 5
"""How often to begin an experiment anew, when records are removed while their files are copied."""

LEFT_OUT: Final = (LOCK, "claims.")


def back_up(store: Path, target: Path, *, link: bool) -> Report:
    """Copy a store to a directory that does not exist; return what verifying the copy found."""
    _check_target(store, target)
    passing = target.with_name(f".{target.name}.{os.urandom(4).hex()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        passing.mkdir(mode=PRIVATE)
        _copy_store(store, passing, Copier(link=link))
        report = verify_store(passing, remove_orphans=False, age=0.0)
        _tidy(passing)
        passing.rename(target)
        sync_directory(target.parent)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise _cannot(store, target, error.strerror or str(error)) from error
    finally:
        shutil.rmtree(passing, ignore_errors=True)
    if not report.sound:
        wrong = (*report.damaged, *report.missing)
        warn(
            f"the backup {str(target)!r} holds what is damaged in the store too: {wrong[0].key!r} "
            f"of {wrong[0].experiment!r} ({wrong[0].reason}), {len(wrong)} in all. "
            "Compute these runs again.",
            StoreWarning,
        )
    return report


def _tidy(passing: Path) -> None:
    """Remove the empty logs that readers leave beside a database."""
    for log in (passing / EXPERIMENTS).glob(f"*/{DATABASE}-*"):
        if log.name.endswith("-shm") or not log.stat().st_size:
            log.unlink()


def _check_target(store: Path, target: Path) -> None:
    if os.path.lexists(target):
        raise _cannot(store, target, "it exists")
    inside = Path(os.path.realpath(target))
    if Path(os.path.realpath(store)) in inside.parents:
        raise _cannot(store, target, "it lies in the store itself")


def _cannot(store: Path, target: Path, reason: str) -> StoreError:
    message = f"cannot back up the store {str(store)!r} to {str(target)!r}: {reason}."
    return StoreError(f"{message} Name a new directory that you can write to.", path=str(target))


class Copier:
    """Copies files so that they survive a power cut, or links to those that never change."""

    def __init__(self, *, link: bool) -> None:
        """Say whether to link."""
        self._link: Final = link
        self._copied: Final[dict[tuple[int, int], Path]] = {}

    def part(self, source: Path, target: Path) -> None:
        """Copy or link a file that is written once."""
        if self._link:
            with contextlib.suppress(OSError):  # another file system, or one without links
                os.link(source, target)
                return
        self.file(source, target)

    def file(self, source: Path, target: Path) -> None:
        """Copy a file with its times and its mode."""
        facts = source.lstat()
        identity = facts.st_dev, facts.st_ino
        if facts.st_nlink > 1 and identity in self._copied:  # one file for several runs
            with contextlib.suppress(OSError):
                os.link(self._copied[identity], target)
                return
        shutil.copy2(source, target, follow_symlinks=False)
        if target.is_symlink():
            return
        self._copied[identity] = target
        with target.open("rb") as copied:
            os.fsync(copied.fileno())

    def anything(self, source: Path, target: Path) -> None:
        """Copy a file, or a directory with all that is in it; what goes away meanwhile is left.

        Pipes and sockets, which programs may leave in the directories of their runs, are left out.
        """
        if no_files(str(source.parent), [source.name]):
            return
        if source.is_symlink() or not source.is_dir():
            with contextlib.suppress(FileNotFoundError):
                self.file(source, target)
            return
        target.mkdir(mode=PRIVATE, exist_ok=True)
        for entry in _entries(source):
            self.anything(entry, target / entry.name)
        with contextlib.suppress(OSError):
            shutil.copystat(source, target)
        sync_directory(target)


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except FileNotFoundError:
        return []


def _copy_store(store: Path, into: Path, copier: Copier) -> None:
    for entry in _entries(store):
        if entry.name != EXPERIMENTS and not _is_passing(entry):
            copier.anything(entry, into / entry.name)
    (into / EXPERIMENTS).mkdir(mode=PRIVATE)
    for directory in _entries(store / EXPERIMENTS):
        if directory.is_dir() and not directory.name.startswith("."):
            _copy_experiment(directory, into / EXPERIMENTS / directory.name, copier)
    sync_directory(into / EXPERIMENTS)
    sync_directory(into)


def _is_passing(entry: Path) -> bool:
    return entry.name.startswith(".") and entry.name.endswith(".tmp")


def _copy_experiment(source: Path, into: Path, copier: Copier) -> None:
    into.mkdir(mode=PRIVATE)
    (into / PARTS).mkdir(mode=PRIVATE)
    (into / LOCK).touch(mode=0o600)
    for _ in range(LOOKS):
        # Files are written before their records: what this moment's records name is there.
        _copy_database(source / DATABASE, into / DATABASE)
        if _copy_files(source, into, copier):
            break
    for entry in (*_entries(source), *_entries(source / FILES)):
        own = entry.name in (PARTS, FILES) or entry.name.startswith((DATABASE, *LEFT_OUT))
        shared = entry.parent.name == FILES and entry.name.startswith(".") and entry.name != RUNNING
        if shared or (entry.parent == source and not own and not _is_passing(entry)):
            copier.anything(entry, into / entry.relative_to(source))
    if not (into / ABOUT).exists():  # somebody deletes the experiment
        shutil.rmtree(into)
    else:
        sync_directory(into)


def _copy_database(source: Path, target: Path) -> None:
    if not source.exists():
        return
    try:
        link = connect(source)
        try:
            with closing(sqlite3.connect(target)) as copy:
                link.connection.backup(copy)
        finally:
            link.close()
    except sqlite3.Error as error:
        raise StoreError(
            f"cannot back up {str(source)!r}: {error}. Restore the file from an older backup, or "
            f"remove the directory {str(source.parent)!r} and compute its runs again.",
            path=str(source),
        ) from error


def _copy_files(source: Path, into: Path, copier: Copier) -> bool:
    """Copy what the copied records name; return whether all of it was there."""
    reader, whole = Reader(into / DATABASE), True
    try:
        for _, envelope in reader.rows():
            for part in parts_of(envelope):
                whole &= _copy_part(source / PARTS, into / PARTS, part.name, copier)
            for name in named_in(envelope):
                whole &= _copy_directory(source / FILES / name, into / FILES / name, copier)
    finally:
        reader.close()
    return whole


def _copy_directory(source: Path, target: Path, copier: Copier) -> bool:
    if target.exists():
        return True
    target.parent.mkdir(mode=PRIVATE, exist_ok=True)
    copier.anything(source, target)
    if source.is_dir():
        return True
    shutil.rmtree(target, ignore_errors=True)  # it went away meanwhile
    return False


def _copy_part(source: Path, into: Path, name: str, copier: Copier) -> bool:
    try:
        old, new = part_path(source, name), part_path(into, name)
    except RecordError:  # no name of a part: verifying tells
        return True
    if not new.exists():
        new.parent.mkdir(mode=PRIVATE, exist_ok=True)
        try:
            copier.part(old, new)
        except FileNotFoundError:
            return False
        sync_directory(new.parent)
    return True
