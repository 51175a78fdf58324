"""The commands that render sweeps for batch systems, and collect what comes of them."""

from __future__ import annotations

import os
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
    told = call("collect", str(tmp_path / "jobs"), "--json")
    assert (told.status, sorted(told.json["stored"])) == (0, sorted(made.ids))
    assert told.json["refused"] == []


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
