"""Sweeps computed by worker processes: complete, isolated, limited in time and memory."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import subjects
from expcache import (
    LocalExecutor,
    Run,
    Store,
    as_completed,
    errors,
    experiment,
    grid,
    points,
    use,
)
from expcache._completion._pace import Pace

pytestmark = pytest.mark.usefixtures("isolated")


def calls(folder: Path) -> list[int]:
    """Return what was computed, sorted."""
    file = folder / "calls"
    return sorted(map(int, file.read_text().split())) if file.exists() else []


def test_workers_compute_what_the_process_would(pool: LocalExecutor) -> None:
    """The results of worker processes are those of this one, in the order of the points."""
    sweep = subjects.square.sweep(grid(x=range(20)))
    runs = sweep.run(executor=pool)
    assert runs.results == [x * x for x in range(20)]
    assert [run.cached for run in runs] == [False] * 20
    assert sweep.status()["done"] == 20


def test_other_processes_compute() -> None:
    """With two jobs, two processes compute, and neither is this one."""
    pids = {pid for pid, _ in subjects.where.sweep(grid(x=range(12))).run(jobs=2).results}
    assert os.getpid() not in pids
    assert len(pids) == 2


def test_short_runs_travel_together() -> None:
    """Small programs too: fewer the longer they take, and never more than is fair at the end."""
    pace = Pace()
    assert pace.batch("unknown", 1000, 2) == 1
    sizes = []
    for seconds in (0.0001, 0.004, 0.02, 1.0):
        pace.note(f"{seconds}", seconds)
        sizes.append(pace.batch(f"{seconds}", 4000, 2))
    assert sizes == [256, 50, 10, 1]
    assert [pace.batch("0.004", waiting, 2) for waiting in (40, 8, 4, 1)] == [10, 2, 1, 1]


def test_nothing_is_computed_twice(pool: LocalExecutor, tmp_path: Path) -> None:
    """What is stored is not sent to a worker; equal points are computed once."""
    space = points([{"x": x, "folder": str(tmp_path)} for x in (1, 2, 1, 3, 2)])
    sweep = subjects.traced.sweep(space)
    assert sweep.run(executor=pool).results == [1, 2, 1, 3, 2]
    assert [run.cached for run in sweep.run(executor=pool)] == [True] * 5
    assert calls(tmp_path) == [1, 2, 3]


def test_a_stored_sweep_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing to compute, asking for jobs costs no executor."""
    sweep = subjects.square.sweep(grid(x=range(3)))
    sweep.run()
    monkeypatch.setattr("expcache._executor.LocalExecutor.submit", None)
    assert sweep.run(jobs=2).results == [0, 1, 4]


@pytest.mark.parametrize(
    ("how", "error", "reason"),
    [
        ("kill", "CrashError", "its process was killed (SIGKILL)"),
        ("exit 0", "CrashError", "its process exited with status 0"),
        ("exit 3", "CrashError", "its process exited with status 3"),
        ("sys.exit", "CrashError", "exit status 3"),
        ("segfault", "CrashError", "its process was ended by SIGSEGV"),
        ("exception", "TwoArguments", "first"),
        ("result", "ResultError", "cannot"),
    ],
)
def test_only_the_guilty_run_fails(pool: LocalExecutor, how: str, error: str, reason: str) -> None:
    """A run that ends its process, or cannot come back, fails alone and says why."""
    sweep = subjects.misbehave.sweep(grid(x=range(8), how=how))
    runs = sweep.run(executor=pool)
    assert [run.status for run in runs] == ["done"] * 2 + ["failed"] + ["done"] * 5
    assert runs[2].error is not None
    assert runs[2].error.type.rpartition(".")[2] == error
    assert reason in runs[2].error.message
    assert sweep.status() == {
        **dict.fromkeys(sweep.status(), 0),
        "points": 8,
        "done": 7,
        "failed": 1,
    }


@pytest.mark.parametrize("how", ["fork", "threads", "output"])
def test_what_is_unusual_is_no_failure(pool: LocalExecutor, how: str) -> None:
    """A run may fork, start threads, and print as much as it likes."""
    runs = subjects.misbehave.sweep(grid(x=range(4), how=how)).run(executor=pool)
    assert [run.result for run in runs] == [0, 1, 2, 3]


@pytest.mark.parametrize("how", ["hang", "c call"])
def test_a_run_that_takes_too_long_is_ended(pool: LocalExecutor, how: str) -> None:
    """Beyond the time limit a run fails and its record says so, whatever it was doing."""
    runs = subjects.misbehave.sweep(grid(x=range(6), how=how)).run(executor=pool, timeout=0.5)
    assert [run.status for run in runs].count("done") == 5
    assert runs[2].error is not None
    assert runs[2].error.type.endswith("TimeLimitError")
    assert "it took longer than its time limit of 0.5 s" in runs[2].error.message
    assert isinstance(runs[2].error.exception, errors.TimeLimitError)


def test_an_experiment_has_its_own_limit() -> None:
    """A limit in the decorator holds for sweeps, runs and calls, without asking for jobs."""
    runs = subjects.limited.sweep(grid(x=range(4))).run()
    assert [run.status for run in runs] == ["done", "done", "failed", "done"]
    assert subjects.limited(5) == 5
    with pytest.raises(errors.TimeLimitError, match="time limit of"):
        subjects.limited(2)


@pytest.mark.parametrize("limit", [0, -1, "5", True])
def test_a_limit_is_a_positive_number(limit: Any) -> None:
    """Anything else is refused before something runs."""
    with pytest.raises(ValueError, match="it is no positive number of seconds"):
        subjects.square.sweep(grid(x=[1])).run(timeout=limit)
    with pytest.raises(ValueError, match="it is no positive number of seconds"):
        experiment(timeout=limit)(lambda x: x)


def test_memory_is_limited_for_each_run() -> None:
    """A run that wants more than it may have fails alone, and its record names the limit."""
    sweep = subjects.allocate.sweep(points([{"x": 1, "megabytes": m} for m in (1, 900, 2)]))
    with LocalExecutor(1, memory="300M") as executor:
        runs = sweep.run(executor=executor)
    assert [run.status for run in runs] == ["done", "failed", "done"]
    assert runs[1].error is not None
    assert runs[1].error.type == "MemoryError"
    assert "300" in runs[1].error.message


def test_what_a_run_says_is_kept_and_shown(
    pool: LocalExecutor,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Output of any level, warnings and log records are in the record, and are shown here."""
    with pytest.warns(UserWarning, match="warned 7"), caplog.at_level(logging.WARNING):
        (run,) = subjects.chatter.sweep(grid(x=[7])).run(executor=pool)
    for text in ("printed 7", "complained 7", "written 7", "child 7"):
        assert text in run.output
    assert [(one["category"], one["message"]) for one in run.warnings] == [
        ("UserWarning", "warned 7")
    ]
    assert [(one["name"], one["message"]) for one in run.logs] == [("subjects", "logged 7")]
    assert "logged 7" in caplog.messages
    shown = capfd.readouterr()
    assert "printed 7" in shown.out + shown.err
    assert "logged 7" not in run.output


def test_the_output_of_a_crash_is_kept(pool: LocalExecutor) -> None:
    """Where a run crashed is told by its output."""
    runs = subjects.misbehave.sweep(grid(x=[2], how="segfault")).run(executor=pool)
    assert "Segmentation fault" in runs[0].output
    assert "string_at" in runs[0].output


def test_experiments_call_experiments_in_workers(pool: LocalExecutor) -> None:
    """A run may call other runs, its own experiment's too, that the sweep has yet to begin."""
    mixed = [*subjects.outer.sweep(grid(x=range(9))), *subjects.square.sweep(grid(x=range(9)))]
    results = {
        (run.experiment, run.params["x"]): run.result for run in as_completed(mixed, executor=pool)
    }
    assert results == {
        **{("subjects.outer", x): x * x + 1 for x in range(9)},
        **{("subjects.square", x): x * x for x in range(9)},
    }
    assert subjects.fib.sweep(grid(n=range(15, -1, -1))).run(executor=pool)[0].result == 610


def test_coroutine_functions_run_in_workers(pool: LocalExecutor) -> None:
    """An async experiment gets an event loop there."""
    assert subjects.awaited.sweep(grid(x=[1, 2])).run(executor=pool).results == [2, 3]


def test_runs_are_given_as_they_complete(pool: LocalExecutor, tmp_path: Path) -> None:
    """A short run is given while a long one goes on; what is stored is given first."""
    subjects.square(2)
    runs = [*subjects.held.sweep(grid(x=[1], folder=str(tmp_path)))]
    runs += subjects.square.sweep(grid(x=[2, 3]))
    completed = as_completed(runs, executor=pool)
    assert [next(completed).experiment for _ in range(2)] == ["subjects.square"] * 2
    (tmp_path / "go").touch()
    assert next(completed) is runs[0]
    assert list(completed) == []


def test_a_failure_stops_a_sweep_if_asked() -> None:
    """With errors="raise", the first failure is raised here, as the function raised it."""
    sweep = subjects.misbehave.sweep(grid(x=range(50), how="exception"))
    with pytest.raises(Exception, match="first"):
        sweep.run(jobs=2, errors="raise")
    assert sweep.status()["running"] == 0


def test_what_failed_before_can_be_left() -> None:
    """With failed="keep", no worker tries again what failed."""
    sweep = subjects.misbehave.sweep(grid(x=[2], how="exit 3"))
    first, second = sweep.run(jobs=2), sweep.run(jobs=2, failed="keep")
    assert [run.cached for run in (*first, *second)] == [False, True]
    assert len(second[0].attempts) == 1


def test_runs_are_read_as_they_are_needed(pool: LocalExecutor) -> None:
    """A stream of a million points is never in memory: only a window of it is."""
    made: list[int] = []

    def stream() -> Iterator[Run[int]]:
        for x in range(1_000_000):
            made.append(x)
            yield subjects.square.sweep(points([{"x": x}]))[0]

    completed = as_completed(stream(), executor=pool)
    for _ in range(1500):
        next(completed)
    completed.close()
    gc.collect()
    assert len(made) < 1500 + 3000
    assert sum(isinstance(one, Run) for one in gc.get_objects()) < 3000


def test_closing_ends_what_runs(tmp_path: Path) -> None:
    """An abandoned sweep leaves nothing running and nothing claimed."""
    sweep = subjects.held.sweep(grid(x=range(4), folder=str(tmp_path)))
    completed = sweep.as_completed(jobs=2)
    runs = iter(completed)
    quick = subjects.square.sweep(grid(x=[1]))
    del runs
    completed.close()
    assert sweep.status()["running"] == 0
    assert quick.run(jobs=1).results == [1]
    assert list(completed) == []


def test_draining_begins_nothing_new(tmp_path: Path) -> None:
    """After drain(), what is running is given, and the rest stays missing."""
    sweep = subjects.held.sweep(grid(x=range(40), folder=str(tmp_path)))
    short = subjects.square.sweep(grid(x=[1]))
    completed = as_completed([*short, *sweep], jobs=2)
    assert next(completed).result == 1
    completed.drain()
    (tmp_path / "go").touch()
    rest = list(completed)
    assert all(run.done for run in rest)
    assert len(rest) < 40
    assert sweep.status()["missing"] == 40 - len(rest)


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_pool_of_the_standard_library_serves(kind: Any) -> None:
    """A `concurrent.futures` pool computes a sweep, and stays open."""
    with kind(2) as executor:
        sweep = subjects.square.sweep(grid(x=range(30)))
        assert sweep.run(executor=executor).results == [x * x for x in range(30)]
        assert executor.submit(int, 3).result() == 3


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_pool_that_breaks_fails_the_guilty_alone() -> None:
    """When a run breaks a foreign pool, the runs that can be computed no more say so."""
    with ProcessPoolExecutor(1) as executor:
        runs = subjects.misbehave.sweep(grid(x=[2], how="exit 3")).run(executor=executor)
    assert runs[0].status == "failed"
    assert runs[0].error is not None
    assert "cannot compute run" in runs[0].error.message


@pytest.mark.parametrize("jobs", [0, -1, 1.5, "many", True])
def test_jobs_are_counted(jobs: Any) -> None:
    """A number of jobs that is none is refused."""
    with pytest.raises((ValueError, TypeError), match="jobs"):
        subjects.square.sweep(grid(x=[1])).run(jobs=jobs)


def test_an_executor_is_one() -> None:
    """Anything else is refused by name."""
    with pytest.raises(errors.ExecutorError, match="it is no executor"):
        subjects.square.sweep(grid(x=[1])).run(executor=3)


def test_memory_stores_take_what_workers_compute(pool: LocalExecutor) -> None:
    """Results that stay in this process can come from others."""
    with use(":memory:"):
        sweep = subjects.square.sweep(grid(x=range(5)))
        assert sweep.run(executor=pool).results == [0, 1, 4, 9, 16]
        assert sweep.status()["done"] == 5


def test_a_sweep_in_memory_may_be_left(tmp_path: Path) -> None:
    """Whoever stops early gives up the claims of what was sent, each once."""
    with use(":memory:"):
        sweep = subjects.held.sweep(grid(x=range(4), folder=str(tmp_path)))
        completed = as_completed([*subjects.square.sweep(grid(x=[1])), *sweep], jobs=2)
        assert next(completed).result == 1
        completed.close()
        assert sweep.status()["running"] == 0


def test_large_results_travel_by_file(pool: LocalExecutor, isolated: Store) -> None:
    """A large array is written once, by its worker, and can be mapped here."""
    np = pytest.importorskip("numpy")

    @experiment(name="array", version=1)
    def array(n: int) -> Any:
        return np.arange(n, dtype=float)

    (run,) = array.sweep(grid(n=[1_000_000])).run(executor=pool)
    assert run.read(mmap=True)[-1] == 999_999
    assert isolated.verify().sound


@pytest.mark.parametrize("jobs", [1, 2])
def test_runs_belong_to_the_store_of_their_handles(jobs: int, tmp_path: Path) -> None:
    """A store that is chosen while a sweep goes on is for what is made from then on."""
    sweep = subjects.square.sweep(grid(x=range(4)))
    runs = list(sweep)
    completed = as_completed(runs, jobs=jobs)
    next(completed)
    with use(tmp_path / "other") as other:
        assert len([*completed]) == 3
        assert other.keys("subjects.square") == []
    assert [run.result for run in runs] == [0, 1, 4, 9]


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_was_read_before_a_bad_point_is_computed(jobs: int) -> None:
    """When the stream of runs raises, the runs before it are given first."""

    def stream() -> Iterator[Run[int]]:
        yield from subjects.square.sweep(grid(x=[1, 2]))
        raise KeyError("the end")

    given: list[int] = []
    with pytest.raises(KeyError, match="the end"):
        given.extend(run.result for run in as_completed(stream(), jobs=jobs))
    assert sorted(given) == [1, 4]
