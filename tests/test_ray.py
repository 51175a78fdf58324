"""Ray as an engine: a cluster of this machine, whose workers have nothing of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import engine_subjects
import expcache
from engine_rules import EngineRules
from expcache import experiment, grid
from expcache._executor import executor_for
from expcache.errors import ExecutorError
from local_ray import connected

ray = pytest.importorskip("ray")

PROGRAM = """
import sys

import ray

from expcache import experiment, grid


@experiment
def square(x):
    return x * x


if __name__ == "__main__":
    sweep = square.sweep(grid(x=range(3)))
    print(sweep.run(executor=sys.argv[1]).results, ray.is_initialized())
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The word, in a process that is connected to a cluster which was begun elsewhere."""
    with connected(tmp_path_factory.mktemp("elsewhere")):
        yield "ray"


def program(place: Path, spec: str) -> str:
    """Run the program with an executor, and return what it has printed at last."""
    (place / "program.py").write_text(PROGRAM)
    variables = {**os.environ, "EXPCACHE_STORE": ":memory:", "RAY_USAGE_STATS_ENABLED": "0"}
    variables.pop("PYTHONDEVMODE", None)
    command = [sys.executable, "program.py", spec]
    told = subprocess.run(
        command, cwd=place, env=variables, check=False, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()[-1]


def task_process() -> int:
    """Return the process of Ray's task, from a worker beside it."""
    number = os.getppid()
    while not Path(f"/proc/{number}/cmdline").read_bytes().startswith(b"ray::"):
        number = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    return number


@experiment(retries=1)
def crush(x: int, folder: str) -> int:
    """End the process that Ray has given, the first time."""
    tried = Path(folder) / f"tried-{x}"
    if x == 1 and not tried.exists():
        tried.touch()
        os.kill(task_process(), signal.SIGKILL)
        signal.pause()
    return x


@experiment(resources={"num_cpus": 2, "resources": {"magnet": 1}})
def threads(x: int) -> str:
    """Return how many threads Ray lets a library have: as many as processors."""
    return os.environ["OMP_NUM_THREADS"]


@experiment(resources={"num_wings": 2})
def wrong(x: int) -> int:
    """Ask for what Ray does not know."""
    return x


class TestRay(EngineRules):
    """Workers of a Ray cluster keep the rules."""

    def test_a_worker_is_kept(self, engine: Any) -> None:
        """What Ray sets for each task starts no new worker beside its process."""
        runs = engine_subjects.placed.sweep(grid(x=range(30))).run(executor=engine)
        processes = [run.result[0] for run in runs]
        assert len(set(processes)) <= 6

    @pytest.mark.skipif(sys.platform != "linux", reason="finds a process in /proc")
    def test_a_lost_process_loses_one_run(self, engine: Any, tmp_path: Path) -> None:
        """What Ray loses is tried as the experiment says, once for each loss."""
        runs = crush.sweep(grid(x=range(4), folder=str(tmp_path))).run(executor=engine)
        assert runs.results == [0, 1, 2, 3]
        assert [len(run.attempts) for run in runs] == [1, 2, 1, 1]
        (tmp_path / "tried-1").unlink()
        again = crush.sweep(grid(x=[1], folder=str(tmp_path)))
        failed = again.run(executor=engine, retries=0, refresh=True)[0]
        assert "WorkerCrashedError: The worker died unexpectedly" in str(failed.error)
        assert str(failed.error).endswith(". Run it again.")

    def test_resources_are_options_of_a_task(self, engine: Any) -> None:
        """What an experiment asks for is asked of Ray, in its own words."""
        assert threads.sweep(grid(x=range(2))).run(executor=engine).results == ["2", "2"]

    def test_unknown_resources_are_refused(self, engine: Any) -> None:
        """What Ray refuses is told in its own words."""
        with pytest.raises(ExecutorError, match=r"cannot submit to Ray: ValueError: .*num_wings"):
            wrong.sweep(grid(x=range(2))).run(executor=engine)

    def test_the_cluster_says_how_many(self, engine: Any) -> None:
        """As many runs are computed at a time as the cluster has room for, by what each asks."""
        for processors, jobs in [(1, 2), (2, 1), (0.5, 4)]:
            executor = expcache.executor("ray", num_cpus=processors)
            engine_subjects.scaled.sweep(grid(x=[1])).run(executor=executor, refresh=True)
            assert executor.jobs == jobs
            executor.close()

    def test_a_connection_is_taken(self, engine: Any) -> None:
        """What `ray.init` returns computes, and stays connected."""
        connection = ray.init(address="local", ignore_reinit_error=True, logging_level="error")
        runs = engine_subjects.scaled.sweep(grid(x=range(3))).run(executor=connection)
        assert all(run.done for run in runs)
        assert ray.is_initialized()

    def test_something_else_of_ray_is_refused(self, engine: Any) -> None:
        """An object of Ray that is no connection is refused."""
        with pytest.raises(ExecutorError) as caught:
            executor_for(1, ray.put(3))
        assert str(caught.value).endswith(
            'it is no connection to Ray. Give what ray.init() returned, or the word "ray".'
        )

    def test_an_address_is_connected_to(self, engine: Any, tmp_path: Path) -> None:
        """A program computes with the cluster at an address, and disconnects."""
        address = ray.get_runtime_context().gcs_address
        assert program(tmp_path, f"ray:{address}") == "[0, 1, 4] False"


def test_a_cluster_ends_with_its_call(tmp_path: Path) -> None:
    """Without a cluster, one of this machine is begun for the call, and ended with it."""
    assert program(tmp_path, "ray:local") == "[0, 1, 4] False"
