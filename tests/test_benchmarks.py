"""The benchmarks run: at tiny sizes, and whatever they measure there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
SCRIPTS = sorted(path.name for path in FOLDER.glob("[!_]*.py"))

Started = dict[str, subprocess.Popen[str]]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Start all of them at once, and leave none behind."""
    pytest.importorskip("numpy")
    place = tmp_path_factory.mktemp("benchmarks")
    environment = {**os.environ, "PYTHONWARNINGS": "error", "TMPDIR": str(place)}
    environment |= {"PYTHONPYCACHEPREFIX": str(place), "PYTHONDONTWRITEBYTECODE": ""}
    running = {
        name: subprocess.Popen(
            [sys.executable, str(FOLDER / name), "--quick"],
            cwd=place,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in SCRIPTS
    }
    yield running
    for process in running.values():
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_benchmark_prints_its_table(started: Started, name: str) -> None:
    """Each benchmark ends well, without the peers that are missing, and its tables are whole."""
    printed, errors = started[name].communicate(timeout=120)
    assert started[name].returncode == 0, errors
    blocks = groupby(printed.splitlines(), lambda line: line.startswith("| ") or line[:2] == "|-")
    tables = [list(lines) for is_table, lines in blocks if is_table]
    assert tables
    for lines in tables:
        assert len(lines) > 2
        assert len({line.count(" | ") for line in lines[:1] + lines[2:]}) == 1


def test_the_page_tells_of_each_benchmark() -> None:
    """The README of the benchmarks names every script."""
    page = (FOLDER / "README.md").read_text("utf-8")
    assert [name for name in SCRIPTS if f"`{name}`" not in page] == []
