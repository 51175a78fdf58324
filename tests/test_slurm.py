"""A real Slurm as an engine: one node, started here, in a directory of its own."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import platform
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import engine_subjects as subjects
from engine_rules import EngineRules, calls
from executor_cells import until
from expcache import executor, grid, use
from expcache._executor._array import Array, Gone
from expcache._executor._spool import Begun as Owner
from expcache._executor._spool import Spool
from expcache._executor._squeue import Standing
from expcache._store import current_store
from expcache.errors import ExecutorError, StoreWarning
from plugin_project import plugin_arguments
from private_slurm import PrivateSlurm, started

pytest.importorskip("submitit")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateSlurm]:
    """Start Slurm; its commands find it by the environment."""
    with started(tmp_path_factory.mktemp("slurm")) as slurm:
        yield slurm


@pytest.fixture(scope="module")
def options(cluster: PrivateSlurm, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return options of an executor whose workers work in another directory."""
    place = str(tmp_path_factory.mktemp("elsewhere"))
    return {"timeout_min": 10, "grace": 0.5, "slurm_additional_parameters": {"chdir": place}}


@pytest.fixture(scope="module")
def engine(options: dict[str, Any]) -> Iterator[Any]:
    """One executor for all tests."""
    with made(**options) as one:
        yield one


def made(**options: Any) -> Any:
    """Return an executor, for the length of a block."""
    return executor("slurm", **options)


class TestSlurm(EngineRules):
    """Slurm keeps the rules of all engines."""


class Begun:
    """Something that is computed while the test goes on, such as a sweep."""

    def __init__(self, compute: Callable[[], Any]) -> None:
        """Begin."""
        self._found: list[Any] = []
        self._thread = threading.Thread(target=lambda: self._found.append(compute()), daemon=True)
        self._thread.start()

    @property
    def runs(self) -> Any:
        """What came of it."""
        self._thread.join(90)
        return self._found[0]


def elements(cluster: PrivateSlurm, *states: str) -> list[str]:
    """Return what Slurm calls the elements in a state."""
    told = cluster.call("squeue", "--me", "-h", "-r", "-t", ",".join(states), "-o", "%i")
    return told.split()


def arrays(cluster: PrivateSlurm) -> set[str]:
    """Return what Slurm calls all arrays that it has had by now."""
    told = cluster.call("squeue", "--me", "-h", "-t", "all", "-o", "%A %F")
    return {line.split()[-1] for line in told.splitlines()}


def held(folder: Path, count: int = 4, experiment: Any = subjects.held, **options: Any) -> Begun:
    """Compute runs that wait, and return when two have begun."""
    sweep = experiment.sweep(grid(x=range(count), folder=str(folder)))
    begun = Begun(lambda: sweep.run(**options))
    assert until(lambda: len(list(folder.glob("begun-*"))) == 2)
    return begun


@pytest.mark.usefixtures("isolated")
class TestEndings:
    """What Slurm may do to what it computes."""

    def test_all_goes_in_one_array(
        self, engine: Any, cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """However many runs there are, Slurm gets one job."""
        begun = held(tmp_path, 40, executor=engine)
        names = elements(cluster, "RUNNING", "PENDING")
        (tmp_path / "go").touch()
        assert begun.runs.results == list(range(40))
        assert len({name.partition("_")[0] for name in names}) == 1

    def test_a_store_in_memory_has_its_files_at_home(
        self, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """What is sent for a store without a directory lies in the user's; nothing large stays."""
        monkeypatch.setenv("HOME", str(tmp_path))
        with use(":memory:"), made(**options) as one:
            sweep = subjects.filled.sweep(grid(size=[1_000_000, 1_000_001]))
            assert [len(run.result) for run in sweep.run(executor=one)] == [1_000_000, 1_000_001]
            assert list((tmp_path / ".expcache" / "slurm").glob("*/answer-*")) != []
        left = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert all(path.stat().st_size < 100_000 for path in left)

    def test_a_cancelled_job_loses_its_run_alone(
        self, engine: Any, cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """The run of a cancelled element fails and says so; the others are computed."""
        begun = held(tmp_path, executor=engine)
        name = elements(cluster, "RUNNING")[0]
        cluster.call("scancel", name)
        assert until(lambda: name not in elements(cluster, "RUNNING", "COMPLETING"))
        (tmp_path / "go").touch()
        failed = [run for run in begun.runs if run.status == "failed"]
        assert len(failed) == 1
        message = f"cannot compute run {failed[0].id} of 'engine_subjects.held': its Slurm job"
        assert f"{message} {name} was cancelled. Run it again." in str(failed[0].error)

    def test_what_is_cancelled_may_be_tried_again(
        self, engine: Any, cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """A lost run is sent again, as often as the caller says, in another array."""
        begun = held(tmp_path, executor=engine, retries=1)
        name = elements(cluster, "RUNNING")[0]
        cluster.call("scancel", name)
        assert until(lambda: name not in elements(cluster, "RUNNING", "COMPLETING"))
        (tmp_path / "go").touch()
        assert begun.runs.results == [0, 1, 2, 3]
        assert sorted(len(run.attempts) for run in begun.runs) == [1, 1, 1, 2]

    def test_what_is_killed_without_a_word_is_noticed(
        self, engine: Any, cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """An element that is killed has its runs given up, with no accounting to ask."""
        begun = held(tmp_path, executor=engine)
        name = elements(cluster, "RUNNING")[0]
        cluster.call("scancel", "--full", "--signal=KILL", name)
        assert until(lambda: name not in elements(cluster, "RUNNING", "COMPLETING"))
        (tmp_path / "go").touch()
        failed = [run for run in begun.runs if run.status == "failed"]
        assert len(failed) == 1
        assert f"its Slurm job {name} " in str(failed[0].error)

    def test_an_array_that_is_cancelled_in_the_queue_is_given_up(
        self, options: dict[str, Any], cluster: PrivateSlurm
    ) -> None:
        """What never began is not sent again and again against its user's will."""
        sweep = subjects.scaled.sweep(grid(x=range(3)))
        more = {**options["slurm_additional_parameters"], "hold": True}
        with made(**options | {"slurm_additional_parameters": more}) as one:
            begun = Begun(lambda: sweep.run(executor=one))
            assert until(lambda: elements(cluster, "PENDING"))
            cluster.call("scancel", *elements(cluster, "PENDING"))
            errors = [str(run.error) for run in begun.runs]
        assert len([error for error in errors if "was cancelled. Run it again." in error]) == 3

    def test_what_is_requeued_is_tried_by_our_rules(
        self, options: dict[str, Any], cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """A run that Slurm ends and starts anew is lost, not begun twice behind our back."""
        more = {**options["slurm_additional_parameters"], "requeue": True}
        with made(**options | {"slurm_additional_parameters": more}) as one:
            begun = held(tmp_path, executor=one)
            name = elements(cluster, "RUNNING")[0]
            cluster.call("scontrol", "requeue", name)
            assert until(lambda: name not in elements(cluster, "RUNNING", "COMPLETING"))
            (tmp_path / "go").touch()
            runs = begun.runs
        failed = [str(run.error) for run in runs if run.status == "failed"]
        assert len(failed) == 1
        assert f"its Slurm job {name} was preempted or lost its node, and was req" in failed[0]

    def test_a_scheduler_may_be_started_anew(
        self, engine: Any, cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """While the scheduler does not answer nothing is given up."""
        begun = held(tmp_path, executor=engine)
        cluster.stop_controller()
        (tmp_path / "go").touch()
        assert cluster.start_controller() == ""
        assert begun.runs.results == [0, 1, 2, 3]

    def test_a_node_may_be_drained(
        self, engine: Any, cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """What runs on a drained node is finished; what waits is computed when it is back."""
        begun = held(tmp_path, executor=engine)
        cluster.call("scontrol", "update", "NodeName=localhost", "State=DRAIN", "Reason=test")
        (tmp_path / "go").touch()
        assert until(lambda: not elements(cluster, "RUNNING", "COMPLETING"))
        cluster.call("scontrol", "update", "NodeName=localhost", "State=RESUME")
        assert begun.runs.results == [0, 1, 2, 3]

    @pytest.mark.parametrize(
        ("partition", "more", "why"),
        [
            ("scrap", {}, "was preempted"),
            ("spare", {}, "was preempted"),
            ("spare", {"requeue": True}, "was preempted or lost its node, and was requeued"),
        ],
    )
    @pytest.mark.parametrize("experiment", [subjects.held, subjects.deaf], ids=["held", "deaf"])
    def test_what_is_preempted_is_lost_alone(  # noqa: PLR0913, PLR0917 - two of pytest's own
        self,
        options: dict[str, Any],
        cluster: PrivateSlurm,
        tmp_path: Path,
        partition: str,
        more: dict[str, Any],
        why: str,
        experiment: Any,
    ) -> None:
        """A job of a better partition costs one run, whether it heeds SIGTERM or is killed."""
        asked = {**options, "slurm_partition": partition}
        asked["slurm_additional_parameters"] = {**options["slurm_additional_parameters"], **more}
        with made(**asked) as one:
            begun = held(tmp_path, experiment=experiment, executor=one)
            before = elements(cluster, "RUNNING")
            cluster.call("sbatch", "--partition=main", "--output=/dev/null", "--wrap", "true")
            assert until(lambda: set(before) - set(elements(cluster, "RUNNING", "COMPLETING")))
            (tmp_path / "go").touch()
            failed = [run for run in begun.runs if run.status == "failed"]
        assert len(failed) == 1
        assert f" {why}. Run it again." in str(failed[0].error)
        assert str(failed[0].error).partition("Slurm job ")[2].split()[0] in before

    def test_what_takes_too_long_is_lost_alone(
        self, engine: Any, cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """The time limit of a job costs the run that it computes, and is told of."""
        begun = held(tmp_path, executor=engine)
        name = elements(cluster, "RUNNING")[0]
        cluster.call("scontrol", "update", f"JobId={name}", "EndTime=now+1")
        # Slurm looks at time limits every thirty seconds.
        gone = until(lambda: name not in elements(cluster, "RUNNING", "COMPLETING"))
        assert gone, cluster.call("scontrol", "show", "job", name)
        (tmp_path / "go").touch()
        failed = [run for run in begun.runs if run.status == "failed"]
        assert len(failed) == 1, cluster.call("scontrol", "show", "job", name)
        why = f"its Slurm job {name} reached its time limit (timeout_min gives more). Run it again."
        assert why in str(failed[0].error)

    def test_a_node_may_be_lost(self, engine: Any, cluster: PrivateSlurm, tmp_path: Path) -> None:
        """What a lost node had begun is lost; the rest is computed when there is one again."""
        begun = held(tmp_path, executor=engine, retries=1)
        before = elements(cluster, "RUNNING")
        cluster.stop_node()
        cluster.call("scontrol", "update", "NodeName=localhost", "State=DOWN", "Reason=test")
        assert until(lambda: not elements(cluster, "RUNNING"))
        (tmp_path / "go").touch()
        assert cluster.start_node() == ""
        runs = begun.runs
        assert runs.results == [0, 1, 2, 3]
        first = [str(run.attempts[0]["error"]) for run in runs if len(run.attempts) == 2]
        assert len(first) == 2
        assert all(f"its Slurm job {name} lost its node." in str(first) for name in before)

    def test_stopping_leaves_nothing_in_the_queue(
        self, options: dict[str, Any], cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """Whoever stops early has what was submitted cancelled."""
        sweep = subjects.held.sweep(grid(x=range(4), folder=str(tmp_path)))
        with made(**options) as one:
            completed = sweep.as_completed(executor=one)
            reader = threading.Thread(target=lambda: _read(completed), daemon=True)
            reader.start()
            assert until(lambda: len(list(tmp_path.glob("begun-*"))) == 2)
            one.stop()
            assert until(lambda: not elements(cluster, "RUNNING", "PENDING", "COMPLETING"))
            (tmp_path / "go").touch()
            reader.join(90)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("OUT_OF_MEMORY", "took more memory than it had asked for"),
        ("DEADLINE", "reached its deadline"),
        ("BOOT_FAIL", "lost its node"),
        ("FAILED", "failed"),
        ("COMPLETED", "ended without a result"),
        (None, "ended without a result"),
    ],
)
def test_what_the_queue_says_is_told(tmp_path: Path, state: str | None, why: str) -> None:
    """How a job has ended, or that it is not known any more, is why its run is lost."""
    spool = Spool(tmp_path / "spool")
    spool.fill([b"", b""])
    spool.take(0, Owner("7_0", "node", 0))
    array = Array("7", spool, {0, 1})
    assert list(array.news()) == [("begun", 0)]
    known = {"7_1": Standing("RUNNING", "node", "")}
    if state is not None:
        known["7_0"] = Standing(state, "node", "")
    assert array.judge(known, 0.0) == [Gone(0, f"its Slurm job 7_0 {why}", began=True)]


def test_the_benchmark_runs(cluster: PrivateSlurm, tmp_path: Path) -> None:
    """With a Slurm that answers, it compares a sweep with a bare array; the sweep is one array."""
    script = Path(__file__).resolve().parents[1] / "benchmarks" / "slurm.py"
    environment = {**os.environ, "SLURM_CONF": str(cluster.configuration), "TMPDIR": str(tmp_path)}
    command = [sys.executable, str(script), "--quick"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert "| 3 points of 0.1 s: times a bare array | " in done.stdout, done.stderr
    assert "| arrays for a sweep | 1 | <= 1 | yes |" in done.stdout


def _called(experiment: Any, **params: Any) -> Any:
    found = experiment(**params)
    return asyncio.run(_awaited(found)) if inspect.isawaitable(found) else found


async def _awaited(found: Awaitable[Any]) -> Any:
    return await found


def _read(completed: Iterator[Any]) -> None:
    with suppress(ExecutorError):  # as it was closed
        next(completed, None)


SENDER = """
import json, sys
import engine_subjects
from expcache import executor, grid, use
count, free, folder, store, options, detach = json.loads(sys.argv[1])
use(store)
sweep = engine_subjects.gated.sweep(grid(x=range(count), folder=folder, free=free))
with executor("slurm", **options) as one:
    runs = sweep.run(executor=one, detach=detach)
print([run.status for run in runs])
"""


@pytest.mark.usefixtures("isolated")
class TestDetached:
    """Runs that Slurm computes while nobody waits for them."""

    def sender(
        self,
        count: int,
        free: int,
        folder: Path,
        options: dict[str, Any],
        *,
        detach: bool,
    ) -> subprocess.Popen[str]:
        """Start a process that computes a sweep, in the store of the test."""
        told = [count, free, str(folder), current_store().path, options, detach]
        tests = str(Path(__file__).parent)
        path = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), tests])
        return subprocess.Popen(
            [sys.executable, "-c", SENDER, json.dumps(told)],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )

    def test_what_a_killed_sender_sent_is_neither_lost_nor_sent_twice(
        self, options: dict[str, Any], cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """A later process absorbs what is computed, waits for what runs, and sends what is lost."""
        sweep = subjects.gated.sweep(grid(x=range(100), folder=str(tmp_path), free=20))
        sender = self.sender(100, 20, tmp_path, options, detach=False)
        with sender:
            assert until(lambda: sweep.status()["done"] == 20)
            sender.kill()
        assert until(lambda: {20, 21} <= set(calls(tmp_path)))
        name = elements(cluster, "RUNNING")[0]
        cluster.call("scancel", name)
        cluster.call("scontrol", "update", "NodeName=localhost", "State=DRAIN", "Reason=test")
        assert until(lambda: name not in elements(cluster, "RUNNING", "COMPLETING"))
        (tmp_path / "go").touch()
        cluster.call("scontrol", "update", "NodeName=localhost", "State=RESUME")
        assert sweep.status()["done"] == 20
        with made(**options) as one:
            runs = sweep.run(executor=one)
        assert runs.results == list(range(100))
        counts = Counter(calls(tmp_path))
        assert sorted(counts) == list(range(100))
        again = [x for x, count in counts.items() if count > 1]  # what the cancelled job had
        assert len(again) <= 1
        assert sum(counts.values()) == 100 + len(again)

    def test_what_was_sent_away_is_known_until_it_comes(
        self, options: dict[str, Any], cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """A process may send runs and leave; a process without Slurm's executor takes them in."""
        with self.sender(6, 0, tmp_path, options, detach=True) as sender:
            said, _ = sender.communicate(timeout=300)
        assert {word.strip("[],'") for word in said.split()} <= {"queued", "running", "missing"}
        sweep = subjects.gated.sweep(grid(x=range(6), folder=str(tmp_path), free=0))
        assert until(lambda: sweep.status()["running"] == 2)
        assert sweep.status()["queued"] == 4
        found = Counter((one.status, one.host, one.engine) for one in sweep.whereabouts().values())
        assert found == {("running", platform.node(), "Slurm"): 2, ("queued", "", "Slurm"): 4}
        running = {one.name for one in sweep.whereabouts().values() if one.host}
        assert running == set(elements(cluster, "RUNNING"))
        names = {one.name.partition("_")[0] for one in sweep.whereabouts().values()}
        assert len(names) == 1
        assert min(one.since for one in sweep.whereabouts().values()) > 1e9
        (tmp_path / "go").touch()
        assert sweep.run().results == list(range(6))
        assert calls(tmp_path) == list(range(6))
        assert sweep.status()["done"] == 6
        place = Path(current_store().sent_directory("engine_subjects.gated") or "")
        assert list(place.glob("*.note")) == []

    def test_what_runs_elsewhere_is_waited_for(
        self, options: dict[str, Any], cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """One run that comes ends no other one that Slurm has; nothing is submitted."""
        with self.sender(8, 2, tmp_path, options, detach=True) as sender:
            sender.communicate(timeout=300)
        assert until(lambda: len(calls(tmp_path)) == 4)
        before = elements(cluster, "RUNNING")
        sweep = subjects.gated.sweep(grid(x=range(8), folder=str(tmp_path), free=2))
        with made(**options) as one:
            begun = Begun(lambda: sweep.run(executor=one))
            assert until(lambda: sweep.status()["done"] == 2)
            assert elements(cluster, "RUNNING") == before
            (tmp_path / "go").touch()
            assert begun.runs.results == list(range(8))
        assert calls(tmp_path) == list(range(8))

    def test_what_was_sent_and_cancelled_is_sent_again(
        self, options: dict[str, Any], cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """Nobody waits for what Slurm does not have any more."""
        with self.sender(4, 0, tmp_path, options, detach=True) as sender:
            sender.communicate(timeout=300)
        cluster.call("scancel", "--me", "--quiet")
        assert until(lambda: not elements(cluster, "RUNNING", "PENDING", "COMPLETING"))
        sweep = subjects.gated.sweep(grid(x=range(4), folder=str(tmp_path), free=0))
        (tmp_path / "go").touch()
        assert sweep.run().results == list(range(4))

    @pytest.mark.parametrize(
        ("experiment", "more"), [(subjects.gated, {"free": 0}), (subjects.patient, {})]
    )
    def test_a_single_call_takes_in_what_was_sent(
        self, options: dict[str, Any], tmp_path: Path, experiment: Any, more: dict[str, Any]
    ) -> None:
        """Whoever calls a run that Slurm has waits for it, and computes nothing."""
        params = {"folder": str(tmp_path), **more}
        sweep = experiment.sweep(grid(x=range(4), **params))
        with made(**options) as one:
            sweep.run(executor=one, detach=True)
        calling = Begun(lambda: _called(experiment, x=1, **params))
        assert until(lambda: current_store().claims(experiment.name))
        (tmp_path / "go").touch()
        assert calling.runs == 1
        assert sweep.status()["done"] == 1
        run = experiment.run(x=2, **params)
        assert (run.result, run.cached) == (2, False)
        assert sweep.run().results == [0, 1, 2, 3]
        assert calls(tmp_path) == [0, 1, 2, 3]

    def test_a_single_call_computes_what_slurm_has_lost(
        self, options: dict[str, Any], cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """What was sent and cancelled is computed by whoever calls it, with its own error."""
        sweep = subjects.misbehave.sweep(grid(x=[1, 2], how="raise"))
        more = {**options["slurm_additional_parameters"], "hold": True}
        with made(**options | {"slurm_additional_parameters": more}) as one:
            sweep.run(executor=one, detach=True)
        assert sweep.status()["queued"] == 2
        cluster.call("scancel", "--me", "--quiet")
        assert until(lambda: not elements(cluster, "RUNNING", "PENDING", "COMPLETING"))
        assert subjects.misbehave(2, "raise") == 2
        with pytest.raises(ValueError, match="as told"):
            subjects.misbehave(1, "raise")

    def test_a_store_in_memory_cannot_be_left(self, options: dict[str, Any]) -> None:
        """Nothing is sent whose results nobody could take in."""
        with use(":memory:"), made(**options) as one:
            sweep = subjects.scaled.sweep(grid(x=range(2)))
            with pytest.raises(ExecutorError) as caught:
                sweep.run(executor=one, detach=True)
        assert str(caught.value) == (
            "cannot detach: the store ':memory:' ends with this process. Use one on disk."
        )

    def test_a_store_that_others_can_write_cannot_be_left(
        self, options: dict[str, Any], tmp_path: Path
    ) -> None:
        """Nothing is sent whose results somebody else could put in their place."""
        place = tmp_path / "open"
        place.mkdir()
        place.chmod(0o770)
        with pytest.warns(StoreWarning, match="can be written by other users"):
            store = use(place)
        with store, made(**options) as one:
            sweep = subjects.scaled.sweep(grid(x=range(2)))
            with pytest.raises(ExecutorError) as caught:
                sweep.run(executor=one, detach=True)
        assert str(caught.value) == (
            f"cannot detach: the store {str(place)!r} can be written by other users. "
            "Close it to them, as with chmod go-w."
        )

    def test_what_ends_with_its_sender_cannot_be_left(self) -> None:
        """Workers of this process do not outlive it."""
        with pytest.raises(ExecutorError, match="cannot detach: what computes ends with this"):
            subjects.scaled.sweep(grid(x=range(2))).run(jobs=2, detach=True)

    def test_a_session_may_send_its_points_and_end(
        self, cluster: PrivateSlurm, tmp_path: Path
    ) -> None:
        """With --sweep-detach, pytest submits and ends; --sweep-resume takes in what came."""
        (tmp_path / "pyproject.toml").touch()
        (tmp_path / "test_study.py").write_text(STUDY)
        words = ["test_study.py", "-p", "no:cacheprovider", "--sweep-executor", "slurm"]
        before = arrays(cluster)
        sent = pytest_says(tmp_path, *words, "--sweep-detach")
        assert "sent 4 points; --sweep-resume takes in what is computed" in sent
        assert "4 passed" in pytest_says(tmp_path, *words, "--sweep-resume")
        assert len(arrays(cluster) - before) == 1

    @pytest.mark.parametrize("later", [(), ("--executor", "slurm")], ids=["here", "slurm"])
    def test_a_command_may_send_its_points_and_end(
        self, cluster: PrivateSlurm, tmp_path: Path, later: tuple[str, ...]
    ) -> None:
        """With --detach, the command submits and ends, once; without it, it takes in what came."""
        (tmp_path / "pyproject.toml").write_text("[tool.expcache.executors.slurm]\ngrace = 0.5\n")
        (tmp_path / "study.py").write_text(GATED_STUDY)
        before = arrays(cluster)
        words = ["expcache", "sweep", "study.py"]
        for _ in range(2):
            sent = says(tmp_path, *words, "--executor", "slurm", "--detach")
            assert "4 points, 0 done (0 of them now), 0 failed, 4 sent" in sent
        planned = says(tmp_path, *words, "--dry-run")
        assert "4 points, 0 would run, 4 would not (" in planned
        assert len(re.findall(r"(?:running|queued) +wait", planned)) == 4
        (tmp_path / "go").touch()
        taken = says(tmp_path, *words, *later)
        assert "4 points, 4 done (4 of them now), 0 failed" in taken
        assert calls(tmp_path) == [0, 1, 2, 3]
        assert len(arrays(cluster) - before) == 1
        again = says(tmp_path, *words)
        assert "4 points, 4 done (0 of them now), 0 failed" in again

    def test_only_what_outlives_a_session_is_left(self, tmp_path: Path) -> None:
        """Without an engine there is nobody to leave points to."""
        (tmp_path / "test_study.py").write_text(STUDY)
        said = pytest_says(tmp_path, "test_study.py", "--sweep-detach")
        assert "cannot use --sweep-detach: what computes ends with this process." in said


STUDY = """
from expcache import experiment, grid

@experiment
def square(x: int) -> int:
    return x * x

test_square = square.sweep(grid(x=range(4)))
"""


GATED_STUDY = """
import time
from pathlib import Path
from expcache import experiment, grid

@experiment
def square(x: int, folder: str) -> int:
    place = Path(folder)
    with (place / "calls").open("a") as file:
        file.write(f"{x}\\n")
    while not (place / "go").exists():
        time.sleep(0.005)
    return x * x

sweep_square = square.sweep(grid(x=range(4), folder=[str(Path(__file__).parent)]))
"""


def pytest_says(place: Path, *words: str) -> str:
    """Return what a session in a directory prints."""
    return says(place, "pytest", *plugin_arguments(), *words)


def says(place: Path, *words: str) -> str:
    """Return what a module of Python prints in a directory."""
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
