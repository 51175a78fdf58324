"""Where a store lies, how its directory comes to be, and which one is in use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from expcache._store import MemoryStore, current_store, find_place, open_store, use
from expcache._store import _access as access
from expcache.errors import StoreError, StoreFormatError, StoreWarning

POSIX = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX")
ROOT = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can become another user"
)


@pytest.fixture(autouse=True)
def _no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXPCACHE_STORE", raising=False)


@pytest.mark.parametrize("mark", [".git", ".expcache", "pyproject.toml"])
def test_the_nearest_project_holds_the_store(tmp_path: Path, mark: str) -> None:
    """The store is in the nearest ancestor that looks like a project."""
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "a" / "b"
    (inner / "c").mkdir(parents=True)
    (inner / mark).touch() if mark == "pyproject.toml" else (inner / mark).mkdir()
    assert find_place(inner / "c") == inner / ".expcache"
    assert find_place(tmp_path / "a") == tmp_path / ".expcache"


def test_without_a_project_the_store_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no ancestor looks like a project, the starting directory holds the store."""
    monkeypatch.setattr(Path, "exists", lambda _: False)
    monkeypatch.setattr(Path, "is_file", lambda _: False)
    monkeypatch.setattr(Path, "is_dir", lambda _: False)
    assert find_place(tmp_path) == tmp_path / ".expcache"


def test_pyproject_can_name_the_store(tmp_path: Path) -> None:
    """``[tool.expcache] store`` is relative to its file."""
    (tmp_path / "pyproject.toml").write_text('[tool.expcache]\nstore = "kept/here"\n')
    (tmp_path / "src").mkdir()
    assert find_place(tmp_path / "src") == tmp_path / "kept" / "here"
    (tmp_path / "pyproject.toml").write_text("[tool.expcache]\n")
    assert find_place(tmp_path / "src") == tmp_path / ".expcache"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.expcache]\nstore = 3\n", "cannot use 3 as [tool.expcache] store"),
        ('[tool.expcache]\nstore = ""\n', "cannot use '' as [tool.expcache] store"),
        ("[tool.expcache\n", "cannot read where the store is"),
    ],
)
def test_a_broken_setting_is_named(tmp_path: Path, text: str, message: str) -> None:
    """A store setting that is no path, or cannot be read, is an error that names the file."""
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(StoreError) as caught:
        find_place(tmp_path)
    assert str(caught.value).startswith(message)
    assert caught.value.path == str(tmp_path / "pyproject.toml")


def test_the_environment_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``EXPCACHE_STORE`` wins over the project, relative to where the program works."""
    (tmp_path / "pyproject.toml").write_text('[tool.expcache]\nstore = "kept"\n')
    monkeypatch.setenv("EXPCACHE_STORE", "other")
    assert find_place(tmp_path) == tmp_path / "other"
    monkeypatch.setenv("EXPCACHE_STORE", ":memory:")
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_store(), MemoryStore)


def test_a_new_store_is_complete_and_private(tmp_path: Path) -> None:
    """A store explains itself, keeps out of version control and backups, and is the user's own."""
    store = open_store(tmp_path / "deep" / "store")
    store.create()
    place = tmp_path / "deep" / "store"
    names = {entry.name for entry in place.iterdir()}
    assert names == {"README.md", ".gitignore", "CACHEDIR.TAG", "format.json", "experiments"}
    assert (place / ".gitignore").read_text() == "*\n"
    assert (
        (place / "CACHEDIR.TAG")
        .read_text()
        .startswith("Signature: 8a477f597d28d172789f06886806bc55")
    )
    assert json.loads((place / "format.json").read_text())["format"] == 1
    store.put_once("study.fit", "k", b"1").wait()
    if os.name == "posix":
        private = [place, place / "experiments", *(place / "experiments").iterdir()]
        assert {entry.stat().st_mode & 0o777 for entry in private} == {0o700}


def test_an_experiment_has_a_directory_people_recognise(tmp_path: Path) -> None:
    """An experiment's directory carries its name and says which file it comes from."""
    store = open_store(tmp_path / "store")
    store.register_origin("study.fit", __file__)
    store.put_once("study.fit", "k", b"1").wait()
    (directory,) = (tmp_path / "store" / "experiments").iterdir()
    assert directory.name.startswith("study.fit-")
    about = json.loads((directory / "experiment.json").read_text())
    assert about["name"] == "study.fit"
    assert about["origin"] == {"file": __file__, "relative": "tests/test_store_place.py"}


def test_an_origin_is_noted_in_an_experiment_that_exists(tmp_path: Path) -> None:
    """An origin that is registered after the first record is written down too."""
    store = open_store(tmp_path / "store")
    store.put_once("e", "k", b"1").wait()
    store.register_origin("e", __file__)
    (about,) = (tmp_path / "store" / "experiments").glob("*/experiment.json")
    assert json.loads(about.read_text())["origin"]["file"] == __file__


def test_looking_up_creates_no_experiment(tmp_path: Path) -> None:
    """Reading what is not there, or registering where it comes from, makes no directory."""
    store = open_store(tmp_path / "store")
    store.register_origin("e", __file__)
    store.get("e", "k")
    store.keys("e")
    assert not (tmp_path / "store").exists()


def test_many_can_create_a_store_at_once(tmp_path: Path) -> None:
    """Those who lose the race to create a store or an experiment use the winner's."""
    from expcache._store._diskstore import DiskStore  # noqa: PLC0415 - past the shared one

    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            store = DiskStore(tmp_path / "store")
            store.put("e", str(number), lambda spill: spill(memoryview(b"x"), "0" * 32).encode())  # type: ignore[misc]
            store.put_once("e", f"k{number}", b"1").wait()
        except BaseException as error:  # noqa: BLE001 - a thread's error is shown below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(open_store(tmp_path / "store").keys("e")) == 12
    assert not list(tmp_path.rglob(".*.tmp"))


def test_an_empty_directory_is_adopted(tmp_path: Path) -> None:
    """An empty directory becomes a store, also one that somebody only began to fill."""
    (tmp_path / "README.md").touch()
    open_store(tmp_path).put_once("e", "k", b"1").wait()
    assert (tmp_path / "format.json").exists()


def test_a_directory_with_other_things_is_refused(tmp_path: Path) -> None:
    """A directory that holds anything else is never made a store."""
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path)
    assert str(caught.value) == (
        f"cannot use {str(tmp_path)!r} as a store: it holds other things ('thesis.tex') and no "
        "'format.json'. Name a new or an empty directory."
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_experiments_without_a_format_are_refused(tmp_path: Path) -> None:
    """A store that lost its format file is not taken for a new one."""
    open_store(tmp_path / "s").put_once("e", "k", b"1").wait()
    open_store(tmp_path / "s").close()
    (tmp_path / "s" / "format.json").unlink()
    (tmp_path / "s").rename(tmp_path / "t")
    with pytest.raises(StoreError, match=r"its file 'format\.json' is gone\. Copy"):
        open_store(tmp_path / "t")


def test_a_file_is_no_store(tmp_path: Path) -> None:
    """A path that is a file is refused."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"as a store: it is a file. Name a directory."):
        open_store(tmp_path / "file")


def test_a_store_that_must_exist_is_not_made(tmp_path: Path) -> None:
    """With ``create=False`` a missing or an empty directory is an error and stays as it is."""
    with pytest.raises(StoreError, match=r"there is none. Check the path"):
        open_store(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()
    with pytest.raises(StoreError, match="it is empty"):
        open_store(tmp_path, create=False)
    assert not list(tmp_path.iterdir())


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """A store of another format is left alone; the error carries both numbers."""
    (tmp_path / "format.json").write_text('{"format": 7}')
    with pytest.raises(StoreFormatError) as caught:
        open_store(tmp_path)
    assert (caught.value.found, caught.value.supported) == (7, 1)
    assert "it has format 7, and this version reads format 1. Install a newer" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_damaged_format_file_is_named(tmp_path: Path, text: str) -> None:
    """A format file that cannot be read is an error with a remedy."""
    (tmp_path / "format.json").write_text(text)
    with pytest.raises(StoreError, match=r"'format.json' is not readable"):
        open_store(tmp_path)


def test_one_path_is_one_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a directory is spelled, a process has one store object for it."""
    store = open_store(tmp_path / "store")
    monkeypatch.chdir(tmp_path)
    assert open_store("store") is store
    assert open_store(tmp_path / "." / "store") is store
    assert open_store(":memory:") is not open_store(":memory:")


def test_use_chooses_until_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`use` takes effect at once and stays; None goes back to the project's own store."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    with use(None) as own:
        assert own.path == str(tmp_path / ".expcache")
        memory = MemoryStore()
        assert use(memory).store is memory
        assert current_store() is memory
        use(tmp_path / "other")
        assert current_store().path == str(tmp_path / "other")
        use(None)
        assert current_store() is own


def test_use_in_a_block_restores(tmp_path: Path) -> None:
    """As a context manager `use` ends with its block, also when the block raises."""
    outer = MemoryStore()
    with use(outer):
        with use(tmp_path / "inner") as inner:
            assert current_store() is inner
        assert current_store() is outer
        with pytest.raises(ZeroDivisionError), use(":memory:"):
            raise ZeroDivisionError
        assert current_store() is outer


def test_a_block_ends_with_everything_committed(tmp_path: Path) -> None:
    """Leaving a block waits for what was put in it."""
    with use(tmp_path / "s") as store:
        commit = store.put_once("e", "k", b"1")
    assert commit.done


def test_importing_stores_is_light() -> None:
    """The package imports neither diskcache nor sqlite3 before a store is opened."""
    code = (
        "import sys, expcache._store; "
        "print([m for m in ('diskcache', 'sqlite3', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ
    )
    assert done.stdout == "[]\n"


@POSIX
def test_a_store_that_others_can_write_is_not_trusted(tmp_path: Path) -> None:
    """A group-writable store is used with a warning at the user's line, and is not trusted."""
    (tmp_path / "s").mkdir()
    (tmp_path / "s").chmod(0o770)
    with pytest.warns(StoreWarning, match="can be written by other users") as caught:
        store = open_store(tmp_path / "s")
    assert caught[0].filename == __file__
    assert not store.trusted
    assert store.put_once("e", "k", b"1").wait()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_store(tmp_path / "s") is store


@POSIX
def test_nothing_is_taken_in_that_others_may_have_put_there(tmp_path: Path) -> None:
    """Notes of what was sent away lie in stores of this user alone: what they lead to is code."""
    place = tmp_path / "s"
    own = open_store(place).sent_directory("e", create=True)
    assert own is not None
    Path(own).mkdir()
    other = tmp_path / "t"
    place.rename(other)
    other.chmod(0o770)
    with pytest.warns(StoreWarning, match="can be written by other users"):
        store = open_store(other)
    assert store.sent_directory("e") is None
    assert store.sent_directory("e", create=True) is None


@ROOT
def test_a_store_of_another_user_is_only_read(tmp_path: Path) -> None:
    """A store of another user is loaded from, not written to, and not trusted."""
    from expcache._store._diskstore import DiskStore  # noqa: PLC0415 - past the shared one

    place = tmp_path / "s"
    open_store(place).put_once("e", "k", b"1").wait()
    open_store(place).close()
    os.chown(place, 1234, -1)
    theirs = DiskStore(place)
    assert theirs.get("e", "k") == b"1"
    assert (theirs.writable, theirs.trusted) == (False, False)
    for commit in (theirs.put_once("e", "x", b"1"), theirs.put("e", "x", lambda _: b"1")):
        with pytest.raises(StoreError) as caught:
            commit.wait()
        assert str(caught.value) == (
            f"cannot write to the store {str(place)!r}: it belongs to another user (uid 1234). "
            "Load from it, or use a store of your own: expcache.use(path)."
        )
    with pytest.raises(StoreError, match="belongs to another user"):
        theirs.verify(remove_orphans=True)
    theirs.register_origin("e", __file__)
    assert "test_store_place" not in next(place.rglob("experiment.json")).read_text()
    theirs.close()


@pytest.mark.parametrize(
    ("kind", "network"), [("ext4", False), ("nfs4", True), ("cifs", True), ("fuse.sshfs", True)]
)
def test_a_network_file_system_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, network: bool
) -> None:
    """On a network file system the store warns and keeps no shared-memory log."""
    mounts = tmp_path / "mounts"
    place = Path(os.path.realpath(tmp_path)) / "my mount"
    place.mkdir()
    escaped = str(place).replace(" ", "\\040")
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {escaped} {kind} rw 0 0\n")
    monkeypatch.setattr(access, "MOUNTS", mounts)
    assert access.on_network(place / "store") is network
    if not network:
        return
    with pytest.warns(StoreWarning, match=r"lies on a network file system"):
        open_store(place / "store").create()
    store = open_store(place / "store")
    store.put_once("e", "k", b"1").wait()
    assert store.get("e", "k") == b"1"
    assert not list(place.rglob("cache.db-wal"))
    assert store.put_once("e", "k2", b"1").wait()
    store.close()


def test_an_unknown_mount_is_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where mounts cannot be listed, no file system is taken for a network."""
    monkeypatch.setattr(access, "MOUNTS", tmp_path / "none")
    assert not access.on_network(tmp_path)
    (tmp_path / "empty").touch()
    monkeypatch.setattr(access, "MOUNTS", tmp_path / "empty")
    assert not access.on_network(tmp_path)
