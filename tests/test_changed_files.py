"""A result is kept only if the files that identify its run are still what they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from expcache import File, Store, experiment, grid, use

JOBS = [1, 2]

# That a parameter was changed is warned of in process, whatever it is.
pytestmark = pytest.mark.filterwarnings("ignore:cannot vouch for the parameters")


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[Store]:
    """Give every test a store of its own."""
    with use(tmp_path / "store") as opened:
        yield opened
    opened.close()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file to read."""
    path = tmp_path / "table.txt"
    path.write_text("one", "utf-8")
    return path


@experiment(name="spoil")
def spoil(table: Any, text: str) -> str:
    """Read a file after somebody has written to it, as if at any moment of a long run."""
    path = Path(table["deep"][0])
    if text == "gone":
        path.unlink()
        return "one"
    path.write_text(text, "utf-8")
    return path.read_text("utf-8")


@pytest.mark.parametrize("jobs", JOBS)
def test_a_result_of_other_content_is_not_kept(jobs: int, table: Path) -> None:
    """Where a file changes while a run is computed, the run fails, and no later one is served."""
    points = grid(table=[{"deep": [File(table)]}], text=["other"])
    (run,) = spoil.sweep(points).run(jobs=jobs)
    assert run.status == "failed"
    assert run.error is not None
    assert run.error.message == (
        f"cannot keep the result of 'spoil': the content of {str(table)!r} changed meanwhile. "
        "Run it again; an experiment that writes to its input needs a copy of it."
    )
    table.write_text("one", "utf-8")
    found = spoil.find(table={"deep": [File(table)]}, text="other")
    assert found is not None
    assert found.status == "failed"


@pytest.mark.parametrize("jobs", JOBS)
@pytest.mark.parametrize("text", ["one", "gone"])
def test_a_file_may_be_put_away(jobs: int, text: str, table: Path) -> None:
    """A file that is written with equal content, or is gone in the end, spoils nothing."""
    points = grid(table=[{"deep": [File(table)]}], text=[text])
    (run,) = spoil.sweep(points).run(jobs=jobs)
    assert (run.status, run.result) == ("done", "one")


def test_a_file_that_is_ignored_may_change(table: Path) -> None:
    """What is no part of the id is not looked at."""

    @experiment(ignore=["table"])
    def log(table: File, line: str) -> str:
        Path(table).write_text(line, "utf-8")
        return line

    assert log(File(table), "two") == "two"
