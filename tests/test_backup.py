"""Backups: whole or not there, consistent while others write, stores in their own right."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import expcache
from expcache import File, Store, current_run, errors, experiment, grid, use
from expcache._store import _backup as backups
from expcache._store import open_store

LARGE = 1 << 21


@experiment(name="fit")
def fit(x: int) -> Any:
    """Return a small result, or for 0 one that is a file."""
    if x < 0:
        raise ValueError(x)
    return bytes(LARGE) if x == 0 else x + 1


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """A store with small and large results and a failure, in use."""
    with use(tmp_path / "store") as store:
        fit.sweep(grid(x=range(-1, 5))).run()
        yield store
    store.close()


def files_of(place: Path) -> dict[str, bytes]:
    """Return the content of all files of a directory."""
    return {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*") if p.is_file()}


@pytest.mark.parametrize("link", [False, True])
def test_a_backup_is_a_store(store: Store, tmp_path: Path, link: bool) -> None:  # noqa: FBT001 - a parameter
    """A backup has every record and part, verifies, and is read and written like any store."""
    report = store.backup(tmp_path / "backup", link=link)
    assert (report.sound, report.records, report.orphans) == (True, 8, ())
    with use(tmp_path / "backup") as backup:
        assert fit.sweep(grid(x=range(-1, 5))).status() == {
            "points": 6,
            "done": 5,
            "failed": 1,
            "stale": 0,
            "running": 0,
            "queued": 0,
            "missing": 0,
        }
        assert fit(0) == bytes(LARGE)
        assert not fit.run(7).cached
    backup.close()
    assert fit.find(7) is None
    assert store.verify().sound


def test_a_backup_holds_records_and_nothing_that_passes(store: Store, tmp_path: Path) -> None:
    """Claims, logs of the database and unfinished files stay behind."""
    (tmp_path / "store" / "experiments" / ".half.tmp").mkdir()
    claims = store.claim("fit", ["0" * 32])
    store.backup(tmp_path / "backup")
    store.release("fit", claims.values())
    (place,) = (tmp_path / "backup" / "experiments").iterdir()
    assert sorted(one.name for one in place.iterdir()) == [
        *("cache.db", "experiment.json", "parts", "write.lock")
    ]


def test_parts_are_copied_or_linked(store: Store, tmp_path: Path) -> None:
    """Large parts are files of the backup's own, or with `link` the very same ones."""
    for name in ("copied", "linked"):
        store.backup(tmp_path / name, link=name == "linked")
    (part,) = (tmp_path / "store").rglob("*.part")
    copied, linked = (next((tmp_path / n).rglob("*.part")) for n in ("copied", "linked"))
    assert (copied.samefile(part), linked.samefile(part)) == (False, True)


def test_a_backup_is_restored_by_renaming(store: Store, tmp_path: Path) -> None:
    """Put in the place of the store, a backup serves what was there."""
    store.backup(tmp_path / "backup")
    fit.runs().delete()
    assert fit.find(1) is None
    store.close()
    (tmp_path / "store").rename(tmp_path / "lost")
    (tmp_path / "backup").rename(tmp_path / "store")
    assert fit.run(1).cached
    assert store.verify().sound


def test_what_was_put_before_is_in_the_backup(store: Store, tmp_path: Path) -> None:
    """Every result that was returned before is in the backup, while others write on."""
    program = (
        "from expcache import experiment, use\nuse('store')\n"
        "@experiment(name='other')\ndef other(x):\n    return bytes(x % 3 * 1_000_000)\n"
        "for x in range(100_000):\n    print(other.run(x).id, flush=True)\n"
    )
    (tmp_path / "writing.py").write_text(program)
    command = [sys.executable, "writing.py"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told: list[str] = []
        for round_ in range(4):
            told += [process.stdout.readline().strip() for _ in range(20)]
            place = tmp_path / f"backup-{round_}"
            assert store.backup(place).sound
            runs = expcache.load(told, store=place)
            assert {run.status for run in runs} == {"done"}
            assert [len(run.result) % 1_000_000 for run in runs] == [0] * len(told)
        process.kill()


def test_records_that_are_removed_meanwhile_are_not_in_the_backup(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When parts go while they are copied, the experiment is copied as it is afterwards."""
    copy = backups._copy_database

    def copied(source: Path, target: Path) -> None:
        copy(source, target)
        fit.run(0).delete() if fit.find(0) else None

    monkeypatch.setattr(backups, "_copy_database", copied)
    report = store.backup(tmp_path / "backup")
    assert (report.sound, report.records) == (True, 7)


def test_a_backup_goes_to_a_new_directory(store: Store, tmp_path: Path) -> None:
    """What exists is never touched, and a store does not hold its own backup."""
    (tmp_path / "there").mkdir()
    with pytest.raises(
        errors.StoreError,
        match=r"cannot back up the store .* to .*there': it exists\. Name a new directory",
    ):
        store.backup(tmp_path / "there")
    with pytest.raises(errors.StoreError, match="it lies in the store itself"):
        store.backup(tmp_path / "store" / "backup")
    assert not list((tmp_path / "there").iterdir())


def test_a_store_in_memory_has_no_backup() -> None:
    """There is nothing to copy."""
    with pytest.raises(
        errors.StoreError,
        match=r"cannot back up the store ':memory:': it is in no directory\. Keep results in one",
    ):
        open_store(":memory:").backup("backup")


def test_a_damaged_database_is_not_backed_up(store: Store, tmp_path: Path) -> None:
    """Where records cannot be read at all, there is an error and no backup."""
    store.close()
    (database,) = (tmp_path / "store").rglob("cache.db")
    database.write_bytes(b"no database at all" * 1000)
    with pytest.raises(errors.StoreError, match=r"cannot back up .*cache\.db'"):
        store.backup(tmp_path / "backup")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["store"]


def test_a_damaged_record_is_told(store: Store, tmp_path: Path) -> None:
    """A backup of a store that lacks a part is kept, with a warning and a report."""
    next((tmp_path / "store").rglob("*.part")).unlink()
    with pytest.warns(
        errors.StoreWarning, match=r"the backup .* holds what is damaged .* 1 in all"
    ):
        report = store.backup(tmp_path / "backup")
    assert len(report.missing) == 1
    assert (tmp_path / "backup").is_dir()


KILLED = """
import os, signal, sys
from expcache import use
from expcache._store import _backup

left, copy = int(sys.argv[1]), _backup.Copier.file

def counted(copier, source, target):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    copy(copier, source, target)

_backup.Copier.file = counted
use("store").store.backup("backup")
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("number", [1, 4, 5, 6])
def test_a_killed_backup_is_not_there(store: Store, tmp_path: Path, number: int) -> None:
    """A kill leaves a hidden directory at most; the next backup is whole."""
    ended = subprocess.run([sys.executable, "-c", KILLED, str(number)], cwd=tmp_path, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "backup").exists()
    assert store.backup(tmp_path / "backup").sound


def test_a_store_of_another_user_can_be_backed_up(store: Store, tmp_path: Path) -> None:
    """A copy that is read-only is read, and its backup is writable."""
    store.close()
    shutil.copytree(tmp_path / "store", tmp_path / "theirs")
    before = files_of(tmp_path / "theirs")
    (tmp_path / "theirs").chmod(0o500)
    assert open_store(tmp_path / "theirs").backup(tmp_path / "backup").sound
    (tmp_path / "theirs").chmod(0o700)
    assert before.items() <= files_of(tmp_path / "theirs").items()


@experiment(name="wrote")
def wrote(x: int) -> int:
    """Leave a file."""
    (current_run().directory / "out.txt").write_text(f"{x}")
    return x


def test_the_files_of_runs_are_in_the_backup(store: Store, tmp_path: Path) -> None:
    """The directory of each run is copied with its record; what runs work in is not."""
    runs = wrote.sweep(grid(x=range(3))).run()
    runs[2].delete()
    assert runs[0].directory is not None
    (runs[0].directory.parent / ".running" / "half").mkdir()
    report = store.backup(tmp_path / "backup")
    assert (report.sound, report.orphans) == (True, ())
    copy = expcache.load(runs[1].id, store=tmp_path / "backup")
    assert copy.files["out.txt"].read_text() == "1"
    assert tmp_path / "backup" in copy.files["out.txt"].parents
    assert len(list((tmp_path / "backup").rglob("out.txt"))) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_pipes_in_the_directory_of_a_run_are_not_in_the_backup(
    store: Store, tmp_path: Path
) -> None:
    """What has no content is left out, and does not keep a store from being copied."""
    run = wrote.run(1)
    assert run.directory is not None
    os.mkfifo(run.directory / "pipe")
    assert store.backup(tmp_path / "backup").sound
    copy = expcache.load(run.id, store=tmp_path / "backup")
    assert list(copy.files) == ["out.txt"]


def test_directories_that_are_removed_meanwhile_are_not_in_the_backup(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a directory goes while others are copied, its record is not there either."""
    run, copy = wrote.run(1), backups._copy_database

    def copied(source: Path, target: Path) -> None:
        copy(source, target)
        if "wrote" in str(source):
            run.delete()

    monkeypatch.setattr(backups, "_copy_database", copied)
    report = store.backup(tmp_path / "backup")
    assert report.sound
    assert not list((tmp_path / "backup").rglob("out.txt"))


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_files_that_runs_share_are_copied_once(store: Store, tmp_path: Path) -> None:
    """What several runs have as one file, the backup has as one file."""
    (tmp_path / "large.txt").write_text("shared")

    @experiment(name="sharing")
    def sharing(x: int, file: File) -> int:
        current_run().place(file)
        return x

    sharing.sweep(grid(x=[1, 2], file=File(tmp_path / "large.txt", link="shared"))).run()
    report = store.backup(tmp_path / "backup")
    assert (report.sound, report.orphans) == (True, ())
    copies = [*(tmp_path / "backup").rglob("large.txt")]
    assert len(copies) == 2
    assert copies[0].samefile(copies[1])
    assert not copies[0].samefile(next((tmp_path / "store").rglob("large.txt")))
