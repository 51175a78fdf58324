"""A plan as a dry run: what would be computed, while nothing is called or written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, experiment, grid, points


def made(factor: int) -> Any:
    """An experiment whose code depends on the factor."""

    @experiment(name="fit")
    def fit(x: int) -> int:
        if x < 0:
            raise ValueError(x)
        return factor * x

    return fit


def test_a_plan_tells_what_a_run_would_compute(isolated: Store) -> None:
    """Stale, failed and missing points would run, done ones would not; equal points run once."""
    made(2).sweep(grid(x=[1])).run()
    new = made(3)
    new.sweep(grid(x=[-1, 2])).run()
    sweep = new.sweep(points([{"x": x} for x in (1, -1, 2, 5, 5)]))
    plan = sweep.plan()
    assert [run.params["x"] for run in plan.would_run()] == [1, -1, 5]
    assert [run.index for run in plan.would_skip()] == [2, 4]
    for options, indices in (
        ({"failed": "keep"}, [0, 3]),
        ({"stale": "reuse"}, [1, 3]),
        ({"refresh": True}, [0, 1, 2, 3]),
        ({"failed": "raise"}, []),
        ({"stale": "error"}, []),
    ):
        assert [run.index for run in plan.would_run(**options)] == indices
        assert len(plan.would_run(**options)) + len(plan.would_skip(**options)) == 5
    computed = [run.id for run in sweep.run(failed="keep") if not run.cached]
    assert sorted(set(computed)) == sorted(plan.would_run(failed="keep").ids)


def test_misspelt_options_are_refused(isolated: Store) -> None:
    """A dry run with options that a run would refuse is refused."""
    plan = made(2).sweep(grid(x=[1])).plan()
    with pytest.raises(ValueError, match="cannot run with failed='retyr': no such policy"):
        plan.would_run(failed="retyr")
    with pytest.raises(ValueError, match="cannot run with stale='old': no such policy"):
        plan.would_skip(stale="old")


STUDY = """
import sys
from pathlib import Path
from expcache import experiment, grid, use
use("store")
@experiment
def fit(x):
    Path("called").touch()
    return x * FACTOR
FACTOR = int(sys.argv[1])
sweep = fit.sweep(grid(x=range(20)))
if sys.argv[2:]:
    sweep.run()
plan = sweep.plan()
print(len(plan.would_run()), len(plan.would_skip()))
"""


def content(place: Path) -> dict[str, bytes]:
    """Return all files but the empty logs that readers leave beside a database."""
    files = [path for path in place.rglob("*") if path.is_file() and path.suffix != ".db-shm"]
    return {str(path): path.read_bytes() for path in files if not path.name.endswith("-wal")}


def test_a_plan_leaves_the_store_as_it_is(tmp_path: Path) -> None:
    """Byte for byte: nothing is written, nothing called, and no store made where there is none."""
    (tmp_path / "study.py").write_text(STUDY)

    def told(*words: str) -> str:
        command = [sys.executable, "study.py", *words]
        done = subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    assert told("2") == "20 0\n"
    assert not (tmp_path / "store").exists()
    told("2", "run")
    (tmp_path / "called").unlink()
    before = content(tmp_path / "store")
    assert told("2") == "0 20\n"
    assert told("3") == "20 0\n"
    after = content(tmp_path / "store")
    assert {name for name in after if after[name] != before.get(name)} == set()
    assert after.keys() == before.keys()
    assert not (tmp_path / "called").exists()
