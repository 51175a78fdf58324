"""The commands that render sweeps for batch systems, and collect what comes of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expcache import Sweep, experiment, grid, render, use

Call = Callable[..., Any]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripts are for a POSIX shell")
pytest.importorskip("jinja2")


def inverse(a: int) -> float:
    """Fail where there is none."""
    print("inverting", a)  # noqa: T201 - to be captured
    return 1 / a


@pytest.fixture
def sweep(study: Path) -> Sweep[Any]:
    """A sweep of which one run fails, in the project's store."""
    use(study / ".expcache")
    return experiment(name="cli.inverse")(inverse).sweep(grid(a=[2, 0]), name="inverses")


@pytest.fixture(autouse=True)
def default_store() -> Any:
    """Go back to the default store."""
    yield
    use(None)


def test_compute_and_collect(call: Call, sweep: Sweep[Any], tmp_path: Path) -> None:
    """A run is computed where it was rendered, and collected; a failure gives the exit status 1."""
    made = render(sweep, None, tmp_path / "jobs")
    one, two = (str(tmp_path / "jobs" / run) for run in made.ids)
    told = call("compute", one)
    assert (told.status, told.out, told.err) == (0, "inverting 2\n", "")
    told = call("compute", two)
    assert told.status == 1
    assert told.err.endswith("ZeroDivisionError: division by zero\n")
    told = call("compute", two, "--json")
    assert (told.json["status"], told.json["output"]) == ("failed", "inverting 0\n")
    for directory in (one, two):
        for name in ("stdout.txt", "stderr.txt"):
            Path(directory, name).touch()
        Path(directory, "started").write_text("2026-01-01T00:00:00\nhere\n")
        Path(directory, "finished").write_text("2026-01-01T00:00:01\n")
        Path(directory, "status").write_text("0\n")
    told = call("collect", str(tmp_path / "jobs"))
    assert (told.status, told.out) == (1, "collected: 1 done, 1 failed\n")
    assert told.err == (
        f"To see why: expcache log {made.ids[1][:8]}. To compute it again: render, as before.\n"
    )
    told = call("collect", str(tmp_path / "jobs"), "--json")
    assert (told.status, sorted(told.json["stored"])) == (0, sorted(made.ids))
    assert told.json["refused"] == []


def test_collect_names_what_has_not_ended(call: Call, sweep: Sweep[Any], tmp_path: Path) -> None:
    """The first of the runs that are not there yet are named."""
    made = render(sweep, None, tmp_path / "jobs")
    told = call("collect", str(tmp_path / "jobs"))
    assert (told.status, told.out) == (0, "collected: 2 unfinished\n")
    names = told.err.removeprefix("Unfinished: ").removesuffix(". Wait, or submit them again.\n")
    assert sorted(names.split(", ")) == sorted(one[:8] for one in made.ids)


def test_nothing_to_compute(call: Call, sweep: Sweep[Any], tmp_path: Path) -> None:
    """A directory of a command, and one of something else, are refused in a sentence."""
    made = render(sweep, None, tmp_path / "jobs", command="true")
    told = call("compute", str(tmp_path / "jobs" / made.ids[0]))
    assert told.status == 1
    assert "it holds no function, but a command. Run its expcache.sh." in told.err
    told = call("collect", str(tmp_path))
    assert told.err.startswith(f"cannot collect from {str(tmp_path)!r}: nothing was rendered there")


def test_collect_into_another_store(call: Call, sweep: Sweep[Any], tmp_path: Path) -> None:
    """--store says where the results go, and refusals give the exit status 1."""
    made = render(sweep, None, tmp_path / "jobs", command="true")
    (tmp_path / "jobs" / made.ids[0] / "params.json").write_text("{}")
    told = call("collect", str(tmp_path / "jobs"), "--store", str(tmp_path / "other"), "--json")
    assert told.status == 1
    assert told.json["unfinished"] == [made.ids[1]]
    assert "is not what was rendered" in told.json["refused"][0]["reason"]


STUDY = """
from expcache import experiment, grid

@experiment
def double(a):
    print("doubling")
    return 2 * a

sweep_double = double.sweep(grid(a=[1, 2]))
"""


def test_from_render_to_collect(study: Path, process: Call) -> None:
    """A sweep that a file holds is rendered, submitted, collected, and then needs nothing."""
    (study / "doubling.py").write_text(STUDY)
    told = process("render", "doubling.py:sweep_double", "jobs", "--json")
    ids = told.json["ids"]
    assert told.json == {
        "sweep": "sweep_double",
        "directory": "jobs",
        "ids": ids,
        "waiting": [],
        "stored": 0,
        "submit": str(Path("jobs", "submit-1.sh")),
    }
    again = process("render", "doubling.py:sweep_double", "jobs")
    assert again.out == "sweep_double: 0 runs rendered into jobs, 2 waiting there\n"
    subprocess.run(
        ["sh", "jobs/submit-1.sh"], env=os.environ | {"PYTHON": sys.executable}, check=True
    )
    assert (study / "jobs" / ids[0] / "stdout.txt").read_text() == "doubling\n"
    assert process("collect", "jobs").out == "collected: 2 done\n"
    told = process("render", "doubling.py:sweep_double", "jobs", "--json")
    assert (told.json["stored"], told.json["submit"]) == (2, None)


def test_a_specification_is_rendered_from_templates(study: Path, process: Call) -> None:
    """A sweep in a file of TOML, templates and a command give directories; mistakes are told."""
    (study / "doubling.py").write_text(STUDY)
    (study / "more.toml").write_text('experiment = "doubling.py:double"\ngrid.a = [5]\n')
    (study / "templates").mkdir()
    (study / "templates" / "in.txt").write_text("{{ a }} {{ c }}")
    words = ["render", "more.toml", "jobs", "-t", "templates", "--command", "cat in.txt"]
    told = process(*words)
    assert told.status == 1
    assert told.err.startswith("cannot render 'templates/in.txt', line 1: 'c' is undefined.")
    (study / "templates" / "in.txt").write_text("{{ a }}")
    told = process(*words, "--scheduler", "slurm", "--json")
    assert told.status == 0
    assert (study / "jobs" / told.json["ids"][0] / "in.txt").read_text() == "5"
    assert "sbatch --array=1-1" in (study / "jobs" / "submit-1.sh").read_text()
