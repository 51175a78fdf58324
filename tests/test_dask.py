"""Dask as an executor: a real scheduler, and workers in processes that have nothing of ours."""

from __future__ import annotations

import os
import platform
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest

import engine_subjects as subjects
import expcache
from dask_cluster import PATIENCE, Started, started
from engine_rules import EngineRules, calls
from executor_cells import until
from expcache import errors, experiment, grid
from expcache._executor import Batch, Event, Where, wishes_of
from plugin_project import Project

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

GPU = {"GPU": 1}
STUDY = """
import os
import platform
from expcache import experiment, grid

@experiment
def place(x):
    return os.getcwd()

sweep_place = place.sweep(grid(x=[1, 2]))

@sweep_place.check
def test_place(run):
    assert run.result != os.getcwd()
"""


@experiment(resources=GPU)
def placed_by_need(x: int) -> str:
    """Tell which worker this is."""
    del x
    return os.environ.get("WORKER_NAME", "")


@experiment
def spoilt(x: int, folder: str) -> int:
    """Leave a line, and raise."""
    with (Path(folder) / "calls").open("a") as file:
        file.write(f"{x}\n")
    raise ValueError(x)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A scheduler and two workers of one thread each."""
    with started(tmp_path_factory.mktemp("elsewhere")) as made:
        made.worker(WORKER_NAME="plain")
        made.worker("--resources", "GPU=1", WORKER_NAME="rich")
        yield made


@pytest.fixture(scope="module")
def engine(cluster: Started) -> Iterator[Any]:
    """Somebody's client of that scheduler."""
    with distributed.Client(scheduler_file=str(cluster.file), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=PATIENCE)
        yield client


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Started]:
    """A scheduler of the test's own, which gives a call to one worker only, and one worker."""
    (tmp_path / "cluster").mkdir()
    allowed = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with started(tmp_path / "cluster", **allowed) as made:
        made.worker()
        yield made


class Holding:
    """A sweep that has begun in a worker, and waits there."""

    def __init__(self, engine: Any, folder: Path, points: int, retries: int) -> None:
        """Begin it in a thread, and wait until a worker has."""
        self.folder, self.outcome = folder, Future[Any]()
        self.sweep = subjects.held.sweep(grid(x=range(points), folder=str(folder)))
        told = self._run, engine, retries
        self.thread = threading.Thread(target=copy_context().run, args=told, daemon=True)
        self.thread.start()
        assert until(lambda: list(folder.glob("begun-*")) or self.outcome.done(), PATIENCE)

    def _run(self, engine: Any, retries: int) -> None:
        try:
            self.outcome.set_result(self.sweep.run(executor=engine, retries=retries))
        except BaseException as error:  # noqa: BLE001 - as its outcome
            self.outcome.set_exception(error)

    def runs(self) -> Any:
        """Return the runs when all have ended."""
        return self.outcome.result(PATIENCE)

    def run(self) -> Any:
        """Return the only run when it has ended."""
        (run,) = self.runs()
        return run

    def go(self) -> None:
        """Let it, and those after it, go on."""
        (self.folder / "go").touch()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Callable[..., Holding]]:
    """Begin a sweep of a run that waits, and return when it does."""
    holdings: list[Holding] = []

    def hold(engine: Any, *, points: int = 1, retries: int = 0) -> Holding:
        holdings.append(Holding(engine, tmp_path, points, retries))
        return holdings[-1]

    yield hold
    (tmp_path / "go").touch()
    for one in holdings:
        one.thread.join(PATIENCE)


def busy(client: Any) -> tuple[str, str]:
    """Return the address of the worker that computes, and the key of what it computes."""
    (found,) = [(where, keys[0]) for where, keys in client.processing().items() if keys]
    return found


def kill_busy(client: Any) -> None:
    """Kill the process of the worker that computes."""
    where, _ = busy(client)
    os.kill(client.run(os.getpid, workers=[where])[where], signal.SIGKILL)


class TestDask(EngineRules):
    """Workers of Dask that have no file of the project keep the rules."""


@pytest.mark.usefixtures("isolated")
class TestLost:
    """What is lost there fails, or is tried again by our own policy."""

    def test_a_lost_worker_costs_the_run_that_it_computed(self, engine: Any, held: Any) -> None:
        """Dask does not begin it again, and the run says what became of it."""
        holding = held(engine)
        kill_busy(engine)
        run = holding.run()
        reason = "the Dask worker that computed it was lost. Run it again."
        assert run.error.message == f"cannot compute run {run.id} of {run.experiment!r}: {reason}"
        assert len(run.attempts) == 1

    def test_a_lost_run_is_tried_again_as_it_says(self, engine: Any, held: Any) -> None:
        """With a retry, it is computed once more."""
        holding = held(engine, retries=1)
        kill_busy(engine)
        holding.go()
        assert (holding.run().result, len(holding.run().attempts)) == (0, 2)

    def test_somebody_cancels(self, engine: Any, held: Any) -> None:
        """What somebody cancels on the cluster fails, and says so."""
        holding = held(engine)
        _, key = busy(engine)
        distributed.Future(key, engine).cancel(force=True)
        assert "somebody has cancelled it on the Dask cluster" in str(holding.run().error)

    def test_others_see_where_it_is(self, fragile: Started, held: Any) -> None:
        """What a worker has begun runs on its machine; what the scheduler has kept is queued."""
        holding = held(f"dask:{fragile.address}", points=4)
        counts = {"running": 1, "queued": 1, "missing": 2}
        assert until(lambda: counts.items() <= holding.sweep.status().items(), PATIENCE)
        found = sorted(holding.sweep.whereabouts().values(), key=lambda one: one.status)
        assert [one.status for one in found] == ["queued", "running"]
        assert [one.host for one in found] == ["", platform.node()]
        assert {one.engine for one in found} == {"Dask"}
        with distributed.Client(fragile.address, set_as_default=False) as client:
            # A worker may have been given the one that is queued, too.
            assert found[1].name in {key for keys in client.processing().values() for key in keys}
        holding.go()
        assert len(holding.runs()) == 4
        assert holding.sweep.whereabouts() == {}

    def test_a_scheduler_that_gives_up(self, fragile: Started, held: Any) -> None:
        """A scheduler may fail a call at the first lost worker; then one that is gone ends all."""
        engine = f"dask:{fragile.address}"
        holding = held(engine)
        with distributed.Client(fragile.address, set_as_default=False) as client:
            kill_busy(client)
        reason = "Dask has lost 1 workers that were to compute it (KilledWorker). Run it again."
        assert reason in str(holding.run().error)

    def test_the_scheduler_goes(self, fragile: Started, held: Any) -> None:
        """What a scheduler had when it ended fails, and then the sweep; nothing waits for it."""
        with dask.config.set({"distributed.comm.timeouts.connect": "5s"}):
            holding = held(f"dask:{fragile.address}", points=4)
            fragile.scheduler.kill()
            with pytest.raises(errors.ExecutorError) as raised:
                holding.runs()
        assert str(raised.value) == (
            "cannot submit to Dask: its scheduler is gone. Start it again."
        )
        failed = [run for run in holding.sweep if run.status == "failed"]
        reasons = {run.error.message.partition(": ")[2] for run in failed}
        assert reasons == {"the Dask scheduler that had it is gone. Run it again."}
        assert holding.sweep.status()["running"] == 0

    def test_the_scheduler_comes_back(self, fragile: Started, held: Any) -> None:
        """Where it is started again, the sweep goes on, and tries again what it allows."""
        holding = held(f"dask:{fragile.address}", points=4, retries=1)
        holding.go()
        fragile.restart()
        assert [run.result for run in holding.runs()] == [0, 1, 2, 3]


@pytest.mark.usefixtures("isolated")
class TestOptions:
    """What is asked of Dask."""

    def test_no_retries_of_the_engine(self, engine: Any, tmp_path: Path) -> None:
        """A run that raises is computed once."""
        spoilt.sweep(grid(x=range(4), folder=str(tmp_path))).run(executor=engine)
        assert calls(tmp_path) == list(range(4))

    def test_the_same_again_is_computed_again(self, engine: Any, tmp_path: Path) -> None:
        """Dask keeps no result in place of ours."""
        sweep = subjects.traced.sweep(grid(x=range(3), folder=str(tmp_path)))
        for _ in range(2):
            sweep.run(executor=engine, refresh=True)
        assert calls(tmp_path) == [0, 0, 1, 1, 2, 2]

    def test_an_experiment_asks_for_resources(self, engine: Any) -> None:
        """Its runs go to workers that have them, and no others."""
        runs = placed_by_need.sweep(grid(x=range(6))).run(executor=engine)
        assert set(runs.results) == {"rich"}

    def test_resources_of_the_executor(self, cluster: Started) -> None:
        """An option that is none of ours is a resource of all runs."""
        with closing(expcache.executor(f"dask:{cluster.address}", GPU=1)) as executor:
            runs = subjects.scaled.sweep(grid(x=range(4))).run(executor=executor)
        assert all(run.done for run in runs)

    @pytest.mark.parametrize(
        ("amount", "reason"),
        [
            (2, "no worker has 2 of resource 'GPU'. Start workers with --resources \"GPU=2\"."),
            ("one", "its resource 'GPU' is 'one', no number. Say how much of it a run needs."),
        ],
    )
    def test_resources_that_nobody_has(self, cluster: Started, amount: Any, reason: str) -> None:
        """What Dask would wait for without end is refused."""
        with closing(expcache.executor(f"dask:{cluster.address}", GPU=amount)) as executor:
            sweep = subjects.scaled.sweep(grid(x=[1]))
            with pytest.raises(errors.ExecutorError) as raised:
                sweep.run(executor=executor)
        assert str(raised.value) == f"cannot submit to Dask: {reason}"
        assert sweep.status()["running"] == 0

    def test_a_file_of_the_scheduler(self, cluster: Started, tmp_path: Path) -> None:
        """A table of the project's configuration may name the scheduler's file."""
        table = f'[tool.expcache.executors.big]\nkind = "dask"\nscheduler_file = "{cluster.file}"\n'
        (tmp_path / "pyproject.toml").write_text(table)
        with closing(expcache.executor("big", jobs=3, start=tmp_path, priority=2)) as executor:
            assert (executor.jobs, wishes_of(executor).ahead) == (3, 3)
            runs = subjects.scaled.sweep(grid(x=range(4))).run(executor=executor)
        assert all(run.done for run in runs)

    def test_it_is_told_where_runs_are(self, engine: Any) -> None:
        """A batch is queued first, and then runs on a host, under a name that Dask knows."""
        places = Places()
        with closing(expcache.executor(f"dask:{engine.scheduler.address}")) as executor:
            executor.submit(Batch(b"", 1, None, None, places.tell))
            assert until(lambda: places.finished, PATIENCE)
        assert [one.standing for one in places.places] == ["queued", "running"]
        assert places.places[1].host
        assert {one.name.partition("-")[0] for one in places.places} == {"expcache"}

    def test_a_cluster_grows(self, engine: Any) -> None:
        """How many runs are computed at a time is what the workers can."""
        with closing(expcache.executor(f"dask:{engine.scheduler.address}")) as executor:
            assert executor.jobs == 1
            places = Places()
            executor.submit(Batch(b"", 1, None, None, places.tell))
            assert executor.jobs == 2
            assert until(lambda: places.finished, PATIENCE)


class Places:
    """Where a batch was."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.places: list[Where] = []
        self.finished = False

    def tell(self, event: Event) -> None:
        """Take in news."""
        self.places += [event.where] if event.where is not None else []
        self.finished |= event.finished


@pytest.mark.usefixtures("isolated")
class TestGiven:
    """What can be given, and what is refused."""

    def test_the_word_alone(self) -> None:
        """Without an address, a scheduler and threads here compute, in processes of their own."""
        with dask.config.set({"scheduler-address": None}):
            runs = subjects.placed.sweep(grid(x=range(4))).run(executor="dask", jobs=2)
        assert os.getpid() not in {run.result[0] for run in runs}

    def test_clusters_and_pools(self, engine: Any) -> None:
        """A cluster, and a pool that a client gives, compute as well."""
        pool = engine.get_executor()
        assert subjects.scaled.sweep(grid(x=[1])).run(executor=pool)[0].done
        with distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
        ) as local:
            assert subjects.scaled.sweep(grid(x=[2])).run(executor=local)[0].done
            assert local.status.name == "running"

    def test_a_stored_sweep_needs_no_cluster(self) -> None:
        """Where everything is stored, nothing is connected."""
        sweep = subjects.scaled.sweep(grid(x=range(3)))
        sweep.run()
        assert len(sweep.run(executor="dask:tcp://127.0.0.1:1")) == 3

    def test_nothing_answers(self) -> None:
        """An address where no scheduler is ends the call, with a remedy."""
        with (
            dask.config.set({"distributed.comm.timeouts.connect": "100 ms"}),
            pytest.raises(errors.ExecutorError) as raised,
        ):
            subjects.scaled.sweep(grid(x=[1])).run(executor="dask:tcp://127.0.0.1:1")
        assert str(raised.value).startswith("cannot reach Dask at tcp://127.0.0.1:1: OSError: ")
        assert str(raised.value).endswith("Start a scheduler there, or correct the place.")

    def test_what_cannot_compute(self, engine: Any) -> None:
        """A closed client and other objects of Dask are refused."""
        with distributed.Client(engine.scheduler.address, set_as_default=False) as closed:
            pass
        for given, reason in (
            (closed, "a Client of Dask: it is closed. Make a new one."),
            (distributed.Security(), "a Security of Dask: it is neither a client nor a cluster. "),
        ):
            with pytest.raises(errors.ExecutorError) as raised:
                subjects.scaled.sweep(grid(x=[1])).run(executor=given)
            assert f"cannot compute with {reason}" in str(raised.value)


def test_a_session_of_pytest(project: Project, cluster: Started) -> None:
    """`--sweep-executor` takes the address of a scheduler."""
    project.write(STUDY)
    result = project.run(f"--sweep-executor=dask:{cluster.address}")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(f"expcache: executor dask:{cluster.address}")
    result = project.run("--sweep-executor=dask:tcp://127.0.0.1:1")
    result.assert_outcomes(passed=4)
