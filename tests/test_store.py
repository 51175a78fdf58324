"""The contract of every store, held by the one on disk and the one in memory."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expcache._codec import encode_value
from expcache._record import Header, note, seal
from expcache._store import MemoryStore, Report, Spill, Store, open_store
from expcache.errors import NameClashError, RecordError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A new store of each kind, with no half-written file left at the end."""
    made: Store = open_store(tmp_path / "store") if request.param == "disk" else MemoryStore()
    yield made
    made.close()
    assert not list(tmp_path.rglob("*.tmp"))


LOST = f"{'0' * 32}-{'0' * 16}.part"


def put(store: Store, key: str, content: bytes, *, replace: bool = False) -> bool:
    """Put one envelope of the experiment ``e`` and wait for it."""
    return store.put("e", key, lambda _: content, replace=replace).wait()


def digest(content: bytes) -> str:
    """Return the digest of a part."""
    return xxhash.xxh3_128_hexdigest(content)


def put_part(store: Store, key: str, content: bytes, *, replace: bool = True) -> tuple[str, bool]:
    """Put an envelope that is the name of its one external part; return the name."""
    names: list[str] = []

    def seal(spill: Spill | None) -> bytes:
        assert spill is not None
        names.append(spill(memoryview(content), digest(content)))
        return names[0].encode()

    won = store.put("e", key, seal, replace=replace).wait()
    return names[0], won


def test_what_was_put_is_got(store: Store) -> None:
    """An acknowledged envelope is read back byte for byte."""
    assert put(store, "k", b"\x00envelope\r\n")
    assert store.get("e", "k") == b"\x00envelope\r\n"


def test_an_absent_key_is_none(store: Store) -> None:
    """A miss is None, in an experiment that exists and in one that does not."""
    put(store, "k", b"1")
    assert store.get("e", "other") is None
    assert store.get("unknown", "k") is None
    assert store.keys("unknown") == []
    assert store.get_many("unknown", ["k"]) == {}


def test_the_first_writer_wins(store: Store) -> None:
    """A second envelope at a key is not written, and its commit says so."""
    assert put(store, "k", b"first")
    assert not put(store, "k", b"second")
    assert not store.put_once("e", "k", b"third").wait()
    assert store.get("e", "k") == b"first"


def test_replace_replaces(store: Store) -> None:
    """An envelope is replaced only when told, and then becomes the newest."""
    put(store, "k1", b"old")
    put(store, "k2", b"2")
    assert put(store, "k1", b"new", replace=True)
    assert store.get("e", "k1") == b"new"
    assert store.keys("e") == ["k2", "k1"]
    assert store.find("k") == [("e", "k2"), ("e", "k1")]


def test_replace_writes_what_is_new(store: Store) -> None:
    """Replacing a key that does not exist writes it."""
    assert put(store, "k", b"1", replace=True)
    assert store.get("e", "k") == b"1"


def test_many_are_got_at_once(store: Store) -> None:
    """`get_many` returns what exists, for few keys and for more than one query can name."""
    commits = [store.put_once("e", f"k{i}", str(i).encode()) for i in range(1500)]
    assert all(commit.wait() for commit in commits)
    assert store.get_many("e", ["k3", "none", "k1499"]) == {"k3": b"3", "k1499": b"1499"}
    some = [f"k{i}" for i in range(0, 1400, 2)]
    assert store.get_many("e", some) == {key: key[1:].encode() for key in some}
    few = [f"k{i}" for i in range(600)]
    assert store.get_many("e", few) == {key: key[1:].encode() for key in few}
    assert store.get_many("e", []) == {}


def test_keys_come_oldest_first(store: Store) -> None:
    """`keys` lists in the order of writing, all or those with a prefix."""
    for key in ("b1", "a2", "b0"):
        put(store, key, b"1")
    assert store.keys("e") == ["b1", "a2", "b0"]
    assert store.keys("e", "b") == ["b1", "b0"]
    assert store.keys("e", "c") == []


def test_find_searches_every_experiment(store: Store) -> None:
    """`find` lists (experiment, key) by prefix over all experiments, newest last."""
    for experiment, key in (("z", "ab1"), ("a", "ab2"), ("z", "ab0"), ("a", "x")):
        store.put_once(experiment, key, b"1").wait()
    assert store.find("ab") == [("z", "ab1"), ("a", "ab2"), ("z", "ab0")]
    assert store.find("nothing") == []


def test_experiments_are_listed_by_their_names(store: Store) -> None:
    """Any text can be an experiment's name, also two that look alike in a file name."""
    names = ["study.fit", "study/fit", "Study.Fit", "été.ajuster", "a" * 300, "..", ""]
    for name in names:
        store.put_once(name, "k", name.encode()).wait()
    assert store.experiments() == sorted(names)
    assert [store.get(name, "k") for name in names] == [name.encode() for name in names]


def test_deleted_is_gone(store: Store) -> None:
    """A deleted envelope is a miss; deleting what is not there says so."""
    put(store, "k", b"1")
    assert store.delete("e", "k").wait()
    assert store.get("e", "k") is None
    assert not store.delete("e", "k").wait()


def test_a_part_is_fetched_as_written(store: Store) -> None:
    """An external part comes back whole: as fresh writable memory, or as a read-only map."""
    content = bytes(range(256)) * 8192
    name, _ = put_part(store, "k", content)
    first = store.fetch("e", name, len(content), digest(content))
    second = store.fetch("e", name, len(content), digest(content))
    assert first.tobytes() == content
    assert not first.readonly
    first[0] = 99
    assert second.tobytes() == content
    mapped = store.fetch("e", name, len(content), digest(content), map=True)
    assert mapped.tobytes() == content
    assert mapped.readonly


def test_an_empty_part_is_fetched(store: Store) -> None:
    """A part of no bytes is a part."""
    name, _ = put_part(store, "k", b"")
    assert bytes(store.fetch("e", name, 0, digest(b""))) == b""
    assert bytes(store.fetch("e", name, 0, digest(b""), map=True)) == b""


def test_a_part_of_several_dimensions_is_written_as_its_bytes(store: Store) -> None:
    """A view of any shape and type is kept as the bytes it covers."""
    view = memoryview(b"abcdefgh").cast("H", shape=[2, 2])
    names: list[str] = []

    def seal(spill: Spill | None) -> bytes:
        assert spill is not None
        names.append(spill(view, digest(b"abcdefgh")))
        return b"envelope"

    store.put("e", "k", seal).wait()
    assert bytes(store.fetch("e", names[0], 8, digest(b"abcdefgh"))) == b"abcdefgh"


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "", "x.part", "a" * 32 + ".part"])
def test_a_strange_part_name_is_refused(store: Store, name: str) -> None:
    """A name that no store has given never leads to a file."""
    put(store, "k", b"1")
    for as_map in (False, True):
        with pytest.raises(RecordError, match="cannot read the part"):
            store.fetch("e", name, 1, digest(b"1"), map=as_map)


def test_a_part_of_another_size_or_content_is_refused(store: Store) -> None:
    """The size and the digest that a record names have to be the part's own."""
    name, _ = put_part(store, "k", b"content")
    with pytest.raises(RecordError, match="it has 7 bytes instead of 8"):
        store.fetch("e", name, 8, digest(b"content"))
    with pytest.raises(RecordError, match="not what was written"):
        store.fetch("e", name, 7, digest(b"another"))


def test_a_missing_part_is_a_record_error(store: Store) -> None:
    """A part that is gone is named, with a remedy."""
    put(store, "k", b"1")
    name = f"{digest(b'1')}-{'0' * 16}.part"
    with pytest.raises(RecordError, match=r"No such file or directory. Compute the run again."):
        store.fetch("e", name, 1, digest(b"1"))


def test_the_parts_of_a_loser_go(store: Store, tmp_path: Path) -> None:
    """When another writer was first, the envelope and its parts are both dropped."""
    kept, won = put_part(store, "k", b"first")
    assert won
    lost, won = put_part(store, "k", b"second", replace=False)
    assert not won
    assert bytes(store.fetch("e", kept, 5, digest(b"first"))) == b"first"
    with pytest.raises(RecordError):
        store.fetch("e", lost, 6, digest(b"second"))
    assert len(list(tmp_path.rglob("*.part"))) in (0, 1)


def test_an_error_while_sealing_leaves_nothing(store: Store, tmp_path: Path) -> None:
    """What sealing raises passes through; parts that were spilled before it go."""

    def seal(spill: Spill | None) -> bytes:
        assert spill is not None
        spill(memoryview(b"part"), digest(b"part"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.put("e", "k", seal)
    assert store.get("e", "k") is None
    assert not list(tmp_path.rglob("*.part"))


def test_flush_commits_what_was_put(store: Store) -> None:
    """After `flush` every earlier write is settled, also when nobody waited."""
    commits = [store.put_once("e", f"k{i}", b"1") for i in range(50)]
    store.flush()
    assert all(commit.done and commit.won for commit in commits)
    store.flush()


def test_close_keeps_everything_and_opens_again(store: Store) -> None:
    """A closed store has committed everything, and opens when it is used."""
    store.put_once("e", "k", b"1")
    store.close()
    assert store.get("e", "k") == b"1"
    store.close()
    assert put(store, "k2", b"2")


def test_a_commit_can_be_waited_for_by_many(store: Store) -> None:
    """Every thread that waits for one commit gets its answer, again and again."""
    commit = store.put_once("e", "k", b"1")
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(commit.wait())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 5
    assert commit.wait()


def test_threads_write_and_read_together(store: Store) -> None:
    """Threads that share a store lose nothing, and each reads its own writes."""
    wrong: list[str] = []

    def work(number: int) -> None:
        for i in range(40):
            key = f"{number}-{i}"
            store.put_once("e", key, key.encode()).wait()
            if store.get("e", key) != key.encode():
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(store.keys("e")) == 160


def test_one_key_of_many_threads_has_one_winner(store: Store) -> None:
    """Exactly one of several simultaneous writers of a key is told that it won."""
    wins: list[bool] = []
    threads = [
        threading.Thread(target=lambda: wins.append(store.put_once("e", "k", b"1").wait()))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wins) == [False] * 5 + [True]


def test_one_name_from_two_files_is_refused(store: Store, tmp_path: Path) -> None:
    """Two existing files that use one name are named, both, with the remedy."""
    files = [tmp_path / part / "study.py" for part in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        file.touch()
    store.register_origin("study.fit", str(files[0]))
    store.register_origin("study.fit", str(files[0]))
    store.register_origin("study.fit", None)
    with pytest.raises(NameClashError) as caught:
        store.register_origin("study.fit", str(files[1]))
    assert str(caught.value) == (
        f"cannot use the name 'study.fit' for {files[1]}: {files[0]} already uses it in this "
        "store. Give one of them a name=..."
    )
    assert caught.value.files == (str(files[0]), str(files[1]))


def test_a_file_that_moved_keeps_its_name(store: Store, tmp_path: Path) -> None:
    """When the file that used a name is gone, the new place takes it over."""
    old, new, third = (tmp_path / name for name in ("old.py", "new.py", "third.py"))
    old.touch()
    store.register_origin("study.fit", str(old))
    old.rename(new)
    store.register_origin("study.fit", str(new))
    third.touch()
    with pytest.raises(NameClashError, match=r"new\.py already uses it"):
        store.register_origin("study.fit", str(third))


def test_another_checkout_is_the_same_function(store: Store, tmp_path: Path) -> None:
    """The same path below two project roots is one function: checkouts share results."""
    for name in ("one", "two"):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / ".git").touch()
        (tmp_path / name / "src" / "study.py").touch()
        store.register_origin("study.fit", str(tmp_path / name / "src" / "study.py"))


def test_a_store_tells_what_it_is(store: Store) -> None:
    """A new store is writable, trusted, and names its place."""
    assert store.writable
    assert store.trusted
    assert store.path in repr(store) or store.path == ":memory:"


def test_verify_checks_every_record(store: Store) -> None:
    """`verify` counts sound records and names the one that is none, and the lost part."""
    store.put_once("e", "sound", note({"a": 1})).wait()
    large = encode_value(b"x" * (2 << 20))
    header = Header("0" * 32, "0" * 32, "e", "done")
    store.put("e", "large", lambda spill: seal(header, large, b"0" * 16, spill)).wait()
    assert store.verify() == Report(records=2)
    store.put("e", "lost", lambda _: seal(header, large, b"0" * 16, lambda *_: LOST)).wait()
    store.put_once("e", "bad", b"bad").wait()
    report = store.verify()
    assert (report.records, report.sound) == (4, False)
    assert [(item.experiment, item.key) for item in report.damaged] == [("e", "bad")]
    assert [(item.key, item.reason) for item in report.missing] == [
        ("lost", f"{LOST}: No such file or directory")
    ]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["put", "replace", "delete"]),
            st.sampled_from(["a", "b", "é", "a-b!"]),
            st.binary(max_size=20),
        ),
        max_size=20,
    )
)
def test_a_store_is_a_dict_that_remembers(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, bytes]]
) -> None:
    """Any sequence of writes leaves both stores like a dict, in content, order and answers."""
    model: dict[str, bytes] = {}
    stores: list[Store] = [MemoryStore(), open_store(tmp_path_factory.mktemp("model") / "s")]
    for kind, key, content in steps:
        expected = (key in model) if kind == "delete" else (kind == "replace" or key not in model)
        if kind == "delete":
            model.pop(key, None)
            answers = [store.delete("e", key).wait() for store in stores]
        else:
            if expected:
                model.pop(key, None)
                model[key] = content
            answers = [put(store, key, content, replace=kind == "replace") for store in stores]
        assert answers == [expected, expected]
    for store in stores:
        assert store.keys("e") == list(model)
        assert store.get_many("e", ["a", "b", "é", "a-b!"]) == model
        store.close()


def test_errors_of_a_store_are_os_errors() -> None:
    """Code that guards against OSError guards against a store's trouble too."""
    assert issubclass(StoreError, OSError)
