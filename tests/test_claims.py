"""Claims: who may compute a run, who has lost the right to, and what is left of it."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from expcache._record import note
from expcache._store import Claim, MemoryStore, Store, _owner, open_store, spill_into
from expcache._store._claimant import CLAIMANT, Claimant
from expcache._store._errand import Errand
from expcache._store._folder import Folder
from expcache._store._ledger import Ledger
from expcache._store._owner import Observer, this_owner
from expcache.errors import StoreError, StoreWarning

ENVELOPE = note("a result")
FREE = 1 << 22
"""A number that no process has: beyond the largest that Linux gives."""


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each kind, closed after the test."""
    made = MemoryStore() if request.param == "memory" else open_store(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Store]:
    """A store on disk, closed after the test."""
    made = open_store(tmp_path / "store")
    yield made
    made.close()


def file_of(store: Store) -> Path:
    """Return the file that keeps the claims of the experiment "e"."""
    (found,) = Path(store.path).glob("experiments/e-*/claims.db")
    return found


def alter(store: Store, statement: str, *values: object) -> None:
    """Change the claims behind the store's back."""
    with closing(sqlite3.connect(file_of(store))) as connection, connection:
        connection.execute(statement, values)


def give_away(store: Store, **changes: object) -> None:
    """Make all claims those of another owner, which differs from this process by *changes*."""
    owner = this_owner()._replace(uuid="other")._replace(**changes)  # type: ignore[arg-type]
    alter(store, "UPDATE claims SET owner = 'other'")
    alter(
        store,
        "UPDATE owners SET uuid = ?, host = ?, boot = ?, namespace = ?, pid = ?, start = ?",
        *owner,
    )


def ledger_of(store: Store) -> Ledger:
    """Return this process's ledger for the experiment "e"."""
    return CLAIMANT._ledgers[str(file_of(store).parent)]


def test_a_claim_tells_who_computes(store: Store) -> None:
    """The winner of a key is described, and everybody sees the description."""
    before = time.time()
    won = store.claim("e", ["a", "b", "a"], bulk=True)
    assert list(won) == ["a", "b"]
    claim = won["a"]
    assert (claim.key, claim.generation, claim.bulk, claim.live) == ("a", 1, True, True)
    assert (claim.pid, claim.host) == (os.getpid(), os.uname().nodename)
    assert before <= claim.since <= time.time()
    assert store.claims("e") == won
    assert not store.claim("e", ["c"])["c"].bulk


def test_a_key_has_one_winner(store: Store) -> None:
    """What is held is not won again, not even by the same process; the rest of the keys is."""
    first = store.claim("e", ["a"])
    assert store.claim("e", ["a", "b"]).keys() == {"b"}
    assert store.claims("e")["a"] == first["a"]
    assert store.claim("other", ["a"]).keys() == {"a"}


def test_threads_win_each_key_once(store: Store) -> None:
    """Of several threads that want the same keys, exactly one wins each."""
    keys = [f"k{i}" for i in range(50)]
    won: list[object] = []

    def work() -> None:
        for key in keys:
            won.extend(store.claim("e", [key]).values())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 50


def test_a_put_ends_its_claim(store: Store) -> None:
    """A commit gives the claim up, whether or not the write won; the key is free again."""
    claim = store.claim("e", ["a"])["a"]
    commit = store.put("e", "a", lambda _: ENVELOPE, claim=claim)
    assert commit.wait()
    assert not commit.fenced
    assert store.claims("e") == {}
    again = store.claim("e", ["a"])["a"]
    assert not store.put("e", "a", lambda _: b"later", claim=again).wait()
    assert store.claims("e") == {}
    assert store.get("e", "a") == ENVELOPE


def test_a_failure_ends_the_claim_of_its_run(store: Store) -> None:
    """A record at another key, as failures have, is written under the claim of the run."""
    claim = store.claim("e", ["a"])["a"]
    assert store.put("e", "a!", lambda _: ENVELOPE, replace=True, claim=claim).wait()
    assert store.claims("e") == {}


def test_a_release_frees_the_key(store: Store) -> None:
    """What is given up can be won at once; giving up what is not held does nothing."""
    won = store.claim("e", ["a", "b"])
    store.release("e", won.values())
    assert store.claims("e") == {}
    later = store.claim("e", ["a"])
    store.release("e", won.values())
    store.release("never", won.values())
    assert store.claims("e") == later


def test_a_late_put_is_fenced(store: Store) -> None:
    """A put whose claim is no longer held writes nothing, replaces nothing and does not raise."""
    late = store.claim("e", ["a"])["a"]
    store.release("e", [late])
    store.put("e", "a", lambda _: ENVELOPE).wait()
    commit = store.put("e", "a", lambda _: b"late", replace=True, claim=late)
    assert not commit.wait()
    assert commit.fenced
    assert store.get("e", "a") == ENVELOPE


def test_a_claim_that_was_won_again_fences_the_one_before(store: Store) -> None:
    """Two claims of one key by one process are told apart."""
    late = store.claim("e", ["a"])["a"]
    store.release("e", [late])
    new = store.claim("e", ["a"])["a"]
    assert store.put("e", "a", lambda _: b"late", claim=late).wait() is False
    assert store.put("e", "a", lambda _: ENVELOPE, claim=new).wait()
    assert store.get("e", "a") == ENVELOPE


def test_a_claim_that_nothing_refers_to_is_given_up(store: Store) -> None:
    """A claim lost by an exception or a Ctrl-C does not keep its own process waiting."""
    store.claim("e", ["a"])
    gc.collect()
    # The next heartbeat removes its row, which may be now.
    assert not any(one.live for one in store.claims("e").values())
    assert "a" in store.claim("e", ["a"])


def test_a_lost_claim_is_removed_with_the_next_beat(
    disk: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other processes need not wait for a claim that nothing refers to either."""
    monkeypatch.setattr(_owner, "LEASE", 0.05)
    monkeypatch.setattr(CLAIMANT, "_next_beat", 0.0)
    kept = disk.claim("e", ["a"])
    disk.claim("e", ["b"])
    deadline = time.monotonic() + 60
    while disk.claims("e").keys() != kept.keys():
        assert time.monotonic() < deadline


def test_a_claim_waits_with_its_put(disk: Store) -> None:
    """A claim that only a write on its way refers to is held until the commit."""
    commits = []
    for i in range(50):
        key = f"k{i}"
        commits.append(disk.put("e", key, lambda _: ENVELOPE, claim=disk.claim("e", [key])[key]))
        gc.collect(1)  # not all that the session has made before
    assert all(commit.wait() for commit in commits)


def test_closing_a_store_gives_up_its_claims(store: Store) -> None:
    """A closed store holds nothing, and no thread goes on for it."""
    late = store.claim("e", ["a"])["a"]
    store.close()
    assert store.claims("e") == {}
    assert store.put("e", "a", lambda _: b"late", claim=late).wait() is False
    assert store.claim("e", ["a"]).keys() == {"a"}
    store.close()
    assert "expcache claims" not in {thread.name for thread in threading.enumerate()}


def test_looking_leaves_no_trace(disk: Store) -> None:
    """Asking for claims makes no file, nor does giving up what was never claimed."""
    assert disk.claims("e") == {}
    disk.release("e", [])
    assert not Path(disk.path).exists()
    disk.put("e", "a", lambda _: ENVELOPE).wait()
    assert disk.claims("e") == {}
    disk.close()
    assert not list(Path(disk.path).glob("experiments/*/claims*"))


def test_claims_disturb_nothing(disk: Store) -> None:
    """What lists and checks the records does not see the claims."""
    held = disk.claim("e", ["a", "b"])
    disk.put("e", "a", lambda _: ENVELOPE, claim=held["a"]).wait()
    assert disk.experiments() == ["e"]
    assert disk.keys("e") == ["a"]
    report = disk.verify(remove_orphans=True, age=-1)
    assert report.sound
    assert not report.orphans
    assert disk.claims("e").keys() == {"b"}


def test_a_group_is_fenced_one_by_one(disk: Store) -> None:
    """Among writes that are committed together, only those whose claims are lost are kept out."""
    held = disk.claim("e", [f"k{i}" for i in range(20)])
    alter(disk, "UPDATE claims SET owner = 'x' WHERE key IN ('k3', 'k7')")
    commits = {
        key: disk.put("e", key, lambda _: ENVELOPE, claim=claim) for key, claim in held.items()
    }
    disk.flush()
    assert {key for key, commit in commits.items() if commit.fenced} == {"k3", "k7"}
    assert {key for key, commit in commits.items() if commit.won} == held.keys() - {"k3", "k7"}
    assert disk.claims("e").keys() == {"k3", "k7"}


def test_a_dead_owner_is_taken_over(disk: Store) -> None:
    """A key of a process that is gone is won at once, as a new generation."""
    late = disk.claim("e", ["a"])["a"]
    give_away(disk, pid=FREE)
    assert not disk.claims("e")["a"].live
    assert disk.claims("e")["a"].pid == FREE
    new = disk.claim("e", ["a", "b"])
    assert {key: claim.generation for key, claim in new.items()} == {"a": 2, "b": 1}
    assert disk.put("e", "a", lambda _: b"late", claim=late).wait() is False
    assert disk.put("e", "a", lambda _: ENVELOPE, claim=new["a"]).wait()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("changes", "dead"),
    [
        ({}, False),
        ({"start": "1"}, True),
        ({"pid": FREE}, True),
        ({"boot": "an earlier one"}, True),
        ({"host": "elsewhere"}, False),
        ({"host": "elsewhere", "boot": "its own", "pid": FREE}, False),
        ({"namespace": "a container", "pid": FREE}, False),
    ],
)
def test_who_is_dead(changes: dict[str, str], *, dead: bool) -> None:
    """A process of this machine is dead when it is gone, another one not at first sight."""
    owner = this_owner()._replace(uuid="other")._replace(**changes)  # type: ignore[arg-type]
    assert Observer().is_dead(owner, 1) is dead


def test_an_owner_elsewhere_is_dead_after_a_lease_without_signs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two looks, a lease apart, with the same number of beats decide; a new beat begins anew."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    owner = this_owner()._replace(uuid="other", host="elsewhere")
    observer = Observer()
    assert not observer.is_dead(owner, 1)
    now[0] += _owner.LEASE - 1
    assert not observer.is_dead(owner, 1)
    assert not observer.is_dead(owner, 2)
    now[0] += _owner.LEASE - 1
    assert not observer.is_dead(owner, 2)
    now[0] += 2
    assert observer.is_dead(owner, 2)


def test_a_copy_of_a_store_holds_nothing(disk: Store, tmp_path: Path) -> None:
    """Claims copied with a store keep nobody waiting, though their owner lives."""
    held = disk.claim("e", ["a"])
    ledger_of(disk).close()
    shutil.copytree(disk.path, tmp_path / "copy")
    copy = open_store(tmp_path / "copy")
    assert not copy.claims("e")["a"].live
    assert copy.claim("e", ["a"]).keys() == {"a"}
    assert disk.claims("e") == held
    copy.close()


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_file_is_begun_anew(disk: Store, content: bytes) -> None:
    """Damage costs a warning; what this process holds stays held, and it can put its results."""
    held = disk.claim("e", ["a"])["a"]
    file = file_of(disk)
    ledger_of(disk).close()
    file.write_bytes(content)
    if content:
        with pytest.warns(StoreWarning, match="cannot read the claims in .*claims.db': "):
            won = disk.claim("e", ["a", "b"])
    else:
        won = disk.claim("e", ["a", "b"])
    assert "b" in won
    if "a" in won:
        held = won["a"]
    assert disk.put("e", "a", lambda _: ENVELOPE, claim=held).wait()
    assert disk.claims("e").keys() == {"b"}


def test_a_damaged_file_stops_no_put(disk: Store) -> None:
    """Where the claims cannot be read, a result is written as if there were none."""
    held = disk.claim("e", ["a"])["a"]
    ledger_of(disk).close()
    file_of(disk).write_bytes(b"no database")
    assert disk.put("e", "a", lambda _: ENVELOPE, claim=held).wait()
    with pytest.warns(StoreWarning, match="They are begun anew"):
        assert disk.claims("e") == {}


def test_a_file_that_cannot_be_used_means_no_claims(disk: Store) -> None:
    """Where no claims can be kept, every key is won, a warning says so, and puts work."""
    disk.put("e", "z", lambda _: ENVELOPE).wait()
    (folder,) = Path(disk.path).glob("experiments/e-*")
    (folder / "claims.db").mkdir()
    with pytest.warns(StoreWarning, match="cannot keep claims in .*: unable to open database"):
        won = disk.claim("e", ["a"])
    assert won["a"].generation == 0
    assert disk.put("e", "a", lambda _: ENVELOPE, claim=won["a"]).wait()
    (folder / "claims.db").rmdir()


def test_a_store_that_was_deleted_is_claimed_again(disk: Store) -> None:
    """After the directory was taken away, claims that are held are written to the new one."""
    held = disk.claim("e", ["a"])["a"]
    shutil.rmtree(disk.path)
    assert disk.claims("e") == {}
    assert disk.claim("e", ["b"]).keys() == {"b"}
    assert disk.claim("e", ["a"]) == {}
    assert disk.put("e", "a", lambda _: ENVELOPE, claim=held).wait()


def test_a_read_only_store_claims_everything(disk: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be put, every key is won, nothing is written, and no put is checked."""
    disk.put("e", "z", lambda _: ENVELOPE).wait()
    site = disk._site  # type: ignore[attr-defined]
    monkeypatch.setattr(site, "access", site.access._replace(writable=False, refusal="cannot."))
    won = disk.claim("e", ["a"], bulk=True)
    assert (won["a"].generation, won["a"].bulk) == (0, True)
    assert disk.claim("e", ["a"]).keys() == {"a"}
    assert disk.parts_directory("e") is None
    with pytest.raises(StoreError, match="cannot"):
        disk.put("e", "a", lambda _: ENVELOPE, claim=won["a"]).wait()
    assert not list(Path(disk.path).glob("experiments/*/claims*"))


def test_what_the_long_dead_left_is_swept_away(disk: Store) -> None:
    """The first claim of a process removes day-old claims of dead owners, and those owners."""
    held = disk.claim("e", ["old", "new"])
    give_away(disk, pid=FREE)
    alter(disk, "UPDATE claims SET since = since - 100000 WHERE key = 'old'")
    disk.close()
    mine = disk.claim("e", ["mine"])
    assert disk.claims("e").keys() == {"new", "mine"}
    alter(disk, "DELETE FROM claims WHERE key = 'new'")
    disk.close()
    mine = disk.claim("e", ["mine"])
    with closing(sqlite3.connect(file_of(disk))) as connection:
        assert connection.execute("SELECT uuid FROM owners").fetchall() == [(mine["mine"].owner,)]
    del held


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_is_another_owner(store: Store) -> None:
    """A child holds nothing of its parent's: it can neither put, release nor keep it."""
    held = store.claim("e", ["a"])["a"]
    child = os.fork()
    if not child:
        os._exit(_act_as_child(store, held))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert store.claims("e")["a"].live
    assert store.put("e", "a", lambda _: ENVELOPE, claim=held).wait()


def _act_as_child(store: Store, held: Claim) -> int:
    try:
        commit = store.put("e", "a", lambda _: b"child", claim=held)
        assert (commit.wait(), commit.fenced) == (False, True)
        store.release("e", [held])
        if not isinstance(store, MemoryStore):
            assert store.claims("e")["a"].live
            assert store.claim("e", ["a"]) == {}
        assert store.claim("e", ["child"])["child"].pid == os.getpid()
        store.close()
    except BaseException:  # noqa: BLE001 - the parent's test must not go on here
        return 1
    return 0


def test_an_interrupt_while_waiting_gives_up_what_was_won(
    disk: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ctrl-C that hits a claim on its way leaves nothing claimed, whatever refers to it."""
    kept: list[object] = []
    disk.claim("e", ["first"])
    claim = Ledger.claim

    def claim_and_keep(self: Ledger, keys: list[str], *, bulk: bool) -> dict[str, Claim]:
        kept.append(claim(self, keys, bulk=bulk))
        return kept[-1]  # type: ignore[return-value]

    monkeypatch.setattr(Ledger, "claim", claim_and_keep)
    monkeypatch.setattr("expcache._store._errand.Errand.wait", _interrupt_once(monkeypatch))
    with pytest.raises(KeyboardInterrupt):
        disk.claim("e", ["a"])
    assert "a" not in disk.claims("e")
    assert kept


def _interrupt_once(monkeypatch: pytest.MonkeyPatch) -> object:
    wait = Errand.wait

    def interrupted(self: Errand[object], nudge: object) -> object:
        monkeypatch.setattr(Errand, "wait", wait)
        raise KeyboardInterrupt

    return interrupted


def test_a_sealed_envelope_keeps_its_spilled_parts(disk: Store) -> None:
    """A worker spills beside the store; the parts stay if the write wins, and go if it loses."""
    place = disk.parts_directory("e")
    assert place is not None
    spill = spill_into(place)
    names = [spill(memoryview(b"1" * 100), "0" * 32) for _ in range(3)]

    def exist() -> list[bool]:
        return [(Path(place) / name[:2] / name).exists() for name in names]

    assert exist() == [True, True, True]
    assert disk.put_sealed("e", "a", ENVELOPE, parts=names[:1]).wait()
    assert not disk.put_sealed("e", "a", b"second", parts=names[1:2]).wait()
    late = disk.claim("e", ["a"])["a"]
    disk.release("e", [late])
    commit = disk.put_sealed("e", "a", b"3", parts=names[2:], replace=True, claim=late)
    commit.wait()
    assert commit.fenced
    assert exist() == [True, False, False]
    assert disk.get("e", "a") == ENVELOPE


def test_a_sealed_envelope_is_put_under_its_claim(store: Store) -> None:
    """`put_sealed` follows the rules of `put`."""
    claim = store.claim("e", ["a"])["a"]
    assert store.put_sealed("e", "a", ENVELOPE, claim=claim).wait()
    assert store.claims("e") == {}
    assert store.put_sealed("e", "a", b"new", replace=True).wait()
    assert store.get("e", "a") == b"new"


def test_memory_keeps_parts_in_the_envelope() -> None:
    """A store in memory has no directory that another process could spill into."""
    store: Store = MemoryStore()
    assert store.parts_directory("e") is None


@pytest.mark.parametrize(("text", "lease"), [("0.5", 0.5), ("", 60), ("-1", 60), ("soon", 60)])
def test_the_lease_can_be_set(monkeypatch: pytest.MonkeyPatch, text: str, lease: float) -> None:
    """EXPCACHE_LEASE gives the seconds; nonsense counts as not set."""
    monkeypatch.setenv("EXPCACHE_LEASE", text)
    assert _owner._read_lease() == lease


def test_an_owner_shows_itself_while_it_holds(disk: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of beats grows on disk as long as something is held."""
    monkeypatch.setattr(_owner, "LEASE", 0.05)
    monkeypatch.setattr(CLAIMANT, "_next_beat", 0.0)
    held = disk.claim("e", ["a"])
    with closing(sqlite3.connect(file_of(disk))) as connection:
        deadline = time.monotonic() + 60
        while connection.execute("SELECT beat FROM owners").fetchone()[0] < 3:
            assert time.monotonic() < deadline
    assert disk.claims("e") == held


def test_a_beat_that_is_asked_for_meanwhile_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause until the next beat is never negative, whatever others set during this one."""
    claimant = Claimant()
    claimant.ledger(Folder(tmp_path, "e"))
    monkeypatch.setattr(Ledger, "beat", lambda _: setattr(claimant, "_next_beat", 0.0))
    assert claimant._beat() > 0


def test_many_experiments_need_few_files(disk: Store) -> None:
    """However many experiments have claims, only some of their files are open."""
    held = [disk.claim(f"e{i}", ["a"]) for i in range(50)]
    CLAIMANT.ask(lambda: None)
    assert sum(ledger.opened for ledger in CLAIMANT._ledgers.values()) <= 32
    assert all(disk.claims(f"e{i}") == claims for i, claims in enumerate(held))
    assert all(disk.claim(f"e{i}", ["a"]) == {} for i in range(50))


def test_a_claim_names_itself(disk: Store) -> None:
    """The repr says whose claim it is, of what, and whether it counts; equal claims are one."""
    claim = disk.claim("e", ["a"])["a"]
    assert repr(claim) == (
        f"<Claim of 'a' by process {os.getpid()} on {os.uname().nodename!r}, live>"
    )
    assert {claim, disk.claims("e")["a"]} == {claim}
    assert claim != "a"
