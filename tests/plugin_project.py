"""A small project with a sweep, run by pytest inside a test."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules

import pytest

import expcache  # noqa: F401 - see below

__all__ = ["CHECK", "STUDY", "Project"]

# Each run of pytest in this process forgets the modules that it imported: those that the library
# imports late would come twice, with classes and registries of their own.
import_module("cloudpickle")
_ROOMS = ("acceptance", "capture", "cell", "completion", "executor", "explain", "explanation")
for _room in (*_ROOMS, "perform", "progress"):
    _package = import_module(f"expcache._{_room}")
    for _module in iter_modules(_package.__path__, f"{_package.__name__}."):
        import_module(_module.name)

STUDY = """
from pathlib import Path
from expcache import experiment, grid

@experiment
def fit(C):
    with open("computed.txt", "a") as log:
        log.write(f"{C}\\n")
    if str(C) in Path("failing.txt").read_text().split():
        raise ZeroDivisionError(f"no fit at {C}")
    return {"accuracy": C / 10}

sweep_fit = fit.sweep(grid(C=[1, 2, 3]))
"""

CHECK = """
@sweep_fit.check
def test_accuracy(run):
    assert run.result["accuracy"] == run.params["C"] / 10
"""


def plugin_arguments() -> list[str]:
    """Return what loads the plugin where the distribution is not installed.

    The plugin of hypothesis, a third of the start of every session, is left out.
    """
    installed = any(one.value == "pytest_expcache.plugin" for one in entry_points(group="pytest11"))
    without = ["-p", "no:hypothesispytest"]
    return without if installed else [*without, "-p", "pytest_expcache.plugin"]


class Project:
    """A directory with one test file, in which pytest runs again and again."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        """Begin with an empty project whose experiments do not fail."""
        self.pytester = pytester
        self.path: Path = pytester.path
        self.path.joinpath("pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        self.failing()

    def write(self, text: str, name: str = "test_study.py") -> Path:
        """Write a file of the project, each time with a later date than before.

        pytest takes a test module from its byte code where size and date, in whole seconds, agree.
        """
        path = self.path / name
        later = path.stat().st_mtime + 2 if path.exists() else None
        path.write_text(text)
        if later is not None:
            os.utime(path, (later, later))
        return path

    def failing(self, *points: int) -> None:
        """Say which points fail from now on."""
        self.path.joinpath("failing.txt").write_text(" ".join(map(str, points)))

    def computed(self) -> list[int]:
        """Return which points were computed since this was asked last, in order."""
        log = self.path / "computed.txt"
        lines = log.read_text().split() if log.exists() else []
        log.unlink(missing_ok=True)
        return [int(line) for line in lines]

    @property
    def arguments(self) -> list[str]:
        """What every command line of pytest begins with here."""
        return [*plugin_arguments(), "-p", "no:randomly", "-Wdefault"]

    def damage(self) -> None:
        """Flip a byte in every stored record."""
        for database in self.path.glob(".expcache/**/cache.db"):
            with closing(sqlite3.connect(database)) as connection, connection:
                rows = connection.execute(
                    "SELECT rowid, value FROM Cache WHERE mode = 1"
                ).fetchall()
                for row, value in rows:
                    broken = bytes(value[:-20]) + bytes([value[-20] ^ 1]) + bytes(value[-19:])
                    connection.execute("UPDATE Cache SET value = ? WHERE rowid = ?", (broken, row))

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in this process."""
        return self.pytester.runpytest_inprocess(*self.arguments, *arguments, no_reraise_ctrlc=True)

    def run_apart(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in a process of its own."""
        return self.pytester.runpytest_subprocess(*self.arguments, *arguments)
