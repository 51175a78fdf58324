"""What the first examples of batchpy, batchrun, psweep and multirun do, done here."""

from __future__ import annotations

import json
import operator
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import expcache
from expcache import (
    File,
    Store,
    Sweep,
    command,
    current_run,
    experiment,
    grid,
    launch,
    load,
    points,
    specification,
    star,
    use,
    zipped,
)
from expcache.errors import ExpcacheError, QueryError, SpaceError, UnknownIdError
from marked import Marked, lines, until

posix = pytest.mark.skipif(os.name != "posix", reason="programs of a POSIX shell")
OPERATORS = {"min": min, "max": max, "sum": sum, "len": len}

STUDY = """
import sys
from expcache import experiment, grid, points

@experiment
def evaluate(A=0, B=(1, 2, 3), operator=max):
    print("computed", A, file=open("computed", "a"))
    return {"val": A * operator(B)}

sweep = evaluate.sweep(
    points([{"A": 10, "B": [3, 2, 4, 3, 8]}])
    + grid(A=[1, 2, 3, 4, 5], B=[[1, 2, 3], [2, 5, 8], [4]], operator=[min, max, sum, len])
)
"""


@experiment
def evaluate(A: int = 0, B: Sequence[int] = (1, 2, 3), operator: Any = max) -> dict[str, int]:  # noqa: N803
    """Multiply a number with what an operator makes of some others."""
    Counted.calls.append(A)
    return {"val": A * operator(B)}


class Counted:
    """What was computed, in order."""

    calls: list[int] = []  # noqa: RUF012 - emptied by each test that reads it


def batch() -> Sweep[dict[str, int]]:
    """Return the sweep of 61 points; as a variable, it would be a test itself."""
    first = points([{"A": 10, "B": [3, 2, 4, 3, 8]}])
    operators = list(OPERATORS.values())
    many = grid(A=[1, 2, 3, 4, 5], B=[[1, 2, 3], [2, 5, 8], [4]], operator=operators)
    return evaluate.sweep(first + many, name="batch")


def test_define_and_inspect(isolated: Store, marked: Marked) -> None:
    """All 61 points are known before anything runs, by ids that another process agrees on."""
    sweep = batch()
    assert len(sweep) == len(set(sweep.ids)) == 61
    for place, run in enumerate(sweep):
        assert (run.index, run.status, run.done, run.runtime) == (place, "missing", False, None)
        assert set(run.params) == {"A", "B", "operator"}
        with pytest.raises(UnknownIdError):
            _ = run.result
    marked.write("test_scenarios.py", STUDY)
    say = "import test_scenarios as study; print(*study.sweep.ids)"
    assert marked.run("-c", say, env={"PYTHONHASHSEED": "7"}).split() == sweep.ids


def test_run_and_query(isolated: Store) -> None:
    """Results are asked for by params; a condition on an unknown one is an error."""
    runs = batch().run()
    assert runs[0].result == {"val": 80}
    assert len(runs.where(A__ge=3, B=[2, 5, 8], operator=max)) == 3
    low = runs.where(A__le=3, B=[2, 5, 8], operator=min)
    assert [run.result["val"] for run in low] == [2, 4, 6]
    with pytest.raises(QueryError, match="cannot look up 'C': there is no such parameter"):
        runs.where(C__ge=1)


def test_extend_and_resume(isolated: Store) -> None:
    """A point more is one computation more; an equal one is none; swapped values are two runs."""
    batch().run()
    wider = batch().add(points([{"A": 8, "operator": min}]))
    Counted.calls.clear()
    assert wider.run()[-1].result == {"val": 8}
    assert Counted.calls == [8]
    again = wider.add(points([{"A": 8, "B": (1, 2, 3), "operator": min}])).run()
    assert (Counted.calls, again[-1].result) == ([8], {"val": 8})

    @experiment
    def pair(A: int, B: int) -> int:  # noqa: N803
        return A * 10 + B

    assert pair.id(1, 2) != pair.id(2, 1)
    assert pair.sweep(points([{"A": 1, "B": 2}, {"A": 2, "B": 1}])).run().results == [12, 21]


def test_results_without_the_code(marked: Marked) -> None:
    """Ids in a file lead to params and results where the module is not."""
    marked.write("study.py", STUDY)
    marked.run("-c", "import study; study.sweep.run(); study.sweep.save_ids('batch.json')")
    marked.folder.joinpath("study.py").unlink()
    with use(marked.folder / "store") as store:
        runs = load(marked.folder / "batch.json")
        assert (len(runs), runs[0].params["A"], runs[0].result) == (61, 10, {"val": 80})
        assert load(runs.ids[3]).result == runs[3].result
        with pytest.raises(UnknownIdError, match="cannot load"):
            load("0" * 32)
    store.close()


def launched(marked: Marked, *options: str) -> subprocess.Popen[str]:
    """Launch the runfile in a process of its own."""
    words = ("-m", "expcache", "launch", "some.runfile", *options)
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return marked.start(*words, **quiet)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a launch; return its exit status and the last line that it printed."""
    out, _ = process.communicate(timeout=300)
    return process.returncode, (out.splitlines() or [""])[-1]


@posix
def test_launch_interrupt_resume_logs(marked: Marked) -> None:
    """An interrupted launch goes on with what it has not done; a failed line alone is retried."""
    wait = "while [ ! -e go ]; do sleep 0.01; done"
    text = "".join(f"echo {n} >> begun; {wait}; echo {n} >> done; echo out {n}\n" for n in "abc")
    runfile = marked.write("some.runfile", text)
    first = launched(marked, "-j", "2")
    until(lambda: len(lines(marked.folder / "begun")) == 2)
    first.send_signal(signal.SIGINT)
    assert ended(first)[0] == 130
    until(lambda: not marked.living())
    (marked.folder / "go").touch()
    status, line = ended(launched(marked, "-j", "2"))
    assert (status, line) == (0, "some: 3 points, 3 done (3 of them now), 0 failed")
    assert sorted(lines(marked.folder / "done")) == ["a", "b", "c"]
    with runfile.open("a") as file:
        file.write("test -e mended && echo d >> done\n")
    assert ended(launched(marked))[1] == "some: 4 points, 3 done (0 of them now), 1 failed"
    failed = marked.run("-m", "expcache", "ids", "--status", "failed").split()
    assert len(failed) == 1
    (marked.folder / "mended").touch()
    status, line = ended(launched(marked, "--mode", "retry-failed"))
    assert (status, line) == (0, "some: 4 points, 4 done (1 of them now), 0 failed")
    assert sorted(lines(marked.folder / "done")) == ["a", "b", "c", "d"]
    told = [marked.run("-m", "expcache", "log", one) for one in all_ids(marked)]
    assert sorted(text.strip() for text in told if "out" in text) == ["out a", "out b", "out c"]


def all_ids(marked: Marked) -> list[str]:
    """Return the ids of what is stored."""
    return marked.run("-m", "expcache", "ids").split()


def test_grid_from_a_specification(tmp_path: Path) -> None:
    """A file of batchrun has its points in its order; nothing in it is dropped."""
    pytest.importorskip("yaml")
    text = """
program: prog
parameters:
  alpha: {values: [1, 2, 5]}
  beta: {values: [0.1, 0.25, 0.5]}
  gamma: {value: 100}
"""
    path = tmp_path / "sweep_some.yml"
    path.write_text(text)
    space = specification(path).space
    expected = [{"alpha": a, "beta": b, "gamma": 100} for a in (1, 2, 5) for b in (0.1, 0.25, 0.5)]
    assert [{name: one[name] for name in expected[0]} for one in space] == expected
    for value, exact in (("0", 0), ("false", False), ("'x; echo no'", "x; echo no")):
        path.write_text(text.replace("100", value))
        assert [one["gamma"] for one in specification(path).space] == [exact] * 9
    path.write_text(text.replace("{value: 100}", "{values: []}"))
    with pytest.raises(ExpcacheError, match="gamma"):
        specification(path)


def test_grid_to_table(isolated: Store) -> None:
    """Six rows of params and results are in a table, and other params are appended."""
    pd = pytest.importorskip("pandas")

    @experiment
    def product(a: int, b: int) -> int:
        return a * b

    with launch():
        runs = product.sweep(grid(a=[1, 2, 3], b=[77, 88])).run()
    frame = runs.to_frame()
    assert len(frame) == 6
    assert list(frame["result"]) == [77, 88, 154, 176, 231, 264]
    assert {"a", "b", "runtime"} <= set(frame.columns)
    assert len({run.launch for run in runs}) == 1
    with launch():
        later = product.sweep(grid(a=[4], b=[77])).run()
    numbers = [run.number or 0 for run in (*runs, *later)]
    assert numbers == sorted(set(numbers))
    assert later[0].launch != runs[0].launch
    assert isinstance(frame, pd.DataFrame)
    say = ("-m", "expcache", "--store", isolated.path, "table", "--format", "json")
    told = subprocess.run([sys.executable, *map(str, say)], capture_output=True, check=True)
    assert sorted(row["result"] for row in json.loads(told.stdout)) == [
        *(77, 88, 154, 176, 231, 264, 308),
    ]


def test_building_params_label_dry_run(isolated: Store) -> None:
    """Zip, constant, star and label make the points of psweep's manual; a dry run calls nothing."""
    seen: list[Any] = []

    @experiment(code="ignore")
    def look(a: int, b: int, c: int | None = 0, study: str = "") -> bool:
        seen.append(c)
        return c is None

    space = zipped(a=[1, 2], b=[77, 88]) * grid(c=[None, 5, 6], study="a")
    assert [(one["a"], one["b"], one["c"]) for one in space] == [
        *((1, 77, None), (1, 77, 5), (1, 77, 6), (2, 88, None), (2, 88, 5), (2, 88, 6)),
    ]
    around = list(star({"a": 1, "b": 77}, a=[2, 3], b=[88]))
    assert around == [{"a": a, "b": b} for a, b in ((1, 77), (2, 77), (3, 77), (1, 88))]
    with pytest.raises(SpaceError):
        zipped(a=[1, 2, 3], b=[77, 88])
    sweep = look.sweep(space)
    before = contents(Path(isolated.path))
    plan = sweep.plan()
    assert (len(plan.missing), len(plan.done), seen) == (6, 0, [])
    assert contents(Path(isolated.path)) == before
    runs = sweep.run()
    assert seen == [None, 5, 6, None, 5, 6]
    assert len(runs.where(study="a", c=None)) == 2
    assert runs.where(c=None).results == [True, True]


def contents(place: Path) -> dict[str, bytes]:
    """Return every file below a directory."""
    return {str(path): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


@posix
def test_repeats_backup_files(isolated: Store, tmp_path: Path) -> None:
    """Repeats are both kept; each has its directory; a backup is a store; ids find the files."""

    @experiment(code="ignore")
    def noisy(a: int, seed: int) -> None:
        place = current_run().directory
        subprocess.run(["sh", "-c", f"echo {a + seed} > out.txt"], cwd=place, check=True)

    runs = noisy.sweep(grid(a=[10]).repeat(2)).run()
    assert len(set(runs.ids)) == 2
    isolated.backup(tmp_path / "copy")
    for path in (isolated.path, tmp_path / "copy"):
        with use(path):
            read = [run.files["out.txt"].read_text() for run in load(runs.ids)]
        assert read == ["10\n", "11\n"]


CHILD = """
from pathlib import Path
from expcache import post_result, run_params

speed = run_params()["speed"]
if not speed:
    raise SystemExit("at rest")
post_result({"reach": speed * float(Path("world.txt").read_text())})
"""


@posix
def test_a_program_for_each_run(isolated: Store, tmp_path: Path) -> None:
    """Each run has a directory with its files, reads its params and hands an object back."""
    for name, text in (("child.py", CHILD), ("earth.txt", "2"), ("b.txt", "b"), ("c.txt", "c")):
        (tmp_path / name).write_text(text)
    simulate = command(
        [sys.executable, "child.py"],
        name="simulate",
        inputs=[
            File(tmp_path / "child.py"),
            File(tmp_path / "earth.txt", link="copy", rename="world.txt"),
            File(tmp_path / "b.txt", link="shared"),
            File(tmp_path / "c.txt", link="link"),
        ],
        defaults={"speed": 1.0},
        env={"PYTHONPATH": str(Path(expcache.__file__).parents[1])},
    )
    sweep = simulate.sweep(points({"speed": v} for v in (1.0, 2.0, 3.0, 0.0)))
    runs = sweep.run(jobs=2)
    assert Counter(run.status for run in runs) == {"done": 3, "failed": 1}
    assert [run.result["reach"] for run in runs[:3]] == [2.0, 4.0, 6.0]
    assert "at rest" in str(runs[3].error)
    places = {run.directory for run in runs}
    assert len(places) == 4
    for run in runs[:3]:
        assert {"world.txt", "b.txt", "c.txt"} <= set(run.files)
    assert (tmp_path / "c.txt").samefile(runs[0].files["c.txt"])
    assert operator.eq(*(run.files["b.txt"].stat().st_ino for run in runs[:2]))
