"""Where runs are that an engine has: told by its executor, kept beside claims, shown to others."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest

import engine_subjects as subjects
import expcache
from executor_cells import until
from expcache import Run, RunSet, Store, Sweep, Whereabouts, grid
from expcache._executor import Batch, Engine, Where, compute
from expcache._store import MemoryStore
from plugin_project import Project

TOLD = Whereabouts("running", "node7", 0, "Depot", "17_3", 1.5)
KEYS = [f"{digit * 32}-{'c' * 32}" for digit in "ab"]


class Depot(Engine):
    """Tells where each batch is, and computes it only when it is let go."""

    word = "Depot"
    elsewhere = False
    apart = False
    ahead = 100

    def __init__(self, running: int) -> None:
        """Say of so many batches that they run, of all others that they are queued."""
        super().__init__()
        self.begun: list[tuple[Batch, bytes, Future[bytes]]] = []
        self._running = running

    @property
    def jobs(self) -> int:
        """How many are computed at a time, it says."""
        return 2

    def begin(self, batch: Batch, content: bytes, resources: Any) -> Future[bytes]:
        """Keep a batch."""
        del resources
        at = len(self.begun)
        self.begun.append((batch, content, Future()))
        self.tell_where(batch, Where("queued", "", "17", 1.0))
        if at < self._running:
            self.tell_where(batch, Where("running", "node7", f"17_{at}", 2.0))
        return self.begun[-1][2]

    def go(self) -> None:
        """Compute all that is kept."""
        for _, content, future in self.begun:
            if not future.done():
                future.set_result(compute(content))


class Held:
    """A sweep in the hands of a depot, with what its progress said."""

    def __init__(self, sweep: Sweep[Any], running: int = 2) -> None:
        """Begin it in a thread, and wait until the depot has all of it, and the store the news."""
        self.sweep, self.depot = sweep, Depot(running)
        self.seen: list[tuple[int, int]] = []
        self.lines: list[str] = []
        self.runs: RunSet[Any] | None = None
        self._thread = threading.Thread(target=copy_context().run, args=[self._run], daemon=True)
        self._thread.start()
        expected = {"running": running, "queued": len(sweep) - running}
        assert until(lambda: expected.items() <= sweep.status().items())

    def _run(self) -> None:
        self.runs = self.sweep.run(executor=self.depot, progress=self._progress)

    def _progress(self, progress: Any) -> None:
        self.seen.append((progress.queued, progress.running))
        self.lines.append(progress.line(100, color=False, bar=False))

    def go(self) -> RunSet[Any]:
        """Let all of it be computed, and return the runs."""
        while self._thread.is_alive():
            self.depot.go()
            self._thread.join(0.01)
        assert self.runs is not None
        return self.runs


@pytest.fixture
def hold(isolated: Store) -> Iterator[Callable[..., Held]]:
    """Begin sweeps, and end them with the test."""
    del isolated
    begun: list[Held] = []

    def begin(*args: Any) -> Held:
        begun.append(Held(*args))
        return begun[-1]

    yield begin
    for one in begun:
        one.go()


def five() -> Sweep[Any]:
    """Return a sweep of five short runs."""
    return subjects.scaled.sweep(grid(x=range(5)), name="sweep_five")


class TestStatus:
    """What is said of runs that an engine has."""

    def test_queued_is_counted_apart_from_running(self, hold: Callable[..., Held]) -> None:
        """A run that the engine has not begun is queued, and so says every look at it."""
        held = hold(five())
        plan = held.sweep.plan()
        assert plan.counts["running"] == len(plan.running) == 2
        assert plan.counts["queued"] == len(plan.queued) == 3
        assert [run.status for run in held.sweep] == ["running"] * 2 + ["queued"] * 3
        assert held.sweep.explain().groups[0].status in {"running", "queued"}
        assert all(run.done for run in held.go())
        assert held.sweep.status() == {
            **dict.fromkeys(plan.counts, 0), "points": 5, "done": 5
        }  # fmt: skip

    def test_where_it_is(self, hold: Callable[..., Held]) -> None:
        """The host, the engine, its own name of it and the time are those that it told."""
        held = hold(five())
        found = held.sweep.whereabouts()
        assert found.keys() == set(held.sweep.ids)
        first, last = held.sweep[0], held.sweep[4]
        assert found[first.id] == Whereabouts("running", "node7", 0, "Depot", "17_0", 2.0)
        assert first.whereabouts == found[first.id]
        assert last.whereabouts == Whereabouts("queued", "", 0, "Depot", "17", 1.0)
        assert str(first.whereabouts).startswith("on node7, Depot 17_0, since 19")
        assert str(last.whereabouts).startswith("Depot 17, since 19")
        assert "is being computed on node7, Depot 17_0, since 19" in str(first.explain())
        assert "waits to be computed: Depot 17, since 19" in str(last.explain())
        held.go()
        assert held.sweep.whereabouts() == {}
        assert first.whereabouts is None

    def test_a_result_that_waits(self, hold: Callable[..., Held]) -> None:
        """Whoever asks for the result of a queued run is told that it waits."""
        last: Run[Any] = hold(five()).sweep[4]
        with pytest.raises(expcache.errors.UnknownIdError, match="it waits to be computed"):
            last.result  # noqa: B018 - raises

    def test_workers_of_this_machine_run(self, isolated: Store) -> None:
        """What this process has claimed runs here, as long as nobody says more."""
        run, name = five()[0], subjects.scaled.name
        claims = isolated.claim(name, [f"{run.id}-{subjects.scaled.code}"])
        where, claim = run.whereabouts, run.claim
        assert claim is not None
        assert where == Whereabouts("running", claim.host, claim.pid, since=claim.since)
        assert str(where).startswith(f"on {claim.host}, pid {claim.pid}, since 2")
        isolated.release(name, claims.values())

    def test_progress_counts_what_waits(self, hold: Callable[..., Held]) -> None:
        """The line of a sweep tells how many runs wait in the queue of the engine."""
        held = hold(five())
        assert until(lambda: (3, 2) in held.seen)
        assert any("  2 running  3 queued" in line for line in held.lines)
        held.go()
        assert held.seen[-1] == (0, 0)
        assert "queued" not in held.lines[-1]

    def test_a_progress_that_raises(self, isolated: Store) -> None:
        """A callback that raises when runs are queued ends the sweep, and nothing stays claimed."""
        sweep, seen = five(), []

        def stop(progress: Any) -> None:
            seen.append(progress.queued)
            if progress.queued:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            sweep.run(executor=Depot(0), progress=stop)
        assert seen[-1] > 0
        assert sweep.status()["missing"] == 5
        assert isolated.claims(subjects.scaled.name) == {}

    def test_the_shell_shows_it(self, hold: Callable[..., Held], isolated: Store) -> None:
        """Another process's `status`, `list` and `show` say queued, and where."""
        held = hold(five())

        def call(*words: str) -> str:
            told = [sys.executable, "-m", "expcache", *words, "--store", isolated.path]
            return subprocess.run(told, capture_output=True, text=True, check=True).stdout

        told = call("status").splitlines()
        assert told[1].split()[:5] == ["experiment", "done", "failed", "running", "queued"]
        assert told[2].split()[1:5] == ["0", "0", "2", "3"]
        assert sorted(told[3:]) == [
            "queued: 3 of engine_subjects.scaled, Depot 17",
            "running: 1 of engine_subjects.scaled on node7, Depot 17_0",
            "running: 1 of engine_subjects.scaled on node7, Depot 17_1",
        ]
        assert len(call("list", "--status", "queued").splitlines()) == 4
        shown = call("show", held.sweep.ids[0])
        assert "running, computed now on node7, Depot 17_0, since 19" in shown
        assert "queued, to be computed: Depot 17, since 19" in call("show", held.sweep.ids[4])
        assert '"whereabouts": {' in call("show", "--json", held.sweep.ids[4])


@pytest.fixture(params=["disk", "memory"])
def kept(request: pytest.FixtureRequest, isolated: Store) -> Any:
    """A store on disk, and one in memory."""
    return isolated if request.param == "disk" else MemoryStore()


class TestStores:
    """How a store keeps what is told of claims."""

    def test_it_is_kept_with_the_claim(self, kept: Any) -> None:
        """What is told of a claim is read with it, and goes with it."""
        claims = kept.claim("e", KEYS)
        kept.tell_where("e", {claims[KEYS[0]]: TOLD})
        assert until(lambda: kept.claims("e")[KEYS[0]].whereabouts == TOLD)
        assert kept.claims("e")[KEYS[1]].whereabouts.status == "running"
        assert kept.claims("e")[KEYS[1]].whereabouts.pid != 0
        kept.release("e", claims.values())
        again = kept.claim("e", KEYS)
        assert kept.claims("e")[KEYS[0]].whereabouts.engine == ""
        kept.release("e", again.values())

    def test_what_is_not_held_is_passed_over(self, kept: Any) -> None:
        """News of a claim that was given up change nothing."""
        claims = kept.claim("e", KEYS[:1])
        kept.release("e", claims.values())
        again = kept.claim("e", KEYS[:1])
        kept.tell_where("e", {claims[KEYS[0]]: TOLD})
        assert kept.claims("e")[KEYS[0]].whereabouts.engine == ""
        kept.release("e", again.values())

    def test_nothing_is_left_in_the_file(self, isolated: Store) -> None:
        """The table beside the claims is empty when they are gone."""
        claims = isolated.claim("e", KEYS)
        isolated.tell_where("e", dict.fromkeys(claims.values(), TOLD))
        assert until(lambda: rows(isolated) == 2)
        isolated.release("e", claims.values())
        assert rows(isolated) == 0

    def test_a_file_of_before(self, isolated: Store) -> None:
        """A file of claims without that table is used as it is, and gets it."""
        isolated.release("e", isolated.claim("e", KEYS).values())
        isolated.close()
        with opened(isolated) as file:
            file.execute("DROP TABLE places")
        claims = isolated.claim("e", KEYS)
        isolated.tell_where("e", {claims[KEYS[0]]: TOLD})
        assert until(lambda: isolated.claims("e")[KEYS[0]].whereabouts == TOLD)
        isolated.release("e", claims.values())

    def test_code_of_before(self, isolated: Store) -> None:
        """Who knows the other tables only finds them as they were."""
        claims = isolated.claim("e", KEYS)
        isolated.tell_where("e", dict.fromkeys(claims.values(), TOLD))
        assert until(lambda: rows(isolated) == 2)
        with opened(isolated) as file:
            file.execute("INSERT INTO claims VALUES ('k', 'o', 1, 2.0, 0)")
            file.execute("DELETE FROM claims")
        assert isolated.claims("e") == {}
        isolated.release("e", claims.values())


@contextmanager
def opened(store: Store) -> Iterator[sqlite3.Connection]:
    """Open the file that keeps the claims of a store's only experiment."""
    with closing(sqlite3.connect(next(Path(store.path).rglob("claims.db")))) as file, file:
        yield file


def rows(store: Store) -> int:
    """Count what the file tells of claims."""
    with opened(store) as file:
        return int(file.execute("SELECT count(*) FROM places").fetchone()[0])


PLUGIN = """
import expcache
from engine_subjects import scaled
from expcache import grid

sweep_five = scaled.sweep(grid(x=range(5)))
"""


def test_pytest_shows_it(hold: Callable[..., Held], isolated: Store, project: Project) -> None:
    """`--sweep-status` of another process counts what is queued, and says where each point is."""
    hold(five())
    project.write(PLUGIN, "test_five.py")
    told = project.run("test_five.py", "--sweep-status", "--sweep-store", isolated.path)
    lines = told.outlines
    (head,) = [line.split() for line in lines if line.startswith("sweep ")]
    (row,) = [line.split() for line in lines if line.startswith("sweep_five ")]
    counts = dict(zip(head[1:], row[1:], strict=True))
    assert (counts["running"], counts["queued"], counts["missing"]) == ("2", "3", "0")
    assert [line[: line.index(", since 19")] for line in lines if ", since 19" in line] == [
        *(f"running: test_five.py::sweep_five[x:{x}] on node7, Depot 17_{x}" for x in range(2)),
        *(f"queued: test_five.py::sweep_five[x:{x}], Depot 17" for x in range(2, 5)),
    ]
