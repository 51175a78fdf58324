"""Looking at everything a store on disk keeps: what is damaged, missing, left over."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from expcache._record import files
from expcache._store._check import check_records, join
from expcache._store._folder import FILES, read_about
from expcache._store._lock import WriteLock
from expcache._store._parts import check_part, list_parts
from expcache._store._place import EXPERIMENTS
from expcache._store._protocol import Damage, Orphan, Report
from expcache._store._reader import Reader
from expcache._store._rundirs import check_directories, strays
from expcache.errors import RecordError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable


def verify_store(path: Path, *, remove_orphans: bool, age: float) -> Report:
    """Verify each experiment's directory of a store on disk."""
    place = path / EXPERIMENTS
    found = sorted(place.iterdir()) if place.is_dir() else []
    reports = [
        verify_folder(directory, remove_orphans=remove_orphans, age=age)
        for directory in found
        if not directory.name.startswith(".")
    ]
    passing = [entry for entry in found if entry.name.startswith(".")]
    reports.append(_sweep_away(passing, age if remove_orphans else None))
    return join(reports)


def find_orphans(path: Path, *, remove: bool, age: float) -> Report:
    """Look for what no record names, in directories whose records can all be read."""
    place, limit = path / EXPERIMENTS, age if remove else None
    found = sorted(place.iterdir()) if place.is_dir() else []
    reports = [_sweep_away([one for one in found if one.name.startswith(".")], limit)]
    for directory in found:
        if not directory.name.startswith("."):
            reader = Reader(directory / "cache.db")
            # What a damaged record names is unknown, so nothing is left over beside it.
            with contextlib.suppress(StoreError, RecordError), contextlib.closing(reader):
                for _, envelope in reader.rows():
                    files(envelope)
                reports.append(_orphans(directory, reader, limit))
                reports.append(_directories(directory.name, directory, reader, limit))
    return join(reports)


def verify_folder(directory: Path, *, remove_orphans: bool, age: float) -> Report:
    """Verify one experiment: its name, its database, its records, its parts."""
    about = read_about(directory)
    name = directory.name if about is None else about["name"]
    reader = Reader(directory / "cache.db")
    try:
        report = _verify_database(name, directory, reader)
        if about is None:
            why = Damage(name, "", f"{directory}: experiment.json does not name this directory")
            report = join([report, Report(0, (why,))])
        if report.damaged:  # what a damaged record names is unknown, so nothing is left over
            return report
        limit = age if remove_orphans else None
        left = _orphans(directory, reader, limit), _directories(name, directory, reader, limit)
        return join([report, *left])
    except StoreError as error:
        return Report(0, (Damage(name, "", str(error)),))
    finally:
        reader.close()


def _verify_database(name: str, directory: Path, reader: Reader) -> Report:
    parts = directory / "parts"
    wrong = [Damage(name, "", why) for why in reader.check_database()]
    wrong += [Damage(name, key, "not written by expcache") for key in reader.strange_keys()]
    report = check_records(name, reader.rows(), lambda part: check_part(parts, part))
    return join([Report(0, tuple(wrong)), report])


def _orphans(directory: Path, reader: Reader, age: float | None) -> Report:
    found = list(list_parts(directory / "parts"))
    if not found:
        return Report(0)
    with contextlib.ExitStack() as stack:
        if age is not None:
            # No record can be committed between the look at the records and the removal.
            stack.enter_context(WriteLock(directory / "write.lock"))
        named = {part.name for _, envelope in reader.rows() for part in files(envelope)}
        return _sweep_away([file for file in found if file.name not in named], age)


def _directories(name: str, directory: Path, reader: Reader, age: float | None) -> Report:
    place = directory / FILES
    with contextlib.ExitStack() as stack:
        if age is not None and place.is_dir():
            stack.enter_context(WriteLock(directory / "write.lock"))  # as above
        report, named = check_directories(name, place, reader.rows())
        orphans = list(strays(place, named)) if place.is_dir() else []
        old = [one.path for one in orphans if age is not None and one.age > age]
        removed = tuple(path for path in old if _remove(Path(path)))
    return join([report, Report(0, orphans=tuple(orphans), removed=removed)])


def _sweep_away(files: Iterable[Path], age: float | None) -> Report:
    now = time.time()
    orphans: list[Orphan] = []
    removed: list[str] = []
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            orphan = Orphan(str(file), now - file.lstat().st_mtime)
            orphans.append(orphan)
            if age is not None and orphan.age > age and _remove(file):
                removed.append(orphan.path)
    return Report(0, orphans=tuple(orphans), removed=tuple(removed))


def _remove(file: Path) -> bool:
    if file.is_dir() and not file.is_symlink():
        import shutil  # noqa: PLC0415 - three milliseconds at every opening of a store

        shutil.rmtree(file, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            file.unlink()
    return not file.exists()
