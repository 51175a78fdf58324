"""MPI as an engine: programs under mpiexec, whose other ranks compute."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from expcache import use
from mpi_ranks import MANY, MPIEXEC, command, surroundings
from plugin_project import plugin_arguments

pytest.importorskip("mpi4py")
HERE = Path(__file__).parent
PATIENCE = 240

Start: TypeAlias = Callable[..., "subprocess.Popen[str]"]

pytestmark = pytest.mark.skipif(MPIEXEC is None, reason="there is no mpiexec in PATH")

STUDY = """
import os
import sys
import time
from pathlib import Path

import expcache
from expcache import experiment, grid


@experiment
def fit(x):
    Path(f"begun-{x}").touch()
    while x > 3 and not Path("go").exists():
        time.sleep(0.005)
    with Path("calls").open("a") as file:
        file.write(f"{x}\\n")
    return x * x


sweep_fit = fit.sweep(grid(x=range(8)))
"""
PROGRAM = """
from mpi4py.futures import MPIPoolExecutor
from study import *

with MPIPoolExecutor(main=False) as pool:
    ranks = {pool.submit(os.getpid).result() for _ in range(20)}
    Path("ranks").write_text(" ".join(map(str, ranks)))
    print(sweep_fit.run(executor=pool).results)
"""
WORD = """
from study import *

with expcache.executor("mpi", **eval(sys.argv[1])) as executor:
    for x in (0, 2):
        print(fit.sweep(grid(x=[x, x + 1])).run(executor=executor).results, executor.jobs)
"""
ALONE = """
from study import *


@experiment
def alone(x):
    busy = Path("busy")
    busy.touch(exist_ok=False)
    time.sleep(0.02)
    busy.unlink()


runs = alone.sweep(grid(x=range(12))).run(executor=expcache.executor("mpi", jobs=1))
print(sum(run.done for run in runs))
"""
REFUSED = """
import expcache

try:
    expcache.executor("mpi")
except expcache.errors.ExecutorError as error:
    print(error)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with the programs."""
    for name, text in {
        "study": STUDY,
        "program": PROGRAM,
        "word": WORD,
        "alone": ALONE,
        "refused": REFUSED,
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "pyproject.toml").write_text("[tool.expcache]\n")
    (tmp_path / "ranks-here").mkdir()
    return tmp_path


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Start a program there, which is gone when the test is."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str, ranks: int = 3) -> subprocess.Popen[str]:
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        variables = surroundings(place / "store")
        program = command(*words, ranks=ranks)
        started.append(subprocess.Popen(program, cwd=place, env=variables, text=True, **pipes))
        return started[-1]

    yield begin
    for process in started:
        with process:
            process.terminate()


def said(process: subprocess.Popen[str]) -> str:
    """Return what a program has said, which has ended well."""
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    return output


def test_ranks_keep_the_rules_of_engines(start: Start) -> None:
    """Every rule holds where two ranks compute that were started elsewhere."""
    project = ["-c", str(HERE.parent / "pyproject.toml"), "--rootdir", str(HERE.parent)]
    quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    output = said(start(*MANY, "-m", "pytest", *quiet, *project, str(HERE / "mpi_rules.py")))
    assert " passed" in output
    assert "skipped" not in output


def test_a_pool_of_somebody_is_used(start: Start, place: Path) -> None:
    """An MPIPoolExecutor computes, and is still its owner's afterwards."""
    (place / "go").touch()
    assert "[0, 1, 4, 9, 16, 25, 36, 49]" in said(start(*MANY, "program.py"))


def test_an_executor_serves_several_sweeps(start: Start) -> None:
    """The executor of a word computes with all ranks but the first, sweep after sweep."""
    output = said(start(*MANY, "word.py", "{}"))
    assert output.splitlines()[-2:] == ["[0, 1] 2", "[4, 9] 2"]


def test_fewer_ranks_can_be_used_than_there_are(start: Start) -> None:
    """With `jobs=1`, no two runs are computed at a time, though there are two ranks."""
    output = said(start(*MANY, "word.py", "{'jobs': 1}"))
    assert output.splitlines()[-2:] == ["[0, 1] 1", "[4, 9] 1"]
    assert said(start(*MANY, "alone.py")).splitlines()[-1] == "12"


def test_ranks_are_started_where_there_are_none(start: Start) -> None:
    """A program that is no MPI job starts as many ranks as it says."""
    started = start("word.py", "{'jobs': 2}", ranks=0)
    output, _ = started.communicate(timeout=PATIENCE)
    if "MPI could not start ranks, see above. Start it with" in output:
        pytest.skip("this MPI library starts no ranks without mpiexec")
    assert started.returncode == 0, output
    assert output.splitlines()[-2:] == ["[0, 1] 2", "[4, 9] 2"]


def test_the_options_of_a_pool_are_passed_on(start: Start, place: Path) -> None:
    """What MPIPoolExecutor takes is an option of the executor, such as where ranks work."""
    said(start(*MANY, "word.py", "{'wdir': 'ranks-here'}"))
    assert (place / "ranks-here" / "begun-0").exists()


def test_pytest_computes_with_ranks(start: Start, place: Path) -> None:
    """A test session is the first rank, and its sweeps are computed by the others."""
    (place / "go").touch()
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *plugin_arguments()]
    output = said(start(*MANY, "-m", "pytest", *words, "--sweep-executor", "mpi", "study.py"))
    assert "8 passed" in output


def test_the_shell_computes_with_ranks(start: Start, place: Path) -> None:
    """The command `expcache` is the first rank, and computes with the others."""
    (place / "go").touch()
    said(start(*MANY, "-m", "expcache", "sweep", "study.py:sweep_fit", "--executor", "mpi"))
    assert sorted((place / "calls").read_text().split()) == [str(x) for x in range(8)]


def test_a_lost_rank_loses_what_runs(
    start: Start, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MPI ends with its first lost rank; the next call computes what was not done by then."""
    monkeypatch.syspath_prepend(place)
    sweep = import_module("study").sweep_fit
    first = start(*MANY, "program.py")
    with use(place / "store"):
        while sweep.status()["done"] < 4 or not (place / "begun-5").exists():
            assert first.poll() is None
    os.kill(int((place / "ranks").read_text().split()[0]), 9)
    first.communicate(timeout=PATIENCE)
    assert first.returncode != 0
    (place / "go").touch()
    assert "[0, 1, 4, 9, 16, 25, 36, 49]" in said(start(*MANY, "program.py"))
    calls = (place / "calls").read_text().split()
    assert sorted(calls) == [str(x) for x in range(8)]


@pytest.mark.parametrize(
    ("ranks", "words", "reason"),
    [
        (0, [], "there are no ranks to compute with"),
        (1, MANY, "the only rank runs this program"),
        (2, [], "2 processes run this program at a time"),
    ],
)
def test_a_program_without_ranks_is_told_how(
    start: Start, ranks: int, words: list[str], reason: str
) -> None:
    """Where no rank can compute, how to start the program is told."""
    output = said(start(*words, "refused.py", ranks=ranks))
    count = 2 if ranks == 2 else 5
    told = f'Start it with "mpiexec -n {count} python -m mpi4py.futures program.py"'
    other = "" if ranks else ", or say how many to start: jobs=4"
    assert f"cannot compute with executor 'mpi': {reason}. {told}{other}." in output


def test_what_is_no_pool_is_refused(start: Start, place: Path) -> None:
    """An object of mpi4py that is no pool is refused."""
    (place / "wrong.py").write_text(
        REFUSED.replace("import expcache", "import expcache, mpi4py.MPI, study").replace(
            'expcache.executor("mpi")', "study.sweep_fit.run(executor=mpi4py.MPI.COMM_WORLD)"
        )
    )
    output = said(start("wrong.py", ranks=1))
    assert "it is no pool of ranks. Give an mpi4py.futures.MPIPoolExecutor." in output
