"""What users of older systems did with them, done with expcache."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, errors, experiment, grid, load, points, star, zipped
from marked import until

pytestmark = pytest.mark.usefixtures("isolated")

STUDY = """
from pathlib import Path
from expcache import experiment, grid, points

@experiment
def fit(A=0, B=[1, 2, 3], operator=max):
    with Path(__file__).with_suffix(".calls").open("a") as calls:
        calls.write(f"{A} {operator.__name__}\\n")
    return {"val": A * operator(B)}

first = points([dict(A=10, B=[3, 2, 4, 3, 8])])
sweep_fit = fit.sweep(
    first + grid(A=[1, 2, 3, 4, 5], B=[[1, 2, 3], [2, 5, 8], [0, 1]], operator=[min, max, sum, len])
)
"""


def run_study(folder: Path, code: str) -> str:
    """Run a script beside the study and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "EXPCACHE_STORE": ""},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def calls_of(folder: Path) -> list[str]:
    """Return the lines that the study's experiment wrote, one a computation."""
    path = folder / "study.calls"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Return a project folder with study.py in it."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "study.py").write_text(STUDY, encoding="utf-8")
    return tmp_path


def test_define_and_inspect(study: Path) -> None:
    """61 points show params, id, index and status before anything runs, equal in every process."""
    code = (
        "from study import *\n"
        "assert len(sweep_fit) == 61\n"
        "assert [run.index for run in sweep_fit] == list(range(61))\n"
        "assert not any(run.done for run in sweep_fit)\n"
        "assert all(run.runtime is None for run in sweep_fit)\n"
        "assert sweep_fit[0].params == dict(A=10, B=[3, 2, 4, 3, 8], operator=max)\n"
        "print(sweep_fit.ids)\n"
    )
    printed = run_study(study, code)
    assert run_study(study, code) == printed
    assert len(set(ast.literal_eval(printed))) == 61
    assert calls_of(study) == []


def test_run_and_query(study: Path) -> None:
    """All points run; results are found by the values of their parameters, callables included."""
    code = (
        "from study import *\n"
        "runs = sweep_fit.run()\n"
        "print(runs[0].result)\n"
        "print(len(runs.where(A__ge=3, B=[2, 5, 8], operator=max)))\n"
        "print([r.result['val'] for r in runs.where(A__le=3, B=[2, 5, 8], operator=min)])\n"
        "try:\n    runs.where(C=1)\nexcept Exception as error:\n    print(type(error).__name__)\n"
    )
    assert run_study(study, code) == "{'val': 80}\n3\n[2, 4, 6]\nQueryError\n"


def test_extend_and_resume(study: Path) -> None:
    """An added point is the only one that is computed, once, in whatever process."""
    run_study(study, "from study import *; sweep_fit.run()")
    assert len(calls_of(study)) == 61
    more = "from study import *; sweep_fit.add(points([dict(A=8, operator=min)])).run()"
    run_study(study, more)
    assert calls_of(study)[61:] == ["8 min"]
    run_study(study, more)
    run_study(study, "from study import *; assert fit(A=10, B=[3, 2, 4, 3, 8]) == {'val': 80}")
    assert len(calls_of(study)) == 62


LAUNCHED = """
from pathlib import Path
import os, sys, time
from expcache import experiment, grid

BAD = Path(__file__).with_name("bad")

@experiment
def launch(x):
    with Path(__file__).with_suffix(".calls").open("a") as calls:
        calls.write(f"{x}\\n")
    print(f"out of {x}")
    print(f"trouble of {x}", file=sys.stderr)
    held = Path(__file__).with_name(f"held-{x}")
    while held.exists():
        time.sleep(0.005)
    time.sleep(0.2)
    if x == 2 and BAD.exists():
        raise OSError("no more paper")
    return x

sweep_launch = launch.sweep(grid(x=[1, 2, 3]))

if __name__ == "__main__":
    sweep = launch.sweep(grid(x=[1, 2, 3, 4])) if "more" in sys.argv else sweep_launch
    kept = "keep" if "keep" in sys.argv else "retry"
    runs = sweep.run(
        jobs=2, failed=kept, progress=lambda seen: (BAD.parent / f"done-{seen.done}").touch()
    )
    for run in runs:
        print(run.id, run.status, run.output.split("\\n"))
    sys.exit(any(run.status == "failed" for run in runs))
"""


def test_launch_interrupt_resume_and_logs(tmp_path: Path) -> None:
    """Interrupted, extended, failing and tried again: only what has no result is computed."""
    (tmp_path / "pyproject.toml").touch()
    script = tmp_path / "study.py"
    script.write_text(LAUNCHED, encoding="utf-8")
    command = [sys.executable, "study.py"]
    environment = {**os.environ, "EXPCACHE_STORE": ""}

    def call(*arguments: str, status: int = 0) -> tuple[list[str], list[str]]:
        before = len(calls_of(tmp_path))
        done = subprocess.run(
            [*command, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        shown = [line for line in done.stdout.splitlines() if "trouble of" in line]
        return [line for line in shown if "[" in line], sorted(calls_of(tmp_path)[before:])

    (tmp_path / "held-3").touch()
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
    ) as process:
        assert until((tmp_path / "done-2").exists)
        process.send_signal(signal.SIGINT)
    assert process.returncode == -signal.SIGINT
    (tmp_path / "held-3").unlink()
    shown, computed = call()
    assert computed == ["3"]
    for x, line in enumerate(shown, 1):
        assert "done" in line
        assert f"out of {x}" in line
        assert f"trouble of {x}" in line
    assert call("more")[1] == ["4"]
    (tmp_path / "bad").touch()
    script.write_text(LAUNCHED.replace("0.2", "0.1"), encoding="utf-8")  # all is to do again
    shown, computed = call("more", status=1)
    assert computed == ["1", "2", "3", "4"]
    assert [line.split()[1] for line in shown] == ["done", "failed", "done", "done"]
    assert call("more", "keep", status=1)[1] == []
    (tmp_path / "bad").unlink()
    assert call("more")[1] == ["2"]


def test_swapped_values_never_share_an_id() -> None:
    """Values under other names are another run."""

    @experiment
    def pair(A: int, B: int) -> tuple[int, int]:  # noqa: N803
        return A, B

    assert pair.id(A=1, B=2) != pair.id(A=2, B=1)
    assert [pair(1, 2), pair(2, 1)] == [(1, 2), (2, 1)]


def test_results_without_the_code(study: Path) -> None:
    """Ids exported to a file load params and results in a process that lacks the module."""
    run_study(study, "from study import *; sweep_fit.run(); sweep_fit.save_ids('fit.ids.json')")
    (study / "study.py").rename(study / "gone.txt")
    code = (
        "import expcache\n"
        "runs = expcache.load('fit.ids.json')\n"
        "print(len(runs), runs[0].result, runs[0].params['A'], runs[0].params['B'])\n"
        "print(expcache.load(runs[0].id).result)\n"
        "try:\n    expcache.load('f' * 32)\n"
        "except expcache.errors.UnknownIdError as error:\n    print('unknown')\n"
    )
    assert run_study(study, code) == "61 {'val': 80} 10 [3, 2, 4, 3, 8]\n{'val': 80}\nunknown\n"


def test_grid_to_table() -> None:
    """A 3 x 2 grid gives six rows with params, result, id and runtime; more points append."""
    pytest.importorskip("pandas")

    @experiment
    def add(a: int, b: int) -> float:
        return a + b / 100

    frame = add.sweep(grid(a=[1, 2, 3], b=[77, 88])).run().to_frame()
    assert frame.shape[0] == 6
    assert {"a", "b", "result", "runtime", "status"} <= set(frame.columns)
    assert frame["result"].tolist() == [1.77, 1.88, 2.77, 2.88, 3.77, 3.88]
    add.sweep(grid(a=[4], b=[77])).run()
    assert len(add.runs()) == 7
    assert [load(i).started is not None for i in frame.index] == [True] * 6


def test_parameter_building_label_and_dry_run(isolated: Store) -> None:
    """Zip x grid x constant, a star, a label to select by, and a plan that touches nothing."""
    got: list[Any] = []

    @experiment(ignore=["study"])
    def look(a: int, b: int, c: Any = None, study: str = "") -> int:
        got.append(c)
        return a + b

    space = zipped(a=[1, 2], b=[77, 88]) * grid(c=[None, "x"], study="a")
    assert list(space) == [
        {"a": 1, "b": 77, "c": None, "study": "a"},
        {"a": 1, "b": 77, "c": "x", "study": "a"},
        {"a": 2, "b": 88, "c": None, "study": "a"},
        {"a": 2, "b": 88, "c": "x", "study": "a"},
    ]
    assert list(star({"a": 1, "b": 77}, a=[1, 2], b=[77, 88])) == [
        {"a": 1, "b": 77},
        {"a": 2, "b": 77},
        {"a": 1, "b": 88},
    ]
    with pytest.raises(errors.SpaceError):
        zipped(a=[1, 2, 3], b=[77, 88])
    sweep = look.sweep(space)
    assert sweep.status() == {
        "points": 4,
        "done": 0,
        "stale": 0,
        "failed": 0,
        "running": 0,
        "missing": 4,
    }
    assert (got, isolated.experiments()) == ([], [])
    runs = sweep.run()
    assert got == [None, "x", None, "x"]
    assert len(runs.where(study="a")) == 4
    assert len(runs.where(study="b")) == 0
    assert sweep.plan().counts["done"] == 4


def test_repeats_on_purpose_are_runs_of_their_own() -> None:
    """Repeats differ by their seed, and are all kept."""

    @experiment
    def draw(a: int, seed: int = 0) -> int:
        return a + seed

    runs = draw.sweep(points([{"a": 1}]).repeat(2)).run()
    assert runs.results == [1, 2]
    assert len(set(runs.ids)) == 2
