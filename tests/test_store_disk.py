"""The store on disk: crashes, read-only directories, hostile content, forks, verification."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import diskcache  # type: ignore[import-untyped]
import pytest
import xxhash

from expcache._codec import encode_value
from expcache._record import Header, files, note, seal
from expcache._store import Commit, Report, Spill, Store, open_store
from expcache._store import _bench as bench
from expcache._store import _connect as connecting
from expcache._store import _disk as disk
from expcache._store import _parts as part_files
from expcache._store import _patience as patience
from expcache._store._diskstore import DiskStore
from expcache._store._lock import WriteLock
from expcache._store._reader import Reader
from expcache._store._write import Mark
from expcache._store._writer import Writer
from expcache.errors import NameClashError, RecordError, StoreError, StoreWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can become another user"
)
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store on disk."""
    made = open_store(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that other users can reach."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        place.chmod(0o755)
        yield place
        for path in place.rglob("*"):
            path.chmod(0o700)


def folder_of(store: Store) -> Path:
    """Return the directory of the only experiment."""
    (folder,) = (Path(store.path) / "experiments").iterdir()
    return folder


def plant(store: Store, statement: str, *values: object) -> None:
    """Change the database of the only experiment behind the store's back."""
    store.close()
    with closing(sqlite3.connect(folder_of(store) / "cache.db")) as connection, connection:
        connection.execute(statement, values)


def part(store: Store, key: str, content: bytes) -> str:
    """Put a record that spills one part; return its name."""
    names: list[str] = []

    def seal(spill: Spill | None) -> bytes:
        assert spill is not None
        names.append(spill(memoryview(content), xxhash.xxh3_128_hexdigest(content)))
        return note({"part": names[0]})

    store.put("e", key, seal).wait()
    return names[0]


NOBODY = """
    import os, random, tempfile
    import expcache._store._bench, expcache._store._diskstore
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
"""


def put_large(store: Store, key: str) -> None:
    """Put a real record with one external part."""
    large = encode_value(bytes(range(256)) * 8192)
    header = Header("0" * 32, "0" * 32, "e", "done")
    assert store.put("e", key, lambda spill: seal(header, large, b"0" * 16, spill)).wait()


def run_python(code: str, *arguments: str) -> str:
    """Run a program with all warnings as errors and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


# What diskcache keeps and how.


def test_settings_are_such_that_nothing_is_dropped(store: Store) -> None:
    """The database carries settings under which diskcache never evicts and always syncs."""
    store.put_once("e", "k", b"1").wait()
    store.close()
    with closing(sqlite3.connect(folder_of(store) / "cache.db")) as connection:
        found = dict(connection.execute("SELECT key, value FROM Settings"))
        (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
    assert journal == "wal"
    assert found["eviction_policy"] == "none"
    assert (found["cull_limit"], found["size_limit"]) == (0, 1 << 60)
    assert (found["sqlite_synchronous"], found["sqlite_mmap_size"]) == (2, 0)
    assert (found["statistics"], found["tag_index"]) == (0, 0)


def test_settings_that_another_program_changed_are_corrected(store: Store) -> None:
    """A store opened elsewhere with a limit gets its settings back before it is written to."""
    store.put_once("e", "k0", b"1").wait()
    store.close()
    other = diskcache.Cache(
        str(folder_of(store)), size_limit=1, cull_limit=10, eviction_policy="least-recently-used"
    )
    other.close()
    for i in range(20):
        store.put_once("e", f"k{i}", b"1" * 5000).wait()
    assert len(store.keys("e")) == 20


def test_more_than_diskcaches_default_limit_is_kept(store: Store) -> None:
    """Every record stays, however many bytes are stored."""
    store.put_once("e", "first", b"1").wait()
    # The counter that diskcache compares with its limit, as if 2^50 bytes were stored.
    plant(store, "UPDATE Settings SET value = ? WHERE key = 'size'", 1 << 50)
    for i in range(30):
        store.put_once("e", f"k{i}", b"1" * 100).wait()
    assert len(store.keys("e")) == 31


def test_a_setting_that_stays_wrong_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a setting cannot be made right, nothing is written under it."""
    store.put_once("e", "k", b"1").wait()
    store.close()
    monkeypatch.setitem(disk.SETTINGS, "sqlite_page_size", 512)
    with pytest.raises(StoreError, match="its setting 'sqlite_page_size' is 4096 and stays so"):
        store.put_once("e", "k2", b"1").wait()


def test_records_are_rows_and_no_files(store: Store) -> None:
    """A large envelope stays in the database, under its checks and its commit."""
    store.put_once("e", "k", b"1" * 3_000_000).wait()
    store.close()
    names = {entry.name for entry in folder_of(store).iterdir()}
    assert names == {"cache.db", "experiment.json", "parts", "write.lock"}
    assert store.get("e", "k") == b"1" * 3_000_000


def test_a_closed_store_leaves_no_log(store: Store) -> None:
    """Closing folds the log into the database, also after reads."""
    store.put_once("e", "k", b"1").wait()
    assert store.get("e", "k") == b"1"
    store.close()
    assert not list(folder_of(store).glob("cache.db-*"))


def test_readers_see_what_another_process_commits(store: Store) -> None:
    """A miss becomes a hit when somebody else has committed, without opening again."""
    assert store.put_once("e", "k", b"1").wait()
    assert store.get("e", "other") is None
    run_python(
        """
        import sys
        from expcache._store import open_store
        open_store(sys.argv[1]).put_once("e", "other", b"2").wait()
        """,
        store.path,
    )
    assert store.get("e", "other") == b"2"


# The subclass of Disk.


@pytest.mark.parametrize("value", ["text", 1, None, bytearray(b"1"), [b"1"]])
def test_only_bytes_reach_diskcache(tmp_path: Path, value: object) -> None:
    """Anything but bytes is refused, so that nothing is ever pickled."""
    with closing(disk.open_cache(tmp_path, journal="wal")) as cache:
        with pytest.raises(TypeError, match="it is no bytes"):
            cache.set("k", value)
        assert "k" not in cache


@pytest.mark.parametrize("key", [1, b"k", ("k",), None])
def test_only_text_is_a_key(tmp_path: Path, key: object) -> None:
    """Keys other than text are refused, so that no key is ever pickled."""
    with (
        closing(disk.open_cache(tmp_path, journal="wal")) as cache,
        pytest.raises(TypeError, match="it is no text"),
    ):
        cache.set(key, b"1")


def test_no_value_becomes_a_file(tmp_path: Path) -> None:
    """The Disk gives no file names and reads no open files."""
    made = disk.BytesDisk(str(tmp_path))
    with pytest.raises(ValueError, match="cannot name a file"):
        made.filename()
    with pytest.raises(TypeError, match="Seal it"):
        made.store(b"1", read=True)


# Hostile content.

GADGET = b"cos\nmkdir\n(Vpwned\ntR."


def test_a_planted_pickle_never_runs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows in pickle mode and pickled keys are never unpickled: by reads, lists, or diskcache."""
    monkeypatch.chdir(tmp_path)
    store.put_once("e", "k", note({"a": 1})).wait()
    row = "INSERT INTO Cache (key, raw, store_time, mode, value) VALUES (?, ?, 1.0, ?, ?)"
    plant(store, row, "value", 1, 4, GADGET)
    plant(store, row, GADGET, 0, 1, b"1")
    assert store.get("e", "value") == GADGET
    assert store.keys("e") == ["k", "value"]
    assert store.find("k") == [("e", "k")]
    assert store.get_many("e", ["k", "value", GADGET.decode()]).keys() == {"k", "value"}
    assert not store.put_once("e", "value", b"1").wait()
    report = store.verify()
    assert {damage.key for damage in report.damaged} >= {"'value'", repr(GADGET)}
    store.close()
    with closing(disk.open_cache(folder_of(store), journal="wal")) as cache:
        with pytest.raises(ValueError, match="not written by expcache"):
            cache.get("value")
        with pytest.raises(ValueError, match="not written by expcache"):
            list(cache)
    assert not (tmp_path / "pwned").exists()


def test_a_planted_file_name_is_neither_read_nor_deleted(store: Store, tmp_path: Path) -> None:
    """A row that names a file anywhere on the disk leads nobody to it."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    store.put_once("e", "k", b"1").wait()
    row = "INSERT INTO Cache (key, raw, store_time, mode, filename) VALUES (?, 1, 1.0, 2, ?)"
    plant(store, row, "file", str(secret))
    plant(store, row, "file2", str(secret))
    assert store.get("e", "file") is None
    assert store.get_many("e", ["file", "k"]) == {"k": b"1"}
    assert store.put("e", "file", lambda _: b"new", replace=True).wait()
    assert store.delete("e", "file2").wait()
    assert secret.read_text() == "secret"


def test_a_strange_setting_is_refused(store: Store) -> None:
    """A setting that diskcache would run as a statement stops all writing, not reading."""
    store.put_once("e", "k", b"1").wait()
    plant(store, "INSERT INTO Settings VALUES ('sqlite_journal_mode = off; --', 1)")
    with pytest.raises(StoreError, match="has the strange setting"):
        store.put_once("e", "k2", b"1").wait()
    assert store.get("e", "k") == b"1"


def test_a_value_that_is_no_bytes_is_a_miss(store: Store) -> None:
    """A text or number planted as a value is not taken for an envelope."""
    store.put_once("e", "k", b"1").wait()
    plant(store, "UPDATE Cache SET value = 'text', store_time = 'never'")
    assert store.get("e", "k") is None
    assert store.get_many("e", ["k"]) == {}
    assert store.find("k") == []


def test_a_directory_that_lies_about_its_name_is_not_listed(store: Store) -> None:
    """An experiment's description counts only in the directory that its name belongs to."""
    store.put_once("e", "k", note({})).wait()
    (folder_of(store) / "experiment.json").write_text('{"name": "other"}')
    with pytest.warns(StoreWarning, match=r"experiment\.json is damaged"):
        assert store.experiments() == []
    assert store.get("e", "k") == note({})
    assert "does not name this directory" in store.verify().damaged[0].reason


# Damage.


@pytest.mark.parametrize("damage", ["head", "cut", "empty"])
def test_a_damaged_database_is_named(store: Store, damage: str) -> None:
    """A database that is none is an error with file and remedy; others are not affected."""
    for name in ("e", "sound"):
        store.put_once(name, "k", b"1" * 9000).wait()
    store.close()
    (database,) = Path(store.path).glob("experiments/e-*/cache.db")
    content = database.read_bytes()
    broken = {"head": b"x" * 100 + content[100:], "cut": content[:5000], "empty": b""}
    database.write_bytes(broken[damage])
    with pytest.raises(StoreError) as caught:
        store.get("e", "k")
    assert str(caught.value).startswith(f"cannot read {str(database)!r}: ")
    assert "Restore the file from a backup, or remove the directory" in str(caught.value)
    with pytest.raises(StoreError, match="cannot read"):
        store.keys("e")
    assert store.get("sound", "k") == b"1" * 9000
    assert next(item.experiment for item in store.verify().damaged) == "e"


def test_a_damaged_record_is_found(store: Store) -> None:
    """One flipped bit in one record is reported with its key; the others count as sound."""
    for key in ("a", "b"):
        store.put_once("e", key, note({"key": key})).wait()
    assert store.verify().sound
    envelope = store.get("e", "a")
    assert envelope is not None
    plant(store, "UPDATE Cache SET value = ? WHERE key = 'a'", envelope[:-1] + b"\x00")
    report = store.verify()
    assert report.records == 2
    assert [(item.experiment, item.key) for item in report.damaged] == [("e", "a")]
    assert not report.sound


def test_any_path_can_hold_a_store(tmp_path: Path) -> None:
    """Signs that mean something in a URI mean nothing in a store's path."""
    store = open_store(tmp_path / "a%20b?mode=rw#é ü")
    store.put_once("e?#%", "k", b"1").wait()
    assert store.get("e?#%", "k") == b"1"
    assert store.verify().damaged[0].key == "k"
    store.close()


def test_deleting_the_store_makes_misses(store: Store) -> None:
    """When the directory is removed under a running program, hits end and writes make it anew."""
    store.put_once("e", "k", b"1").wait()
    assert store.get("e", "k") == b"1"
    shutil.rmtree(store.path)
    assert store.get("e", "other") is None
    assert store.keys("e") == []
    assert store.put_once("e", "k", b"2").wait()
    assert store.get("e", "k") == b"2"
    assert open_store(store.path).get("e", "k") == b"2"


def test_an_emptied_directory_is_not_filled_again(store: Store) -> None:
    """Where only the content is gone, as after unmounting a disk, writes say so."""
    store.put_once("e", "k", b"1").wait()
    shutil.rmtree(store.path)
    Path(store.path).mkdir()
    with pytest.raises(StoreError, match=r"what was in the directory is gone\. Put it back"):
        store.put_once("e", "k", b"1").wait()


def test_deleting_one_experiment_starts_it_anew(store: Store) -> None:
    """A removed experiment is made again by its next record, and readers see it."""
    store.put_once("e", "k", b"1").wait()
    assert store.get("e", "k") == b"1"
    shutil.rmtree(folder_of(store))
    assert store.put_once("e", "k2", b"2").wait()
    assert store.get("e", "k2") == b"2"
    assert store.get("e", "k") is None


def test_one_impossible_write_does_not_spoil_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of writes that are committed together only the guilty one fails."""
    store.put_once("e", "k", b"1").wait()
    real = bench._apply

    def apply(cache: object, write: object) -> bool:
        if getattr(write, "key", "") == "bad":
            raise sqlite3.DataError("string or blob too big")
        return real(cache, write)  # type: ignore[arg-type]

    monkeypatch.setattr(bench, "_apply", apply)
    with WriteLock(folder_of(store) / "write.lock"):
        commits = {key: store.put_once("e", key, b"1") for key in ("a", "bad", "b")}
    with pytest.raises(StoreError, match=r"string or blob too big\. Nothing half-written"):
        commits["bad"].wait()
    assert commits["a"].wait()
    assert commits["b"].wait()


# Locks.


def test_a_writer_that_never_ends_is_an_error(tmp_path: Path) -> None:
    """Waiting for another writer is bounded, and the error says what to do."""
    file = tmp_path / "write.lock"
    code = f"""
        from pathlib import Path
        from expcache._store._lock import WriteLock
        from expcache.errors import StoreError
        try:
            with WriteLock(Path({str(file)!r}), patience=0.05):
                pass
        except StoreError as error:
            print(error)
    """
    with WriteLock(file):
        said = run_python(code)
    assert said.startswith(f"cannot write to {str(tmp_path)!r}: another process has been writing")
    assert said.endswith("Wait for that process, or end it.\n")
    assert run_python(code) == ""


def test_a_locked_database_is_waited_for(store: Store) -> None:
    """A foreign program that holds the database only delays a write."""
    store.put_once("e", "k", b"1").wait()
    with closing(sqlite3.connect(folder_of(store) / "cache.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        commit = store.put_once("e", "k2", b"2")
        assert not commit.done
        other.execute("ROLLBACK")
        assert commit.wait()


def test_a_database_that_stays_locked_is_an_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that nobody gives up fails the write in bounded time."""
    store.put_once("e", "k", b"1").wait()
    store.close()
    monkeypatch.setattr(bench, "PATIENCE", 0.0)
    monkeypatch.setattr(disk, "BUSY_SECONDS", 0)
    made = disk.open_cache

    def open_held(directory: Path, *, journal: str) -> diskcache.Cache:
        cache = made(directory, journal=journal)
        held.execute("BEGIN IMMEDIATE")
        return cache

    monkeypatch.setattr(bench, "open_cache", open_held)
    with closing(
        sqlite3.connect(
            folder_of(store) / "cache.db", isolation_level=None, check_same_thread=False
        )
    ) as held:
        with pytest.raises(StoreError, match="its database has been locked for 0 seconds"):
            store.put_once("e", "k2", b"2").wait()
        held.execute("ROLLBACK")


def test_attempts_end() -> None:
    """Repetition is bounded by its time and happens at least once."""
    assert list(patience.attempts(0)) == [0]
    assert len(list(patience.attempts(0.01))) > 1


# Read-only directories.

READ_ONLY = """
    import json, sys
    from expcache._store import open_store
    from expcache.errors import StoreError
    store = open_store(sys.argv[1])
    keys = store.keys("e")
    values = [store.get("e", key).decode() for key in keys]
    try:
        said = store.put_once("e", "x", b"1").wait()
    except StoreError as error:
        said = str(error)
    print(json.dumps([keys, values, said, store.find("k"), store.experiments()]))
    store.close()
"""


@ROOT
@pytest.mark.parametrize("left", ["nothing", "log", "log and its index", "rollback journal"])
def test_a_read_only_store_is_read_whole(public: Path, left: str) -> None:
    """Whatever a read-only directory was left with, every committed record is read from it."""
    place = public / "store"
    source = open_store(place)
    source.put_once("e", "k1", b"1").wait()
    source.put_once("e", "k2", b"2").wait()
    (database,) = place.glob("experiments/*/cache.db")
    if left == "rollback journal":
        source.close()
        _leave_hot_journal(database)
    elif left.startswith("log"):
        logs = {file: file.read_bytes() for file in database.parent.glob("cache.db*")}
        source.close()
        for file, content in logs.items():
            file.write_bytes(content)
        if left == "log":
            database.with_name("cache.db-shm").unlink()
    source.close()
    for path in (place, *place.rglob("*")):
        os.chown(path, 65534, 65534)
        path.chmod(0o555 if path.is_dir() else 0o444)
    keys, values, said, found, names = json.loads(run_python(NOBODY + READ_ONLY, str(place)))
    assert (keys, values, names) == (["k1", "k2"], ["1", "2"], ["e"])
    assert found == [["e", "k1"], ["e", "k2"]]
    assert said == (
        f"cannot write to the store {str(place)!r}: the directory is read-only. "
        "Load from it, or use a store of your own: expcache.use(path)."
    )


def _leave_hot_journal(database: Path) -> None:
    """Leave the files as a program leaves them that dies in the middle of a transaction."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = delete")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE Cache SET value = zeroblob(50000)")
        copies = {file: file.read_bytes() for file in database.parent.glob("cache.db*")}
        connection.execute("ROLLBACK")
    assert database.with_name("cache.db-journal") in copies
    for file, content in copies.items():
        file.write_bytes(content)


@pytest.fixture
def _blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to open a database in the way that shares files with its writers."""
    real = connecting._open

    def refuse(database: Path, how: str) -> sqlite3.Connection:
        if how == "mode=ro":
            raise sqlite3.OperationalError("unable to open database file")
        return real(database, how)

    monkeypatch.setattr(connecting, "_open", refuse)


@pytest.mark.usefixtures("_blind")
@pytest.mark.parametrize("live", [False, True])
def test_a_reader_that_shares_nothing_looks_again(store: Store, *, live: bool) -> None:
    """A reader of a read-only directory notices what its owner commits, logged or not."""
    for number in range(3):
        store.put_once("e", f"k{number}", b"1").wait()
        if not live:
            store.close()
        assert store.get("e", f"k{number}") == b"1"
        assert store.get("e", f"k{number}") == b"1"
        assert len(store.keys("e")) == number + 1


@pytest.mark.usefixtures("_blind")
def test_copies_for_reading_are_removed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was copied to be read is removed with its reader, or when it cannot be read."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    store.put_once("e", "k", b"1").wait()
    assert store.get("e", "k") == b"1"
    assert list((tmp_path / "temporary").iterdir())
    store.close()
    assert not list((tmp_path / "temporary").iterdir())
    database = folder_of(store) / "cache.db"
    database.write_bytes(b"no database" * 500)
    database.with_name("cache.db-wal").write_bytes(b"no log")
    with pytest.raises(StoreError, match="cannot read"):
        store.get("e", "k")
    assert not list((tmp_path / "temporary").iterdir())


@ROOT
def test_a_store_cannot_be_created_everywhere(public: Path) -> None:
    """Where the user may not write, creating a store is an error with a remedy."""
    said = run_python(
        NOBODY
        + """
    import sys
    from pathlib import Path
    from expcache._store import open_store
    from expcache.errors import StoreError
    for path in [Path(sys.argv[1], name) for name in ("store", "empty", "closed/store")]:
        try:
            open_store(path).create()
        except StoreError as error:
            print(error)
    """,
        str(_with_empty(public)),
    )
    remedy = "Permission denied. Use a directory that you can write to: expcache.use(path), or"
    closed = str(public / "closed" / "store")
    assert said.splitlines() == [
        *(
            f"cannot create the store {str(public / name)!r}: {remedy} set EXPCACHE_STORE."
            for name in ("store", "empty")
        ),
        (
            f"cannot open the store {closed!r}: Permission denied. Use a store of your own: "
            "expcache.use(path)."
        ),
    ]


def _with_empty(path: Path) -> Path:
    (path / "empty").mkdir(mode=0o755)
    (path / "closed").mkdir(mode=0o700)
    return path


# Full disks.

FULL = """
    import resource, signal, sys
    from expcache._store import open_store
    from expcache.errors import StoreError
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = open_store(sys.argv[1])
    store.put_once("e", "before", b"1").wait()
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))

    def seal_part(spill):
        spill(memoryview(b"x" * 4_000_000), "0" * 32)
        return b"never"

    for attempt in (
        lambda: store.put_once("e", "big", b"x" * 4_000_000),
        lambda: store.put("e", "part", seal_part),
    ):
        try:
            attempt().wait()
        except StoreError as error:
            print(error)
    print(store.put_once("e", "small", b"2").wait(), store.get("e", "before"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(store.put_once("e", "big", b"x" * 4_000_000).wait(), store.keys("e"))
    store.close()
"""


@pytest.mark.skipif(os.name != "posix", reason="limits on file sizes are POSIX")
def test_a_full_disk_is_a_clean_error(tmp_path: Path) -> None:
    """What does not fit fails with a remedy and leaves nothing; all else goes on."""
    big, spilled, small, after = run_python(FULL, str(tmp_path / "s")).splitlines()
    assert big.startswith(f"cannot write to {str(tmp_path / 's' / 'experiments')!r}"[:-1])
    assert "Nothing half-written stays. Make room" in big
    assert spilled.startswith("cannot write 4000000 bytes to ")
    assert "File too large. Make room" in spilled
    assert small == "True b'1'"
    assert after == "True ['before', 'small', 'big']"
    assert not [*tmp_path.rglob("*.part"), *tmp_path.rglob("*.tmp")]


# Parts.


def test_a_part_begins_at_a_page_of_its_own(store: Store) -> None:
    """A part's file is exactly its bytes, so that a map of it is aligned."""
    name = part(store, "k", b"0123456789")
    (file,) = folder_of(store).glob("parts/*/*.part")
    assert file.name == name
    assert file.read_bytes() == b"0123456789"
    if os.name == "posix":
        assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_part_of_many_steps_is_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is synced while it is written is the same part."""
    monkeypatch.setattr(part_files, "STEP", 1000)
    content = bytes(range(256)) * 100
    name = part(store, "k", content)
    fetched = store.fetch("e", name, len(content), xxhash.xxh3_128_hexdigest(content))
    assert fetched.tobytes() == content


def test_an_error_of_the_disk_is_told_though_met_early(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the early sync meets fails the write, as no later sync tells it again."""

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(part_files, "STEP", 10)
    monkeypatch.setattr(os, "fdatasync", fail, raising=False)
    commit = store.put("e", "k", lambda spill: spill(memoryview(b"1" * 50), "0" * 32).encode())  # type: ignore[misc]
    with pytest.raises(StoreError, match=r"Input/output error\. Make room"):
        commit.wait()
    assert not [*folder_of(store).glob("parts/*/*")]


def test_verify_finds_missing_and_damaged_parts(store: Store) -> None:
    """A part that a record names and that is gone or changed is reported with its record."""
    for key in ("gone", "changed", "sound"):
        put_large(store, key)
    report = store.verify()
    assert (report.records, report.sound, report.orphans) == (3, True, ())
    gone, changed = (
        Path(folder_of(store), "parts", name[:2], name)
        for key in ("gone", "changed")
        for name in [files(store.get("e", key) or b"")[0].name]
    )
    gone.unlink()
    content = bytearray(changed.read_bytes())
    content[1000] ^= 1
    changed.write_bytes(content)
    report = store.verify()
    assert {item.key: item.reason.partition(": ")[2] for item in report.missing} == {
        "gone": "No such file or directory",
        "changed": "its content is not what was written",
    }
    assert not report.sound


def test_verify_keeps_the_parts_that_records_name(store: Store) -> None:
    """The parts of a deleted record become orphans and go; those of others stay."""
    put_large(store, "k")
    put_large(store, "other")
    store.delete("e", "k").wait()
    report = store.verify(remove_orphans=True, age=-1)
    assert len(report.removed) == 1
    assert store.verify() == Report(records=1)


def test_orphans_go_by_age_only_when_asked(store: Store) -> None:
    """Files that no record names are reported, and removed when old and wanted."""
    store.put_once("e", "k", note({})).wait()
    parts = folder_of(store) / "parts" / "00"
    parts.mkdir()
    young, old = parts / "young.part", parts / "old.tmp"
    for file in (young, old):
        file.touch()
    passing = Path(store.path) / "experiments" / ".e.0000.tmp"
    passing.mkdir()
    for path in (old, passing):
        os.utime(path, (time.time() - 90_000, time.time() - 90_000))
    report = store.verify()
    assert {Path(orphan.path).name for orphan in report.orphans} == {
        "young.part",
        "old.tmp",
        ".e.0000.tmp",
    }
    assert report.sound
    assert not report.removed
    report = store.verify(remove_orphans=True)
    assert {Path(path).name for path in report.removed} == {"old.tmp", ".e.0000.tmp"}
    assert young.exists()
    store.verify(remove_orphans=True, age=-1)
    assert not young.exists()


def test_orphans_stay_beside_damage(store: Store) -> None:
    """While a record cannot be read, nothing is taken for left over: it may be its part."""
    store.put_once("e", "k", b"no envelope").wait()
    (folder_of(store) / "parts" / "00").mkdir()
    (folder_of(store) / "parts" / "00" / "x.part").touch()
    report = store.verify(remove_orphans=True, age=-1)
    assert len(report.damaged) == 1
    assert not report.removed


def test_an_unwritable_part_is_no_half_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C while a part is written leaves no file and passes through."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    store.put_once("e", "k", b"1").wait()
    monkeypatch.setattr(part_files, "sync_directory", interrupt)
    with pytest.raises(KeyboardInterrupt):
        part(store, "k2", b"0123")
    assert not list(folder_of(store).glob("parts/*/*.tmp"))


def test_a_part_that_shrinks_is_an_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part whose file is cut is refused by its size, mapped or copied."""
    name = part(store, "k", b"0123456789")
    (file,) = folder_of(store).glob("parts/*/*.part")
    os.truncate(file, 4)
    for as_map in (True, False):
        with pytest.raises(RecordError, match="it has 4 bytes instead of 10"):
            store.fetch("e", name, 10, "0" * 32, map=as_map)


def test_the_loss_of_one_origin_is_no_clash(store: Store, tmp_path: Path) -> None:
    """A description without a readable origin is filled in again."""
    store.put_once("e", "k", b"1").wait()
    (folder_of(store) / "experiment.json").write_text('{"name": "e", "origin": [1]}')
    store.register_origin("e", __file__)
    about = json.loads((folder_of(store) / "experiment.json").read_text())
    assert about["origin"]["file"] == __file__
    again = DiskStore(Path(store.path))
    (tmp_path / "other.py").touch()
    with pytest.raises(NameClashError, match="test_store_disk"):
        again.register_origin("e", str(tmp_path / "other.py"))


# Forks, threads, the end of the program.


@FORK
def test_a_forked_child_has_its_own_store(tmp_path: Path) -> None:
    """Parent and child both read and write after a fork, with writes in flight."""
    said = run_python(
        """
        import os, sys
        from expcache._store import open_store
        store = open_store(sys.argv[1])
        store.put_once("e", "k", b"1").wait()
        assert store.get("e", "k") == b"1"
        commits = [store.put_once("e", f"parent{i}", b"1") for i in range(100)]
        children = []
        for child in range(3):
            pid = os.fork()
            if not pid:
                assert store.get("e", "k") == b"1"
                assert store.put_once("e", f"child{child}", b"1").wait()
                assert all(commit.wait() for commit in commits)
                store.close()
                os._exit(0)
            children.append(pid)
            commits.append(store.put_once("e", f"after{child}", b"1"))
        print([os.waitpid(pid, 0)[1] for pid in children])
        print(all(commit.wait() for commit in commits), len(store.keys("e")))
        """,
        str(tmp_path / "s"),
    )
    assert said == "[0, 0, 0]\nTrue 107\n"


@FORK
def test_writes_of_the_parent_fail_in_the_child(store: Store) -> None:
    """A receipt that is not settled at the fork is not waited for in vain by the child."""
    writer = Writer()
    commit = Commit(writer.wake)
    writer.hold()
    writer._queue.put(Mark(commit, last=False))
    writer.abandon()
    with pytest.raises(StoreError, match="belongs to the process that this one was forked from"):
        commit.wait()
    assert store.put_once("e", "k", b"1").wait()


def test_writes_between_a_hold_and_its_release_are_made() -> None:
    """What is handed over while a fork goes on is settled by the parent afterwards."""
    writer = Writer()
    commit = Commit(writer.wake)
    writer.hold()
    writer._queue.put(Mark(commit, last=False))
    writer.release()
    assert not commit.wait()
    writer.stop()


def test_the_end_of_the_program_commits(tmp_path: Path) -> None:
    """Nobody has to wait or to close: what was put is there after the program."""
    code = """
        import atexit, sys
        from expcache._store import open_store
        path = sys.argv[1]
        atexit.register(lambda: open_store(path).put_once("e", "last", b"1"))
        store = open_store(path)
        for i in range(100):
            store.put_once("e", f"k{i}", b"1")
        store.get("e", "k0")
    """
    run_python(code, str(tmp_path / "s"))
    store = open_store(tmp_path / "s")
    assert len(store.keys("e")) == 101
    store.close()


def test_forgotten_readers_close_their_files(store: Store) -> None:
    """A reader that nobody holds any more closes its connection without a warning."""
    store.put_once("e", "k", b"1").wait()
    reader = Reader(folder_of(store) / "cache.db")
    assert reader.get("k") == b"1"
    connection = reader._link.connection if reader._link else None
    del reader
    assert connection is not None
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_many_experiments_do_not_exhaust_files(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer keeps few databases open at once, and all records arrive."""
    monkeypatch.setattr(bench, "MOST_OPEN", 2)
    commits = [store.put_once(f"e{i}", "k", b"1") for i in range(5)]
    commits += [store.put_once(f"e{i}", "k2", b"1") for i in range(5)]
    assert all(commit.wait() for commit in commits)


def test_a_writer_whose_start_was_interrupted_is_started_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ctrl-C while the writer's thread starts loses no write."""
    store.close()
    with monkeypatch.context() as patch:

        def interrupt(_: threading.Thread) -> None:
            raise KeyboardInterrupt

        patch.setattr(threading.Thread, "start", interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.put_once("e", "k", b"1")
    store.flush()
    assert store.get("e", "k") == b"1"
