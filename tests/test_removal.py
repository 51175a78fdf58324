"""Deleting runs: all that is stored of them or nothing, and never what somebody computes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import expcache
from expcache import RunSet, Store, current_run, errors, experiment, grid, use

LARGE = 1 << 21


def made(factor: int) -> Any:
    """An experiment whose code depends on the factor."""

    @experiment(name="fit")
    def fit(x: int) -> Any:
        if x < 0:
            raise ValueError(x)
        return bytes(LARGE) if x == 0 else factor * x

    return fit


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Each kind of store, in use."""
    with use(":memory:" if request.param == "memory" else tmp_path / "store") as store:
        yield store
    store.close()


def runs_in(store: Store) -> int:
    """Return how many records of runs are stored."""
    return sum(len(key.removesuffix("!")) == 65 for key in store.keys("fit"))


def test_a_deleted_run_is_missing_and_computed_again(store: Store) -> None:
    """After `delete`, nothing is stored of the run, other runs stay, and a call computes."""
    fit = made(2)
    one, other = fit.run(1), fit.run(2)
    removal = one.delete()
    assert (removal.ids, removal.records, removal.dry_run) == ((one.id,), 1, False)
    assert (one.status, fit.find(1), other.result) == ("missing", None, 4)
    with pytest.raises(errors.UnknownIdError):
        expcache.load(one.id)
    assert not fit.run(1).cached


def test_all_codes_and_failures_go_with_a_run(store: Store) -> None:
    """What other codes gave at the same params goes as well, failures included."""
    for factor in (2, 3):
        made(factor).run(-1)
        made(factor).run(1)
    assert runs_in(store) == 4
    removal = made(3).sweep(grid(x=[-1, 1])).plan().failed.delete()
    assert (removal.records, runs_in(store)) == (2, 2)
    assert expcache.load(made(3).id(1)).delete().records == 2
    assert runs_in(store) == 0


def test_one_code_can_be_chosen(store: Store) -> None:
    """With `code`, only what was computed with that code goes."""
    old, new = made(2).run(1), made(3).run(1)
    assert new.delete(code=str(old.code)[:8]).records == 1
    assert (new.status, new.result, runs_in(store)) == ("done", 3, 1)
    with pytest.raises(
        errors.QueryError, match=r"cannot delete what has the code 'zz': nothing is stored for it"
    ):
        new.delete(code="zz")


def test_a_dry_run_removes_nothing(store: Store) -> None:
    """`dry_run=True` tells the same numbers and leaves everything."""
    run = made(2).run(1)
    told, done = run.delete(dry_run=True), run.delete()
    assert told == done._replace(dry_run=True)
    assert str(told).startswith("would remove 1 records of 1 runs, ")


def test_large_parts_go_with_their_run(tmp_path: Path) -> None:
    """A file of a record is removed with it; those of other records stay."""
    with use(tmp_path / "store") as store:
        run = made(2).run(0)
        made(3).run(0)
        removal = run.delete(code=run.code)
        assert len(removal.files) == 1
        assert not Path(removal.files[0]).exists()
        assert removal.nbytes > LARGE
        assert store.verify().sound
        assert not store.verify().orphans
        assert made(3).find(0) is not None
    store.close()


def test_a_running_run_is_refused(store: Store) -> None:
    """While one run of a set is computed, nothing of the set is removed."""
    fit = made(2)
    runs = fit.sweep(grid(x=[1, 2])).run()
    claims = store.claim("fit", [f"{runs[1].id}-{runs[1].code}"])
    with pytest.raises(
        errors.ClaimError,
        match=rf"cannot delete run {runs[1].id} of 'fit': it is being computed by process "
        rf"{os.getpid()} on .* Wait until it is done, or end that process",
    ) as raised:
        runs.delete()
    assert raised.value.id == runs[1].id
    assert [run.status for run in runs] == ["done", "done"]
    store.release("fit", claims.values())
    assert runs.delete().records == 2
    assert not store.claims("fit")


def test_a_run_cannot_delete_itself(store: Store) -> None:
    """A run that is going on counts as running, whoever asks."""

    @experiment(name="fit")
    def fit(x: int) -> str:
        with pytest.raises(errors.ClaimError):
            made(2).run(x).delete()
        return "kept"

    made(2).run(1)
    assert fit(1) == "kept"


def test_another_process_computes(tmp_path: Path) -> None:
    """What a process computes at this moment is not removed under it."""
    program = tmp_path / "study.py"
    program.write_text(
        "import sys\nfrom expcache import experiment, use\nuse('store')\nCODE = sys.argv[1]\n"
        "@experiment(name='fit')\ndef fit(x):\n    print('on', flush=True)\n"
        "    sys.stdin.readline()\n    return CODE\nprint(fit.run(1).id)\n"
    )
    command = [sys.executable, str(program)]
    first = subprocess.run(
        [*command, "old"], cwd=tmp_path, input="\n", stdout=subprocess.PIPE, text=True, check=True
    )
    run = expcache.load(first.stdout.split()[1], store=tmp_path / "store")
    with subprocess.Popen(
        [*command, "new"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "on\n"
        with pytest.raises(errors.ClaimError, match=f"by process {process.pid} on"):
            run.delete()
        process.communicate("\n")
    assert run.delete().records == 2


def test_a_set_may_be_of_several_experiments_and_stores(tmp_path: Path) -> None:
    """Each run is removed from where it is."""

    @experiment
    def other(x: int) -> int:
        return x

    stores = [tmp_path / "a", tmp_path / "b"]
    runs = []
    for place in stores:
        with use(place) as store:
            runs += [made(2).run(1), other.run(1)]
            store.close()
    removal = RunSet(runs).delete()
    assert (removal.records, len(removal.ids)) == (4, 4)
    assert [run.status for run in runs] == ["missing"] * 4


def test_an_empty_set_removes_nothing(store: Store) -> None:
    """Deleting what is not there is no error."""
    assert made(2).sweep(grid(x=[1, 2]))[:].delete().records == 0
    assert RunSet().delete().records == 0


KILLED = """
import os, signal, sys
from expcache import experiment, grid, use, load
from expcache._store._bench import Bench

def made(factor):
    @experiment(name="fit")
    def fit(x):
        if x % 2:
            raise ValueError(factor)
        return bytes(2 << 20) if x == 0 else factor
    return fit

use("store")
sweep = grid(x=range(40))
for factor in (2, 3):
    made(factor).sweep(sweep).run()
left, write = int(sys.argv[1]), Bench._commit

def counted(bench, folder, group):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    done = write(bench, folder, group)
    if left == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return done

Bench._commit = counted
made(3).runs().delete()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_killed_deletion_leaves_each_run_whole_or_gone(tmp_path: Path, number: int) -> None:
    """After a kill, both records of a run are there or none; the next deletion is complete."""
    (tmp_path / "killed.py").write_text(KILLED)
    command = [sys.executable, "killed.py", str(number)]
    ended = subprocess.run(command, cwd=tmp_path, check=False)
    assert ended.returncode in (-signal.SIGKILL, 0)
    with use(tmp_path / "store") as store:
        ids = [key[:32] for key in store.keys("fit") if len(key.removesuffix("!")) == 65]
        assert {ids.count(one) for one in ids} <= {2}
        assert store.verify().sound
        made(3).runs().delete()
        assert runs_in(store) == 0
        assert all(
            one.path.endswith(".part") for one in store.verify(remove_orphans=True, age=-1).orphans
        )
        assert not store.verify().orphans
    store.close()


def test_many_go_at_once(store: Store) -> None:
    """Some thousand runs are removed in groups."""
    runs = made(2).sweep(grid(x=range(1, 1201))).run()
    assert runs.delete().records == 1200
    assert runs_in(store) == 0


def test_the_files_of_runs_go_with_them(store: Store) -> None:
    """The directory of a run is removed with its record, and told; others stay."""

    @experiment(name="wrote")
    def wrote(x: int) -> int:
        (current_run().directory / "out.txt").write_text("12345")
        if x < 0:
            raise ValueError(x)
        return x

    runs = wrote.sweep(grid(x=[-1, 1, 2])).run()
    places = [run.directory for run in runs]
    removal = runs[:2].delete()
    assert set(removal.files) == {str(place) for place in places[:2]}
    assert [place is not None and place.exists() for place in places] == [False, False, True]
    assert store.verify() == store.verify()._replace(orphans=(), missing=(), damaged=())
