"""The README: its two commands, and every block of it, in a copy of the repository."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from documents import SETUP, blocks, commands, run_page, shell

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.png", "*.egg-info", "build", "dist")


def setups() -> list[str]:
    """Return the commands of the README that set up an environment."""
    console = [block.text for block in blocks(README) if block.language == "console"]
    return [c for text in console for c, _ in commands(text) if c.startswith(SETUP)]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Copy what a reader's fresh clone holds."""
    return Path(shutil.copytree(ROOT, tmp_path / "clone", ignore=LEFT_OUT))


def test_the_transcripts_are_real(clone: Path) -> None:
    """Every command of the README prints what the README says, in order."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    pytest.importorskip("pandas")
    run_page(README, clone)


def test_there_are_two_commands() -> None:
    """One command sets up and runs the study, one sets up and runs the tests."""
    study, tests = setups()
    assert study.endswith("pytest examples/digits/study.py -k sweep_digits")
    assert tests.endswith("tox -p auto")


def test_ci_runs_the_command_of_the_readme() -> None:
    """What checks a change is what the README tells a reader to run."""
    assert setups()[1] in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


@pytest.mark.skipif(not os.environ.get("CI"), reason="installs packages: only where CI is set")
def test_the_first_command_works_in_a_fresh_clone(clone: Path) -> None:
    """The first command needs a clone and Python, and nothing else."""
    status, output = shell(setups()[0], clone)
    assert status == 0, output
    assert "72 passed" in output
