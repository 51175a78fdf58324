"""What becomes of runs that are stored for other code only: computed, reused, or an error."""

from __future__ import annotations

import asyncio
import os
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from expcache import Experiment, Store, as_completed, errors, experiment, grid, use

CALLS: list[int] = []
REMEDY = "Compute anew with stale='recompute', or take what is stored with stale='reuse'."


@pytest.fixture(autouse=True)
def store(isolated: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Give every test a store of its own, count calls anew, and choose nothing."""
    monkeypatch.delenv("EXPCACHE_STALE", raising=False)
    CALLS.clear()
    return isolated


def made(factor: int, y: int = 1, **options: Any) -> Experiment[..., Any]:
    """Return an experiment whose code depends on a factor, but whose ids do not."""

    @experiment(name="made", **options)
    def made(x: int, y: int = y) -> int:
        CALLS.append(x)
        return x * y * factor

    return made


def stored(store: Store) -> list[str]:
    """Return all keys of the store."""
    return store.keys("made")


def by_call(fit: Experiment[..., Any], stale: Any) -> Any:
    """Call the experiment."""
    with use(stale=stale):
        return fit(3)


def by_run(fit: Experiment[..., Any], stale: Any) -> Any:
    """Ask for the run."""
    with use(stale=stale):
        return fit.run(3).result


def by_compute(fit: Experiment[..., Any], stale: Any) -> Any:
    """Compute one run, whatever the process does with others."""
    with use(stale="recompute"):
        return fit.sweep(grid(x=[3]))[0].compute(stale=stale).result


def by_limit(fit: Experiment[..., Any], stale: Any) -> Any:
    """Compute with a time limit, which is done elsewhere."""
    return fit.sweep(grid(x=[3]))[0].compute(timeout=60, stale=stale).result


def by_sweep(fit: Experiment[..., Any], stale: Any) -> Any:
    """Run a sweep."""
    return fit.sweep(grid(x=[3])).run(stale=stale).results[0]


def by_jobs(fit: Experiment[..., Any], stale: Any) -> Any:
    """Run a sweep in other processes."""
    return fit.sweep(grid(x=[3])).run(jobs=2, stale=stale).results[0]


def by_stream(fit: Experiment[..., Any], stale: Any) -> Any:
    """Take runs as they complete."""
    return next(as_completed(iter(fit.sweep(grid(x=[3]))), stale=stale)).result


WAYS = [by_call, by_run, by_compute, by_limit, by_sweep, by_jobs, by_stream]
Way = Callable[..., Any]


@pytest.mark.parametrize("way", WAYS)
def test_a_stale_result_is_reused_on_request(way: Way, store: Store) -> None:
    """However a run is asked for, the result of other code is given, and nothing is written."""
    made(2)(3)
    before = stored(store)
    assert way(made(5), "reuse") == 6
    assert (CALLS, stored(store)) == ([3], before)


@pytest.mark.parametrize("way", WAYS)
def test_a_stale_result_is_computed_anew(way: Way) -> None:
    """The other policy computes it; so does a request for it where reusing was chosen."""
    made(2)(3)
    with use(stale="reuse"):
        assert way(made(5), "recompute") == 15


@pytest.mark.parametrize("way", WAYS)
def test_a_stale_result_can_be_an_error(way: Way, store: Store) -> None:
    """With ``stale="error"`` nothing is computed, and the error names the run and the remedy."""
    new, run_id = made(5), made(2).run(3).id
    before = stored(store)
    with pytest.raises(errors.StaleError, match=re.escape(REMEDY)) as caught:
        way(new, "error")
    assert (caught.value.id, CALLS, stored(store)) == (run_id, [3], before)


@pytest.mark.parametrize("stale", ["reuse", "error", "recompute"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_stale_is_as_ever(way: Way, stale: str) -> None:
    """What is missing is computed, and what has a result of the present code is given."""
    fit = made(5)
    assert way(fit, stale) == 15
    assert way(fit, stale) == 15
    assert len(fit.runs()) == 1


def test_a_coroutine_is_reused_too() -> None:
    """Awaiting an experiment gives the old result as well."""

    def waiting(factor: int) -> Any:
        @experiment(name="waiting")
        async def waiting(x: int) -> int:
            CALLS.append(x)
            return x * factor

        return waiting

    assert asyncio.run(waiting(2)(3)) == 6
    with use(stale="reuse"):
        assert asyncio.run(waiting(5)(3)) == 6
    assert CALLS == [3]


def test_a_reused_run_says_so() -> None:
    """It stays stale and not done, tells the code that it is of, and gives its result."""
    old = made(2).run(3)
    (run,) = made(5).sweep(grid(x=[3])).run(stale="reuse")
    assert (run.status, run.done, run.reused, run.cached) == ("stale", False, True, True)
    assert (run.code, run.result, run.finished) == (old.code, 6, old.finished)
    assert not old.reused


def test_tables_and_pickles_keep_it() -> None:
    """Results, records and a pickled copy hold the reused result."""
    made(2)(3)
    new = made(5)
    new(4)
    runs = new.sweep(grid(x=[3, 4])).run(stale="reuse")
    assert runs.results == [6, 20]
    assert [(r["status"], r["result"]) for r in runs.to_records()] == [("stale", 6), ("done", 20)]
    copy = pickle.loads(pickle.dumps(runs[0]))
    assert (copy.status, copy.reused, copy.result) == ("stale", True, 6)
    assert repr(runs) == "<RunSet of 2 runs: 1 stale, 1 done>"


def test_a_pickle_of_an_older_version_is_read() -> None:
    """A run that was pickled before there was such a policy is as it was."""
    run = made(2).run(3)
    make, (*facts, _) = run.__reduce__()
    assert (make(*facts).result, make(*facts).reused) == (6, False)


def test_a_reused_run_can_be_computed() -> None:
    """Computing it afterwards gives the result of the present code in the same handle."""
    made(2)(3)
    run = made(5).sweep(grid(x=[3])).run(stale="reuse")[0]
    run.compute()
    assert (run.status, run.reused, run.result) == ("done", False, 15)


def test_other_params_are_never_served() -> None:
    """A changed default is other params under the same id: such a run is computed."""
    made(2, y=1)(3)
    new = made(2, y=10)
    (run,) = new.sweep(grid(x=[3])).run(stale="reuse")
    assert (run.status, run.result, CALLS) == ("done", 60, [3, 3])


def test_the_newest_that_agrees_is_served() -> None:
    """Of several results the newest with these params is taken, not the newest of all."""
    made(2)(3)
    made(3)(3)
    made(4, y=7)(3)
    assert made(5).sweep(grid(x=[3])).run(stale="reuse").results == [9]


def test_a_new_parameter_does_not_matter() -> None:
    """A record that lacks a parameter with a default agrees in the others."""

    @experiment(name="made")
    def older(x: int) -> int:
        return x

    older(3)
    assert by_sweep(made(5), "reuse") == 3


def test_a_damaged_result_is_not_reused(store: Store) -> None:
    """A damaged record is warned of, and the run is computed."""
    key = f"{made(2).run(3).id}-{made(2).code}"
    envelope = store.get("made", key)
    assert envelope is not None
    store.put_sealed("made", key, envelope[:-9] + b"x" * 9, replace=True).wait()
    with pytest.warns(errors.RecordWarning, match=key[:8]):
        assert by_sweep(made(5), "reuse") == 15


def test_refreshing_computes_whatever_is_stored() -> None:
    """With ``refresh`` nothing stored counts, stale or not."""
    made(2)(3)
    sweep = made(5).sweep(grid(x=[3]))
    assert sweep.run(refresh=True, stale="reuse").results == [15]
    assert made(6).sweep(grid(x=[3])).run(refresh=True, stale="error").results == [18]


def test_declared_code_is_reused_when_what_it_depends_on_changed() -> None:
    """Also where the user answers for the code, only other params keep a result from use."""

    def one() -> int:
        return 1

    def two() -> int:
        return 2

    made(2, version="1", depends=[one])(3)
    new = made(5, version="1", depends=[two])
    assert by_sweep(new, "reuse") == 6
    assert by_sweep(made(5, y=4, version="1", depends=[two]), "reuse") == 60


def test_instances_of_project_classes_are_reused() -> None:
    """A run whose params hold an instance is stale when its class changes, and can be reused."""

    def model(factor: int) -> Any:
        @dataclass(frozen=True)
        class Model:
            size: int

            def scaled(self) -> int:
                return self.size * factor

        return Model

    @experiment(name="made")
    def fit(model: Any) -> int:
        CALLS.append(model.size)
        return int(model.scaled())

    fit(model(2)(3))
    run = fit.sweep(grid(model=[model(5)(3)])).run(stale="reuse")[0]
    assert (run.result, run.reused, CALLS) == (6, True, [3])


def test_a_sweep_is_refused_before_anything_is_computed(store: Store) -> None:
    """With ``stale="error"`` the sweep is planned first; the error says how many are stale."""
    made(2).sweep(grid(x=[2, 4])).run()
    before = stored(store)
    sweep = made(5).sweep(grid(x=range(5)), name="digits")
    with pytest.raises(errors.StaleError) as caught:
        sweep.run(stale="error")
    first = sweep[2].id
    assert str(caught.value) == (
        "cannot run 'digits': 2 of 5 points are stored for other code only, such as "
        f"made(x=2, y=1): {sweep[2].explain().reason} (run {first[:8]}). {REMEDY}"
    )
    assert (caught.value.id, stored(store), CALLS) == (first, before, [2, 4])
    assert caught.value.explanation == str(sweep[2].explain())


def test_a_run_is_refused_with_the_reason() -> None:
    """The error of a single run says which, and that its code is another."""
    run_id = made(2).run(3).id
    with pytest.raises(errors.StaleError) as caught:
        by_compute(made(5), "error")
    assert caught.value.reason.startswith("constant test_stale.factor changed (")
    told = f"it is stored for other code only: {caught.value.reason}"
    head = "cannot give the result of made(x=3, y=1)"
    assert str(caught.value) == f"{head}: {told} (run {run_id[:8]}). {REMEDY}"
    assert caught.value.call == "made(x=3, y=1)"
    assert caught.value.explanation == str(made(5).find(3).explain())  # type: ignore[union-attr]
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.id, str(copy)) == (run_id, str(caught.value))


def test_a_stream_computes_until_the_first_stale_run() -> None:
    """Runs of several sweeps are looked up as they are read; a stale one ends them."""
    made(2)(3)
    new = made(5)
    new(1)
    runs = as_completed(iter([new.sweep(grid(x=[1, 3]))[i] for i in range(2)]), stale="error")
    with pytest.raises(errors.StaleError):
        list(runs)
    assert CALLS == [3, 1]


@pytest.mark.parametrize("stale", ["reuse", "error"])
def test_what_failed_is_tried_again(stale: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that failed under the present code is a failed one, whatever other code made of it."""
    made(2)(3)
    monkeypatch.setenv("FAILS", "yes")

    @experiment(name="made")
    def broken(x: int, y: int = 1) -> int:
        if "FAILS" in os.environ:
            raise ZeroDivisionError
        return x * y

    sweep = broken.sweep(grid(x=[3]))
    sweep.run()
    assert sweep.plan().statuses == ["failed"]
    monkeypatch.delenv("FAILS")
    assert sweep.run(stale=stale).results == [3]


@pytest.mark.parametrize("word", ["", "fresh", 1])
def test_other_words_are_refused(word: Any) -> None:
    """A misspelt policy is an error that lists the known ones, and chooses nothing."""
    known = "no such policy. Use 'recompute', 'reuse' or 'error'."
    sweep = made(2).sweep(grid(x=[3]))
    for call in (use, sweep.run, sweep[0].compute):
        with pytest.raises(ValueError, match=f"^cannot run with stale={word!r}: {known}$"):
            call(stale=word)
    assert use().stale == "recompute"
    assert CALLS == []


def test_a_choice_ends_with_its_block() -> None:
    """What `use` chose holds for the block, and the store stays where none is named."""
    with use(":memory:") as store:
        with use(stale="error") as same:
            assert same is store
            with use(":memory:", stale="reuse") as other:
                assert (use().stale, use().store is other) == ("reuse", True)
            assert (use().stale, use().store is store) == ("error", True)
        assert (use().stale, use().store is store) == ("recompute", True)


def test_the_environment_chooses_where_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """EXPCACHE_STALE holds for calls that say nothing, `use` and options before it."""
    made(2)(3)
    monkeypatch.setenv("EXPCACHE_STALE", "reuse")
    assert made(5)(3) == 6
    with use(stale="error"), pytest.raises(errors.StaleError):
        made(5)(3)
    monkeypatch.setenv("EXPCACHE_STALE", "sometimes")
    with pytest.raises(ValueError, match=r"^cannot run with EXPCACHE_STALE='sometimes': no such"):
        made(5)(3)
    assert by_compute(made(5), "reuse") == 6


def nested(inner: Experiment[..., Any], how: Callable[..., Any]) -> Experiment[..., Any]:
    """Return an experiment that calls another in some way; its own code is always the same."""

    @experiment(name="outer", code="ignore")
    def outer(x: int) -> Any:
        return how(inner, x)

    return cast("Experiment[..., Any]", outer)


def in_thread(inner: Experiment[..., Any], x: int) -> Any:
    """Call it in a thread that the run begins."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(inner, x).result()


def in_sweep(inner: Experiment[..., Any], x: int) -> Any:
    """Run a sweep of it that asks for old results by itself."""
    return inner.sweep(grid(x=[x])).run(stale="reuse").results[0]


def in_call(inner: Experiment[..., Any], x: int) -> Any:
    """Call it."""
    return inner(x)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("how", [in_call, in_thread, in_sweep])
def test_nothing_stale_gets_into_a_fresh_result(how: Callable[..., Any], jobs: int) -> None:
    """Inside a run every stale one is computed: its result would be stored as a fresh one's."""
    made(2)(3)
    with use(stale="reuse"):
        assert nested(made(5), how).sweep(grid(x=[3])).run(jobs=jobs).results == [15]


def test_a_choice_is_no_error_inside_a_run() -> None:
    """Of what a run calls only the run that asks for an error itself gets one."""
    made(2)(3)
    with use(stale="error"):
        assert nested(made(5), in_call)(3) == 15
    made(6)(4)

    def strict(inner: Experiment[..., Any], x: int) -> Any:
        return inner.sweep(grid(x=[x])).run(stale="error").results

    with pytest.raises(errors.StaleError):
        nested(made(7), strict)(4)


def test_a_process_that_a_run_starts_computes_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The choice of the environment is hidden from what a run starts, and from nothing else."""
    monkeypatch.setenv("EXPCACHE_STALE", "reuse")
    asks = [sys.executable, "-c", "import expcache; print(expcache.use().stale)"]

    def ask() -> str:
        return subprocess.run(asks, capture_output=True, text=True, check=True).stdout.strip()

    monkeypatch.chdir(tmp_path)
    started = experiment(name="started", code="ignore")(ask)
    assert (ask(), started(), ask()) == ("reuse", "recompute", "reuse")
    assert os.environ["EXPCACHE_STALE"] == "reuse"


STUDY = """
import multiprocessing, os, subprocess, sys
from concurrent.futures import ProcessPoolExecutor
from expcache import experiment, grid, use

RATE = 3
POOL = []
use("store", stale="reuse" if os.environ.get("LOOK") == "use" else None)

@experiment
def inner(x):
    return RATE * x

@experiment(depends=[inner])
def outer(x, how):
    return HOW[how](x)

def by_call(x):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(inner, [x])[0]

def by_argument(x):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(ask, [x])[0]

def ask(x):
    return inner.sweep(grid(x=[x])).run(stale="reuse").results[0]

def by_program(x):
    command = [sys.executable, "-B", "-c", f"import study; print(study.inner({x}))"]
    return int(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)

def by_warm_pool(x):
    return POOL[0].submit(inner, x).result()

HOW = {one.__name__: one for one in (by_call, by_argument, by_program, by_warm_pool)}
"""

MAIN = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import study

if __name__ == "__main__":
    how = sys.argv[1]
    if study.RATE == 3:
        study.inner(1)
    else:
        pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        pool.submit(abs, 1).result()
        study.POOL.append(pool)
        print(study.inner(1), study.outer(1, how))
        pool.shutdown()
"""


@pytest.mark.parametrize(
    ("how", "look"),
    [
        ("by_call", "use"),
        ("by_argument", "variable"),
        ("by_program", "use"),
        ("by_warm_pool", "use"),
        ("by_warm_pool", "variable"),
    ],
)
def test_processes_of_a_run_reuse_nothing(tmp_path: Path, how: str, look: str) -> None:
    """What a run asks of a process is computed, however that process came to be and was told."""
    (tmp_path / "main.py").write_text(MAIN)
    results = []
    for rate in (3, 5):
        (tmp_path / "study.py").write_text(STUDY.replace("RATE = 3", f"RATE = {rate}"))
        more = {"LOOK": look} | ({"EXPCACHE_STALE": "reuse"} if look == "variable" else {})
        command = [sys.executable, "-B", "main.py", how]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        results.append(done.stdout.split())
    assert results == [[], ["3", "5"]]


def test_a_thread_beside_a_run_serves_nothing_stale() -> None:
    """A thread may have been begun by a run that goes on: while one does, it computes."""
    made(2).sweep(grid(x=[3, 4, 5])).run()
    entered, leave = threading.Event(), threading.Event()

    @experiment(name="long", code="ignore")
    def long() -> None:
        entered.set()
        leave.wait()

    with use(stale="reuse"), ThreadPoolExecutor(2) as pool:
        new = made(5)
        going = pool.submit(long)
        entered.wait()
        beside = pool.submit(new, 3).result()
        here = new(4)
        with pytest.warns(errors.ExpcacheWarning) as told:
            asked = pool.submit(new.sweep(grid(x=[5])).run, stale="reuse").result().results
        leave.set()
        going.result()
        assert asked == [25]
        assert str(told[0].message).startswith("cannot reuse stale results in this thread: a run")
        assert (beside, here, pool.submit(new, 4).result()) == (15, 8, 8)
