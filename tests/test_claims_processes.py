"""Claims between real processes: killed, stopped, interrupted, and many at once.

``EXPCACHE_ROUNDS`` repeats the storm more often than the usual suite does.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from expcache._record import note
from expcache._store import Claim, Store, open_store
from marked import stop

ROUNDS = int(os.environ.get("EXPCACHE_ROUNDS", "12"))
KEYS = 400
STRICT = ("-X", "dev", "-W", "error")

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="signals and /proc are Linux"
)

OPEN = """
    import os, sys
    from expcache._record import note
    from expcache._store import open_store
    store = open_store(sys.argv[1])
"""

WORKER = (
    OPEN
    + """
    # What every worker of a sweep does, in an order of its own: look, claim, look again, compute.
    shift = int(sys.argv[3])
    keys = [f"k{(i * 7 + shift * 50) % 400}" for i in range(400)]
    print("ready", flush=True)
    sys.stdin.readline()
    log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND)
    while missing := [key for key in keys if store.get("e", key) is None]:
        for key in missing:
            if store.get("e", key) is not None:
                continue
            won = store.claim("e", [key])
            if key in won and store.get("e", key) is None:
                os.write(log, f"{key} {os.getpid()}\\n".encode())
                commit = store.put("e", key, lambda _: note(key), claim=won[key])
                assert commit.wait() and not commit.fenced
            elif key in won:
                store.release("e", won.values())
"""
)

HOLDER = (
    OPEN
    + """
    held = store.claim("e", ["a"])
    print("ready", flush=True)
    sys.stdin.readline()
    commit = store.put("e", "a", lambda _: b"late", replace=True, claim=held["a"])
    print(commit.wait(), commit.fenced, flush=True)
"""
)

INTERRUPTED = (
    OPEN
    + """
    import itertools
    print("ready", flush=True)
    try:
        for i in itertools.count():
            store.release("e", store.claim("e", [f"k{i % 5}", f"j{i % 3}"]).values())
    except KeyboardInterrupt:
        pass
    print(sorted(store.claim("e", [f"k{i}" for i in range(5)] + ["j0", "j1", "j2"])), flush=True)
    sys.stdin.readline()
"""
)


def start(
    code: str, *arguments: object, lease: str = "60", stderr: int | None = None
) -> subprocess.Popen[str]:
    """Start a program and wait until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, *STRICT, "-c", textwrap.dedent(code)]
        + [str(argument) for argument in arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "EXPCACHE_LEASE": lease},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def begin(log: Path, workers: list[subprocess.Popen[str]]) -> None:
    """Let workers begin together."""
    log.touch()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()


def finish(process: subprocess.Popen[str], line: str = "") -> str:
    """Let a program go on to its end; return what it said."""
    out, _ = process.communicate(line, timeout=300)
    assert process.returncode == 0
    return out


def claim_soon(store: Store, key: str) -> Claim:
    """Claim a key until it is won."""
    deadline = time.monotonic() + 60
    while not (won := store.claim("e", [key])):
        assert time.monotonic() < deadline
    return won[key]


def test_while_nobody_dies_each_run_is_computed_once(tmp_path: Path) -> None:
    """Eight processes that want the same 400 runs compute exactly 400, and some of each other's."""
    log = tmp_path / "computed"
    workers = [start(WORKER, tmp_path / "store", log, shift) for shift in range(8)]
    begin(log, workers)
    for worker in workers:
        finish(worker)
    computed = [line.split() for line in log.read_text().splitlines()]
    assert len(computed) == KEYS
    assert {key for key, _ in computed} == {f"k{i}" for i in range(KEYS)}
    assert len({pid for _, pid in computed}) > 1
    store = open_store(tmp_path / "store")
    assert store.claims("e") == {}
    assert store.verify().sound
    store.close()


def test_a_killed_owner_is_taken_over_at_once(tmp_path: Path) -> None:
    """A process killed with SIGKILL blocks nobody, though no time has passed."""
    store = open_store(tmp_path / "store")
    holder = start(HOLDER, tmp_path / "store", lease="3600")
    assert store.claim("e", ["a"]) == {}
    (claim,) = store.claims("e").values()
    assert (claim.pid, claim.live) == (holder.pid, True)
    holder.kill()
    # Not reaped yet: a zombie holds nothing.
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
    won = store.claim("e", ["a"])["a"]
    holder.communicate()
    assert won.generation == 2
    assert store.put("e", "a", lambda _: note("a"), claim=won).wait()
    store.close()


@pytest.mark.parametrize("before", ["", "    store.close()\n"])
def test_an_orderly_end_gives_claims_up(tmp_path: Path, before: str) -> None:
    """A program that ends leaves no claim behind, whatever it still refers to, and is silent."""
    program = (
        OPEN + '    held = store.claim("e", ["a"])\n' + before + "    print('ready', flush=True)"
    )
    process = start(program, tmp_path / "store", stderr=subprocess.PIPE)
    _, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, "")
    store = open_store(tmp_path / "store")
    assert store.claims("e") == {}
    store.close()


def test_a_stopped_owner_is_taken_over_after_the_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process loses its claim after the lease, and writes nothing when it goes on."""
    monkeypatch.setattr("expcache._store._owner.LEASE", 0.3)
    store = open_store(tmp_path / "store")
    holder = start(HOLDER, tmp_path / "store", lease="0.3")
    assert store.claim("e", ["a"]) == {}
    stop(holder, tmp_path)
    won = claim_soon(store, "a")
    assert won.generation == 2
    holder.send_signal(signal.SIGCONT)
    assert finish(holder, "go on\n") == "False True\n"
    assert store.get("e", "a") is None
    assert store.put("e", "a", lambda _: note("a"), claim=won).wait()
    store.close()


def test_an_owner_that_runs_is_never_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that shows no sign for many leases, but is not stopped, keeps its claim."""
    monkeypatch.setattr("expcache._store._owner.LEASE", 0.001)
    store = open_store(tmp_path / "store")
    holder = start(HOLDER, tmp_path / "store", lease="3600")
    for _ in range(200):
        assert store.claim("e", ["a"]) == {}
    assert store.claims("e")["a"].live
    assert finish(holder, "go on\n") == "True False\n"
    assert store.get("e", "a") == b"late"
    store.close()


def test_after_kills_every_key_has_one_record_and_nothing_blocks(tmp_path: Path) -> None:
    """Workers killed at any moment leave one record a key, and nothing that others wait for."""
    log = tmp_path / "computed"
    rng = random.Random(11)
    workers = [start(WORKER, tmp_path / "store", log, shift) for shift in range(3)]
    begin(log, workers)
    for number in range(ROUNDS):
        goal = len(log.read_bytes().splitlines()) + rng.randrange(30)
        victim = workers.pop(rng.randrange(len(workers)))
        while victim.poll() is None and len(log.read_bytes().splitlines()) < goal:
            pass
        victim.kill()
        victim.communicate()
        workers.append(start(WORKER, tmp_path / "store", log, number))
        begin(log, workers[-1:])
    for worker in workers:
        finish(worker)
    store = open_store(tmp_path / "store")
    assert sorted(store.keys("e")) == sorted(f"k{i}" for i in range(KEYS))
    assert not any(claim.live for claim in store.claims("e").values())
    assert store.claim("e", [f"k{i}" for i in range(KEYS)]).keys() == set(store.keys("e"))
    assert store.verify().sound
    assert len(log.read_bytes().splitlines()) <= KEYS + ROUNDS
    store.close()


@pytest.mark.parametrize("number", range(4))
def test_an_interrupted_program_can_claim_again(tmp_path: Path, number: int) -> None:
    """A Ctrl-C at any moment leaves no claim that the very process would wait for, and no lock."""
    program = start(INTERRUPTED, tmp_path / "store")
    store = open_store(tmp_path / "store")
    for _ in range(random.Random(number).randrange(40)):
        store.release("e", store.claim("e", ["mine"]).values())
    program.send_signal(signal.SIGINT)
    assert program.stdout is not None
    assert (
        program.stdout.readline() == f"{sorted(['j0', 'j1', 'j2', *(f'k{i}' for i in range(5))])}\n"
    )
    finish(program, "end\n")
    assert store.claims("e") == {}
    store.close()
