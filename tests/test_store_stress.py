"""A store under violence: killed, interrupted and shared, and nothing acknowledged is lost.

``EXPCACHE_ROUNDS`` repeats the rounds more often than the usual suite does.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from expcache._codec import encode_value
from expcache._record import Header, note, read_value, seal
from expcache._store import open_store

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = int(os.environ.get("EXPCACHE_ROUNDS", "20"))

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")

WRITER = """
    import itertools, os, sys
    from expcache._codec import encode_value
    from expcache._record import Header, note, seal
    from expcache._store import open_store

    store = open_store(sys.argv[1])
    prefix = sys.argv[2]
    header = Header("0" * 32, "0" * 32, "e", "done")
    log = os.open(sys.argv[3], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    stop = int(sys.argv[4]) if len(sys.argv) > 4 else None

    def put(key):
        if int(key.rpartition("-")[2]) % 10 == 5:
            large = encode_value(key.encode().ljust(1 << 20, b"."))
            return store.put("e", key, lambda spill: seal(header, large, b"0" * 16, spill))
        return store.put_once("e", key, note(key))

    print("ready", flush=True)
    for start in itertools.count(0, 7):
        keys = [f"{prefix}-{start + i}" for i in range(1 if start % 2 else 7)]
        commits = [put(key) for key in keys]
        assert all([commit.wait() for commit in commits])
        os.write(log, "".join(key + "\\n" for key in keys).encode())
        if stop is not None and start > stop:
            break
"""


STRICT = ("-X", "dev", "-W", "error")


def start(code: str, *arguments: object, flags: tuple[str, ...] = STRICT) -> subprocess.Popen[str]:
    """Start a program and wait until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, *flags, "-c", textwrap.dedent(code)]
        + [str(argument) for argument in arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def check_all(path: Path, log: Path) -> int:
    """Check that every acknowledged record is there and right; return how many there are."""
    store = open_store(path)
    acknowledged = log.read_text().split()
    found = store.get_many("e", acknowledged)
    assert found.keys() == set(acknowledged)
    for key, envelope in found.items():
        value = read_value(
            envelope,
            preimage=None,
            fetch=lambda name, size, digest: store.fetch("e", name, size, digest),
            trust=False,
        )
        assert value == key or value.rstrip(b".") == key.encode()
    store.close()
    return len(acknowledged)


def test_kill_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Killed at any moment, again and again, a store keeps what it acknowledged and is sound."""
    path, log = tmp_path / "store", tmp_path / "acknowledged"
    log.touch()
    rng = random.Random(7)
    written = 0
    for number in range(ROUNDS):
        process = start(WRITER, path, f"r{number}", log)
        goal = written + rng.randrange(60)
        while written < goal:
            written = len(log.read_bytes().split())
        process.kill()
        process.communicate()
    assert check_all(path, log) >= written
    report = open_store(path).verify(remove_orphans=True, age=-1)
    assert report.sound
    assert report.records >= written
    assert not open_store(path).verify().orphans
    open_store(path).close()


def test_two_processes_write_everything(tmp_path: Path) -> None:
    """Two processes that write at once, and a third that reads, see exact counts."""
    path, log = tmp_path / "store", tmp_path / "acknowledged"
    store = open_store(path)
    processes = [start(WRITER, path, name, log, 100) for name in ("a", "b")]
    seen = [len(store.keys("e"))]
    while any(process.poll() is None for process in processes):
        seen.append(len(store.keys("e")))
        store.put_once("e", f"c-{len(seen)}", note("c")).wait()
    outputs = [process.communicate() for process in processes]
    assert outputs == [("", ""), ("", "")]
    assert seen == sorted(seen)
    store.flush()
    expected = check_all(path, log) + len(seen) - 1
    assert len(store.keys("e")) == expected
    assert store.verify().records == expected
    assert store.verify().sound
    store.close()


def test_one_key_of_many_processes_has_one_winner(tmp_path: Path) -> None:
    """Processes that write the same keys agree: each key is won exactly once."""
    code = """
        import sys
        from expcache._store import open_store
        store = open_store(sys.argv[1])
        print("ready", flush=True)
        commits = [store.put_once("e", f"k{i}", sys.argv[2].encode()) for i in range(200)]
        print(sum(commit.wait() for commit in commits))
        store.close()
    """
    processes = [start(code, tmp_path / "s", name) for name in "ab"]
    outputs = [process.communicate() for process in processes]
    assert [error for _, error in outputs] == ["", ""]
    assert sum(int(said) for said, _ in outputs) == 200
    store = open_store(tmp_path / "s")
    won = [store.get("e", f"k{i}") for i in range(200)]
    assert sorted([won.count(b"a"), won.count(b"b")]) == sorted(int(said) for said, _ in outputs)
    store.close()


STORM = """
    import itertools, random, signal, sys
    from expcache._codec import encode_value
    from expcache._record import Header, seal
    from expcache._store import open_store

    def strike(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, strike)
    store = open_store(sys.argv[1])
    header = Header("0" * 32, "0" * 32, "e", "done")
    large = encode_value(b"x" * (1 << 20))
    pending, numbers, rng = {}, itertools.count(), random.Random(7)
    # Python itself keeps its import lock when an interrupt hits it: nothing is imported below.
    store.put("e", "first", lambda spill: seal(header, large, b"0" * 16, spill)).wait()
    assert store.get("e", "first") and store.keys("e")
    print("ready", flush=True)

    def work():
        for number in numbers:
            key = f"k{number}"
            if number % 20:
                commit = store.put_once("e", key, key.encode())
            else:
                commit = store.put("e", key, lambda spill: seal(header, large, b"0" * 16, spill))
            pending[key] = commit
            commit.wait()
            store.get("e", key)
            store.keys("e")

    for _ in range(int(sys.argv[2])):
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0001, 0.006))
            work()
        except KeyboardInterrupt:
            pass
    for key, commit in pending.items():
        assert commit.wait()
        assert store.get("e", key) is not None, key
    store.flush()
    assert store.put_once("e", "last", b"1").wait()
    store.close()
    print(len(pending) > 0)
"""


def test_a_storm_of_interrupts_wedges_nothing(tmp_path: Path) -> None:
    """However often Ctrl-C comes, handed-over writes arrive and the store works on."""
    # Not strict: an interrupt between the opening of a file and its `with` is Python's own.
    process = start(STORM, tmp_path / "s", 10 * ROUNDS, flags=("-W", "ignore::ResourceWarning"))
    said, errors = process.communicate(timeout=120)
    assert (said, errors) == ("True\n", "")
    store = open_store(tmp_path / "s")
    assert store.get("e", "last") == b"1"
    store.close()


def test_large_records_are_right_in_the_parent_too(tmp_path: Path) -> None:
    """The records that these programs write are read as values, part and all."""
    store = open_store(tmp_path / "s")
    large = encode_value(b"k-5".ljust(1 << 20, b"."))
    header = Header("0" * 32, "0" * 32, "e", "done")
    store.put("e", "k-5", lambda spill: seal(header, large, b"0" * 16, spill)).wait()
    (tmp_path / "log").write_text("k-5\n")
    assert check_all(tmp_path / "s", tmp_path / "log") == 1
    assert len(list(tmp_path.rglob("*.part"))) == 1
