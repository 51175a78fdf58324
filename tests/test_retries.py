"""Retries: how often a failing run is tried again, after which failures, and how soon."""

from __future__ import annotations

import asyncio
import pickle
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import subjects
from expcache import (
    LocalExecutor,
    Progress,
    Retries,
    Run,
    as_completed,
    errors,
    experiment,
    grid,
    load,
    use,
)
from expcache._completion import _driver, _due
from expcache._perform import _attempts
from marked import Marked, until

pytestmark = pytest.mark.usefixtures("isolated")


@pytest.fixture(params=["here", "workers"])
def place(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the options that compute in this process, or in workers."""
    here = request.param == "here"
    return {} if here else {"executor": request.getfixturevalue("pool")}


class Clock:
    """Stands for the module ``time``: sleeping takes none."""

    def __init__(self) -> None:
        """Begin at a time of its own."""
        self.now = 100.0
        self.slept: list[float] = []
        self.asleep: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.slept.append(seconds)
        self.asleep()
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all pauses."""
    made = Clock()
    for module in (_attempts, _driver, _due):
        monkeypatch.setattr(module, "time", made)
    return made


def calls(folder: Path) -> list[int]:
    """Return what was attempted, in order."""
    file = folder / "calls"
    return list(map(int, file.read_text().split())) if file.exists() else []


def outcomes(run: Run[Any]) -> list[str]:
    """Return what came of each attempt."""
    return [(one["error"] or {}).get("message", "done") for one in run.attempts]


def flaky(folder: Path, n: int = 1, *, good: int = 3, how: str = "shaky") -> Any:
    """Return a sweep whose runs fail until an attempt."""
    return subjects.flaky.sweep(grid(x=range(n), good=good, folder=str(folder), how=how))


def test_a_run_is_tried_until_it_succeeds(place: dict[str, Any], tmp_path: Path) -> None:
    """It counts as done, and its record tells of every attempt, failures with their tracebacks."""
    sweep = flaky(tmp_path, 3)
    runs = sweep.run(retries=2, **place)
    assert [run.status for run in runs] == ["done"] * 3
    assert [run.retried for run in runs] == [2] * 3
    for run in runs:
        assert outcomes(run) == ["attempt 1", "attempt 2", "done"]
        assert [one["attempt"] for one in run.attempts] == [1, 2, 3]
        assert 'raise Rooted(f"attempt' in run.attempts[1]["error"]["traceback"]
    assert sorted(calls(tmp_path)) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert sweep.status()["done"] == 3
    assert sweep.status()["failed"] == 0
    assert [run.retried for run in sweep.run(**place)] == [0] * 3


def test_a_run_that_fails_every_time_has_failed(place: dict[str, Any], tmp_path: Path) -> None:
    """After the last attempt it is failed, with the last error and all attempts; none is lost."""
    sweep = flaky(tmp_path, good=9)
    (run,) = sweep.run(retries=2, **place)
    assert (run.status, run.retried) == ("failed", 2)
    assert str(run.error) == "subjects.Shaky: attempt 3"
    assert outcomes(run) == ["attempt 1", "attempt 2", "attempt 3"]
    (again,) = sweep.run(retries=1, **place)
    assert outcomes(again) == [f"attempt {number}" for number in range(1, 6)]
    assert again.retried == 1


@pytest.mark.parametrize("kind", [subjects.Shaky, OSError, (KeyError, OSError)])
def test_a_class_takes_its_subclasses(
    place: dict[str, Any], tmp_path: Path, kind: type[Exception]
) -> None:
    """With ``on=``, what is of one of the classes is tried again."""
    (run,) = flaky(tmp_path).run(retries=Retries(2, on=kind), **place)
    assert run.status == "done"


def test_other_exceptions_are_final(place: dict[str, Any], tmp_path: Path) -> None:
    """With ``on=``, what is of none of the classes fails at once."""
    (run,) = flaky(tmp_path).run(retries=Retries(2, on=(KeyError, subjects.Rooted)), **place)
    assert (run.status, run.retried) == ("failed", 0)
    assert calls(tmp_path) == [0]


def test_an_exception_that_cannot_travel_is_known_by_its_name(
    pool: LocalExecutor, tmp_path: Path
) -> None:
    """What is left of it in this process is the name of its class."""
    (run,) = flaky(tmp_path, good=2, how="rooted").run(
        executor=pool, retries=Retries(1, on=subjects.Rooted)
    )
    assert run.status == "done"
    (other,) = flaky(tmp_path, good=9, how="rooted").run(
        executor=pool, retries=Retries(1, on=OSError)
    )
    assert other.error is not None
    assert other.error.exception is None
    assert (other.status, other.retried) == ("failed", 0)


@pytest.mark.parametrize(
    ("how", "kind"), [("exit", errors.CrashError), ("hang", errors.TimeLimitError)]
)
def test_what_ends_a_worker_is_tried_again(tmp_path: Path, how: str, kind: type[Exception]) -> None:
    """A crash and a time limit are failures like any other, with classes of their own."""
    limit = 0.3 if how == "hang" else None
    (run,) = flaky(tmp_path, how=how).run(jobs=2, retries=Retries(2, on=kind), timeout=limit)
    assert run.status == "done"
    assert [(one["error"] or {}).get("type") for one in run.attempts[:2]] == [
        f"expcache.errors.{kind.__name__}"
    ] * 2


def test_what_cannot_be_sent_is_not_tried_again(pool: LocalExecutor) -> None:
    """A run that no worker can be given fails at once, however many retries there are."""

    @experiment(ignore=["lock"])
    def locked(lock: Any) -> None:
        del lock

    (run,) = locked.sweep([{"lock": threading.Lock()}]).run(executor=pool, retries=5)
    assert run.status == "failed"
    assert len(run.attempts) == 1


def failing(good: int, **options: Any) -> Any:
    """Return an experiment that fails until an attempt, whatever its argument."""
    made: list[int] = []

    @experiment(**options)
    def unsteady(x: int) -> int:
        made.append(x)
        if len(made) < good:
            raise KeyError(len(made))
        return len(made)

    return unsteady


def test_an_experiment_says_how_often() -> None:
    """The retries of the decorator hold for calls, runs and sweeps."""
    assert failing(3, retries=2)(1) == 3
    assert failing(3, retries=2).run(2).retried == 2
    assert failing(3, retries=2).sweep(grid(x=[3])).run().results == [3]
    with pytest.raises(KeyError, match="2"):
        failing(3, retries=1)(4)


def test_a_call_of_retries_comes_first() -> None:
    """What is said of one run or sweep holds in place of what the decorator says."""
    run = failing(3, retries=5).sweep(grid(x=[1]))[0].compute(retries=1)
    assert (run.status, len(run.attempts)) == ("failed", 2)
    (run,) = failing(3, retries=5).sweep(grid(x=[2])).run(retries=0)
    assert (run.status, len(run.attempts)) == ("failed", 1)


def test_a_run_with_a_time_limit_is_tried_again(tmp_path: Path) -> None:
    """So is a single run whose limit needs a worker."""
    run = flaky(tmp_path)[0].compute(timeout=60, retries=2)
    assert outcomes(run) == ["attempt 1", "attempt 2", "done"]


@pytest.mark.parametrize("where", ["loop", "sweep"])
def test_coroutines_are_tried_again(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An async experiment pauses without holding its event loop up."""
    made, slept = [], []

    @experiment(retries=Retries(2, wait=7))
    async def unsteady(x: int) -> int:
        made.append(x)
        if len(made) < 3:
            raise KeyError(x)
        return x

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    if where == "loop":
        monkeypatch.setattr(asyncio, "sleep", sleep)
        assert asyncio.run(unsteady(5)) == 5
        assert slept == [7, 14]
    else:
        assert unsteady.sweep(grid(x=[5])).run(retries=2).results == [5]
    assert outcomes(unsteady.run(5)) == ["5", "5", "done"]


def test_pauses_grow(clock: Clock) -> None:
    """Each pause is longer by the factor than the one before, up to the longest."""
    unsteady = failing(6, retries=Retries(5, wait=10, factor=3, longest=100))
    assert unsteady(1) == 6
    assert clock.slept == [10, 30, 90, 100, 100]
    assert Retries(9000, wait=1).pause(8000) == 60
    assert Retries(2, wait=1).pause(3) is None


def test_other_runs_go_on_while_one_pauses(clock: Clock, tmp_path: Path) -> None:
    """In one process too, a pause is slept through only when nothing else is left to do."""
    sweep = subjects.flaky.sweep(
        [{"x": x, "good": 2 if x == 0 else 1, "folder": str(tmp_path)} for x in range(5)]
    )
    given = [run.params["x"] for run in as_completed(sweep, retries=Retries(1, wait=60))]
    assert calls(tmp_path) == [0, 1, 2, 3, 4, 0]
    assert given == [1, 2, 3, 4, 0]
    assert clock.slept == [60]


def test_workers_go_on_while_a_run_pauses(
    pool: LocalExecutor, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose time has not come keeps no worker from other runs."""
    monkeypatch.setattr(
        clock, "monotonic", lambda: 100.0 + 1000 * (len(set(calls(tmp_path))) == 600)
    )
    sweep = subjects.flaky.sweep(
        [{"x": x, "good": 1 + (x == 0), "folder": str(tmp_path)} for x in range(600)]
    )
    runs = sweep.run(executor=pool, retries=Retries(1, wait=0.01))
    assert runs.results == list(range(600))
    assert calls(tmp_path)[-1] == 0
    assert runs[0].retried == 1


def test_a_run_is_claimed_while_it_pauses(clock: Clock, tmp_path: Path) -> None:
    """Nobody else computes a run between two attempts; its failed ones are stored by then."""
    sweep = flaky(tmp_path)
    seen: list[tuple[str, bool]] = []
    clock.asleep = lambda: seen.append((sweep[0].status, sweep[0].claim is not None))
    sweep.run(retries=Retries(2, wait=1))
    assert seen == [("running", True)] * 2
    assert sweep[0].claim is None


@pytest.mark.parametrize("single", [False, True])
def test_a_pause_can_be_interrupted(clock: Clock, tmp_path: Path, *, single: bool) -> None:
    """What failed until then is stored, the claim is given up, and the next run goes on."""
    sweep = flaky(tmp_path)

    def interrupt() -> None:
        raise KeyboardInterrupt

    clock.asleep = interrupt
    call = sweep[0].compute if single else sweep.run
    with pytest.raises(KeyboardInterrupt):
        call(retries=Retries(2, wait=1))
    assert sweep[0].status == "failed"
    assert outcomes(sweep[0]) == ["attempt 1"]
    assert sweep[0].claim is None
    clock.asleep = lambda: None
    assert sweep.run(retries=Retries(2, wait=1))[0].result == 0
    assert outcomes(sweep[0]) == ["attempt 1", "attempt 2", "done"]


def test_nothing_is_tried_again_while_draining(clock: Clock, tmp_path: Path) -> None:
    """A run that pauses is given as it is: failed, and nobody's."""
    sweep = subjects.flaky.sweep(
        [{"x": x, "good": 9 if x == 0 else 1, "folder": str(tmp_path)} for x in range(3)]
    )
    completed = as_completed(sweep, retries=Retries(9, wait=60))
    assert next(completed).params["x"] == 1
    completed.drain()
    assert [(run.params["x"], run.status) for run in completed][-1] == (0, "failed")
    assert calls(tmp_path).count(0) == 1
    assert clock.slept == []
    assert sweep[0].claim is None


def test_the_last_failure_is_the_one_that_is_raised(place: dict[str, Any], tmp_path: Path) -> None:
    """With ``errors="raise"``, a sweep stops when a run has failed for good."""
    with pytest.raises(subjects.Shaky, match="attempt 3"):
        flaky(tmp_path, good=9).run(retries=2, errors="raise", **place)
    assert flaky(tmp_path / ".", good=3).run(retries=2, errors="raise", **place)


def test_equal_points_are_given_what_comes_of_the_last_attempt(tmp_path: Path) -> None:
    """A point that is there twice waits for the retries of the other."""
    point = {"x": 1, "good": 3, "folder": str(tmp_path)}
    assert subjects.flaky.sweep([point, point]).run(retries=2).results == [1, 1]
    assert calls(tmp_path) == [1, 1, 1]


def test_a_failed_refresh_costs_nothing(place: dict[str, Any], tmp_path: Path) -> None:
    """A run that is refreshed in vain, however often, has its old result afterwards."""
    sweep = flaky(tmp_path)
    sweep.run(retries=2, **place)
    (tmp_path / "attempts-0").unlink()
    (run,) = sweep.run(refresh=True, retries=1, **place)
    assert (run.status, run.retried) == ("failed", 1)
    assert len(calls(tmp_path)) == 5
    assert sweep[0].result == 0


def test_workers_tell_what_each_attempt_printed(
    pool: LocalExecutor, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What failed attempts print in workers is shown here too, once each."""
    flaky(tmp_path).run(executor=pool, retries=2)
    assert capfd.readouterr().out == "attempt 1\nattempt 2\nattempt 3\n"


def test_the_progress_counts_retries(place: dict[str, Any], tmp_path: Path) -> None:
    """A progress tells how many attempts were made again, and what came of it as ever."""
    told: list[tuple[int, int, int]] = []

    def note(progress: Progress) -> None:
        told.append((progress.retried, progress.done, progress.failed))

    flaky(tmp_path, 2).run(retries=2, progress=note, **place)
    assert told[-1] == (4, 2, 0)
    assert max(failed for _, _, failed in told) == 0


def test_a_stored_failure_may_be_raised(place: dict[str, Any], tmp_path: Path) -> None:
    """With ``failed="raise"``, a run that failed before is an error, and nothing is computed."""
    subjects.flaky.sweep([{"x": 700, "good": 9, "folder": str(tmp_path)}]).run()
    (tmp_path / "calls").unlink()
    sweep = subjects.flaky.sweep(
        [{"x": x, "good": 9 if x == 700 else 1, "folder": str(tmp_path)} for x in range(701)]
    )
    with pytest.raises(errors.RunFailedError, match="attempt 1") as caught:
        sweep.run(failed="raise", **place)
    assert caught.value.id == sweep[700].id
    assert calls(tmp_path) == []
    with pytest.raises(errors.RunFailedError):
        list(as_completed([sweep[700]], failed="raise", **place))
    with pytest.raises(errors.RunFailedError):
        sweep[700].compute(failed="raise")
    assert calls(tmp_path) == []
    assert sweep[1].compute(failed="raise").result == 1


@pytest.mark.parametrize("timeout", [None, 60])
def test_a_call_tells_after_how_many_attempts_it_failed(timeout: float | None) -> None:
    """What a direct call raises carries a note, unless there was one attempt only."""

    def raised(retries: int) -> Any:
        @experiment(name="fails", retries=retries, timeout=timeout)
        def fails(x: int) -> float:
            return 1 / x

        with pytest.raises(ZeroDivisionError) as caught:
            fails(0)
        return getattr(caught.value, "__notes__", [])

    assert raised(2) == ["It failed after 3 attempts"]
    assert raised(0) == []


def test_a_coroutine_tells_it_too() -> None:
    """The same holds for what is awaited."""

    @experiment(retries=1)
    async def fails(x: int) -> float:
        return 1 / x

    with pytest.raises(ZeroDivisionError) as caught:
        asyncio.run(fails(0))
    assert caught.value.__notes__ == ["It failed after 2 attempts"]


def test_a_stored_failure_may_be_kept(tmp_path: Path) -> None:
    """With ``failed="keep"``, a single run that failed before is given as it is."""
    run = flaky(tmp_path, good=2)[0].compute()
    assert run.compute(failed="keep").status == "failed"
    assert run.cached
    assert calls(tmp_path) == [0]
    assert run.compute().result == 0


def test_retries_travel() -> None:
    """They can be pickled, compared and printed."""
    retries = Retries(2, on=(KeyError, subjects.Shaky), wait=1)
    assert pickle.loads(pickle.dumps(retries)) == retries
    assert retries != Retries(2)
    assert repr(Retries(1)).startswith("Retries(count=1, on=(<class 'Exception'>,), wait=0.0")


@pytest.mark.parametrize("count", [-1, 1.5, True, "2"])
def test_a_number_that_is_none_is_refused(count: Any) -> None:
    """Wherever retries are said, anything but a number of attempts is an error."""
    reason = f"with retries={count!r}: it is no number of attempts. Give 0, 1, 2, ... or Retries"
    with pytest.raises(ValueError, match="cannot make an experiment ") as caught:
        experiment(retries=count)
    assert reason in str(caught.value)
    for call in (subjects.square.sweep(grid(x=[1])).run, subjects.square.run(1).compute):
        with pytest.raises(ValueError, match="cannot run ") as caught:
            call(retries=count)
        assert reason in str(caught.value)
    with pytest.raises(ValueError, match=f"cannot retry count={count!r} times"):
        Retries(count)


def test_options_that_make_no_sense_are_refused() -> None:
    """Each option of ``Retries`` is checked."""
    for name, number in (("wait", -1), ("factor", 0.5), ("longest", float("inf"))):
        with pytest.raises(ValueError, match=f"cannot retry with {name}={number}: it is no number"):
            Retries(1, **{name: number})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="cannot retry on='KeyError': it is no class of exceptions"):
        Retries(1, on="KeyError")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="cannot retry on=<class 'KeyboardInterrupt'>"):
        Retries(1, on=KeyboardInterrupt)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="with failed='no': no such policy"):
        subjects.square.run(-1).compute(refresh=True, failed="no")  # type: ignore[arg-type]


STUDY = """
    import os
    from pathlib import Path
    from expcache import Retries, experiment, grid

    class Shaky(Exception):
        pass

    @experiment(retries=Retries(2, on=Shaky, wait=float(os.environ["WAIT"])))
    def inner(x):
        with open(Path(os.environ["FOLDER"]) / "calls", "a") as calls:
            calls.write(f"{x}\\n")
        if len((Path(os.environ["FOLDER"]) / "calls").read_text().split()) < 3:
            raise Shaky(x)
        return x

    @experiment
    def outer(x):
        return inner(x)

    if __name__ == "__main__":
        what = inner if os.environ["WHAT"] == "inner" else outer
        (run,) = what.sweep(grid(x=[7])).run(jobs=int(os.environ["JOBS"]))
        print(run.result, run.retried, len(inner.run(7).attempts))
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_program_may_end_in_a_pause(marked: Marked, end: int, jobs: str) -> None:
    """Killed or interrupted, it ends at once; the next run goes on after the failed attempt."""
    marked.write("study.py", STUDY)
    setting = {"JOBS": jobs, "WHAT": "inner", "WAIT": "1000"}
    process = marked.start("study.py", env=setting, stderr=subprocess.DEVNULL)

    def failures() -> list[Run[Any]]:
        with use(marked.folder / "store") as store:
            found = [load(key[:32]) for _, key in store.find("") if key.endswith("!")]
        store.close()
        return found

    assert until(failures)
    process.send_signal(end)
    assert process.wait(30) != 0
    (run,) = failures()
    assert [one["outcome"] for one in run.attempts] == ["failed"]
    told = marked.run("study.py", env=setting | {"WAIT": "0"})
    assert told == "7 1 3\n"
    assert until(lambda: not marked.living())


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_experiments_inside_of_others_have_their_retries(marked: Marked, jobs: str) -> None:
    """A run that another one needs is tried again where it is needed, in workers too."""
    marked.write("study.py", STUDY)
    setting = {"JOBS": jobs, "WHAT": "outer", "WAIT": "0"}
    assert marked.run("study.py", env=setting) == "7 0 3\n"
