"""Launches, the numbers of runs, and tags: who computed what, in which order."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import expcache
from expcache import Launch, Store, as_completed, errors, experiment, grid, launch, use


@experiment(name="fit", tags="base")
def fit(x: int) -> int:
    """Return the next number, or fail."""
    if x < 0:
        raise ValueError(x)
    return x + 1


@experiment(name="outer")
def outer(x: int) -> int:
    """Call another experiment."""
    return fit(x)


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Each kind of store, in use."""
    with use(":memory:" if request.param == "memory" else tmp_path / "store") as store:
        yield store
    store.close()


def test_each_call_of_a_sweep_is_a_launch(store: Store) -> None:
    """Runs of one call have one launch id, those of another another; stored runs keep theirs."""
    first = fit.sweep(grid(x=[1, 2])).run()
    second = list(as_completed(fit.sweep(grid(x=[2, 3]))))
    launches = {run.id: run.launch for run in [*first, *second]}
    assert list(launches.values()) == [first[0].launch] * 2 + [launches[fit.id(3)]]
    assert len(set(launches.values())) == 2
    assert all(re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{8}", str(one)) for one in launches.values())
    assert expcache.load(fit.id(3), store=store).launch == launches[fit.id(3)]


def test_single_calls_of_a_process_are_one_launch(store: Store) -> None:
    """`Experiment.run`, calls and `Run.compute` by themselves share a launch."""
    fit(2)
    runs = [fit.run(1), fit.find(2), fit.sweep(grid(x=[3]))[0].compute()]
    limited = fit.sweep(grid(x=[4]))[0].compute(timeout=60) if store.path != ":memory:" else runs[0]
    assert len({run.launch for run in [*runs, limited] if run is not None}) == 1


def test_a_block_is_one_launch(store: Store) -> None:
    """All that is computed in the block has its id and its tags, and nothing after it."""
    with launch(tags=["night", "base"]) as one:
        runs = [*fit.sweep(grid(x=[1, 2])).run(tags="b"), fit.run(3)]
    after = fit.run(4)
    assert {run.launch for run in runs} == {one.id}
    assert [run.tags for run in runs] == [("base", "night", "b")] * 2 + [("base", "night")]
    assert (after.launch == one.id, after.tags) == (False, ("base",))


def test_blocks_may_be_nested(store: Store) -> None:
    """The innermost block counts, then the one around it again."""
    with launch() as around:
        with launch() as inner, inner:
            assert fit.run(1).launch == inner.id
        assert fit.run(2).launch == around.id


@pytest.mark.parametrize("jobs", [1, 2])
def test_runs_that_runs_call_belong_to_the_launch(store: Store, jobs: int) -> None:
    """What an experiment calls carries the launch and the tags of its caller."""
    runs = outer.sweep(grid(x=[1, 2])).run(jobs=jobs, tags="night")
    if store.path != ":memory:":
        assert {run.launch for run in fit.runs()} == {run.launch for run in runs}
        assert {run.tags for run in fit.runs()} == {("base", "night")}


def test_threads_of_a_run_belong_to_its_launch(store: Store) -> None:
    """A thread that a run has started computes for the launch of the run."""

    @experiment
    def threaded(x: int) -> int:
        thread = threading.Thread(target=fit, args=(x,))
        thread.start()
        thread.join()
        return x

    with launch() as one:
        threaded.sweep(grid(x=[1])).run()
    assert [run.launch for run in fit.runs()] == [one.id]


def test_a_launch_can_go_on_elsewhere(store: Store) -> None:
    """Given an id, a launch is that one; it can be pickled, and compared."""
    with launch(id="batch-7", tags=("a", "a")) as one:
        assert fit.run(1).launch == "batch-7"
    assert pickle.loads(pickle.dumps(one)) == one == Launch("batch-7", ("a",))
    assert repr(one) == "<Launch batch-7 a>"
    with pytest.raises(ValueError, match="cannot use 'a b' as the id of a launch: it is no plain"):
        launch(id="a b")
    with pytest.raises(ValueError, match=r"cannot use 3 as a tag: it is no word\. Give texts"):
        fit.sweep(grid(x=[1])).run(tags=[3])  # type: ignore[list-item]


@pytest.mark.parametrize("jobs", [1, 2])
def test_numbers_go_on_across_launches(store: Store, jobs: int) -> None:
    """Each run that is computed gets a number of its own, later launches larger ones."""
    first = [run.number or 0 for run in fit.sweep(grid(x=range(-1, 9))).run(jobs=jobs)]
    second = [run.number or 0 for run in fit.sweep(grid(x=range(20))).run(jobs=jobs)]
    fresh = second[9:]
    assert sorted(first) == list(range(1, 11))
    assert second[:9] == first[1:]
    assert min(fresh) > max(first)
    assert len(set(fresh)) == len(fresh)


def test_numbers_are_those_of_one_experiment(store: Store) -> None:
    """Every experiment counts its own runs."""
    assert (outer.run(1).number, fit.run(1).number, fit.run(2).number) == (1, 1, 2)


def test_a_run_that_is_computed_again_gets_a_new_number(store: Store) -> None:
    """A refreshed run, and one that is tried again in a later call, is a new one."""
    numbers = [fit.run(-1).number, fit.run(-1).number]
    run = fit.run(1)
    numbers += [run.number, run.compute(refresh=True).number]
    assert numbers == [1, 2, 3, 4]


def test_attempts_of_one_call_share_a_number(store: Store) -> None:
    """Retries in one call are attempts at one run."""
    run = fit.sweep(grid(x=[-1])).run(retries=2)[0]
    assert (len(run.attempts), run.number) == (3, 1)


def test_numbers_survive_lost_claims_and_deletions(tmp_path: Path) -> None:
    """Where the file of the claims is lost, counting goes on after the largest of all records."""
    with use(tmp_path / "store") as store:
        fit.sweep(grid(x=range(5))).run()
        fit.run(4).delete()
        store.backup(tmp_path / "copy")
    store.close()
    for claims in (tmp_path / "store").rglob("claims.db*"):
        claims.unlink()
    for place in ("store", "copy"):
        with use(tmp_path / place) as store:
            assert fit.run(7).number == 6
        store.close()


WRITER = """
import sys
from expcache import experiment, grid, use
use("store")
@experiment(name="fit")
def fit(x, who):
    return x
print(*(run.number for run in fit.sweep(grid(who=[sys.argv[1]], x=range(300))).run()))
"""


def test_processes_never_share_a_number(tmp_path: Path) -> None:
    """Several writers at once count together."""
    (tmp_path / "writer.py").write_text(WRITER)
    command = [sys.executable, "writer.py"]
    writers = [
        subprocess.Popen([*command, str(n)], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for n in range(3)
    ]
    numbers = [int(one) for writer in writers for one in writer.communicate()[0].split()]
    assert (len(numbers), len(set(numbers))) == (900, 900)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_numbers_of_the_killed_are_not_given_again(tmp_path: Path) -> None:
    """After a kill, what is computed next gets larger numbers."""
    (tmp_path / "writer.py").write_text(WRITER)
    command = [sys.executable, "writer.py", "a"]
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    (tmp_path / "writer.py").write_text(
        WRITER.replace("    return x", "    import os\n    x == 200 and os.kill(os.getpid(), 9)\n")
    )
    ended = subprocess.run([sys.executable, "writer.py", "killed"], cwd=tmp_path, check=False)
    assert ended.returncode == -signal.SIGKILL
    (tmp_path / "writer.py").write_text(WRITER)
    done = subprocess.run(
        [sys.executable, "writer.py", "b"], cwd=tmp_path, check=True, stdout=subprocess.PIPE
    )
    with use(tmp_path / "store") as store:
        ids = [key[:32] for key in store.keys("fit") if len(key) == 65]
        numbers = [run.number for run in expcache.load(ids)]
    assert len(set(numbers)) == len(numbers) >= 600
    assert len(done.stdout.split()) == 300


def test_old_records_have_no_launch() -> None:
    """A record of a time before tells of none."""
    golden = Path(__file__).parent / "golden" / "store-1"
    with use(golden) as opened:
        name = opened.experiments()[0]
        key = next(key for key in opened.keys(name) if len(key) == 65)
        run = expcache.load(key[:32])
        assert (run.launch, run.number) == (None, None)


def test_a_run_that_nobody_has_computed_has_none(store: Store) -> None:
    """Launch and number are None while nothing is stored."""
    run = fit.sweep(grid(x=[1]))[0]
    assert (run.launch, run.number) == (None, None)
    with pytest.raises(errors.UnknownIdError):
        expcache.load(run.id)


def test_runs_are_chosen_by_tags_and_launches(store: Store) -> None:
    """`tagged` takes the runs with all of some tags, `launched` those of one launch."""
    with launch(tags="night", id="one"):
        fit.sweep(grid(x=[1, 2])).run()
    with launch(tags=["night", "big"], id="two"):
        fit.sweep(grid(x=[3])).run()
    runs = fit.runs()
    assert runs.launches == {"one": 2, "two": 1}
    assert runs.tagged("night", "big").ids == [fit.id(3)]
    assert runs.tagged("base").where(x__ge=2).ids == [fit.id(2), fit.id(3)]
    assert runs.tagged().ids == runs.ids
    assert runs.launched("one").ids == runs.launched("on").ids == [fit.id(1), fit.id(2)]
    with pytest.raises(
        errors.QueryError,
        match=r"cannot look for the tag 'nigth': no run carries it\. The tags are 'base', 'big', ",
    ):
        runs.tagged("nigth")
    with pytest.raises(errors.QueryError, match=r"the launch 'x': no run is of it\. Give one"):
        runs.launched("x")
    assert len(runs[:0].tagged("nothing")) == 0
