"""What an edit of a study's files does to its results, each edit in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HELPERS = """
FACTOR = 10

def scale(x):
    return x * FACTOR
"""

STUDY = """
from pathlib import Path

import helpers
from expcache import experiment

OFFSET = 1

def make_shift(n):
    def shift(x):
        return x + n
    return shift

shift = make_shift(5)

@experiment
def fit(x, y=2):
    with Path(__file__).with_suffix(".calls").open("a") as calls:
        calls.write(f"{x}\\n")
    return shift(helpers.scale(x)) + y + OFFSET

print(fit(x=1))
"""

COSMETIC = {
    "comment": ("study.py", "def fit(x, y=2):", "# why\ndef fit(x, y=2):  # here"),
    "docstring": ("study.py", "def fit(x, y=2):", 'def fit(x, y=2):\n    """Fit it."""'),
    "layout": ("study.py", "def fit(x, y=2):", "def fit(\n    x,\n    y = (2),\n):"),
    "annotations": ("study.py", "def fit(x, y=2):", "def fit(x: int, y: int = 2) -> int:"),
    "moved down": ("study.py", "@experiment", "\n\n\n@experiment"),
    "helper's comment": ("helpers.py", "return x", "# times\n    return x"),
    "unrelated code": ("study.py", "OFFSET = 1", "OFFSET = 1\nOTHER = 2"),
}

SEMANTIC = {
    "body": ("study.py", "+ y + OFFSET", "- y + OFFSET", 14),
    "helper's body": ("helpers.py", "x * FACTOR", "x * FACTOR + 1", 19),
    "constant": ("study.py", "OFFSET = 1", "OFFSET = 2", 19),
    "helper's constant": ("helpers.py", "FACTOR = 10", "FACTOR = 20", 28),
    "default": ("study.py", "y=2", "y=3", 19),
    "closure value": ("study.py", "make_shift(5)", "make_shift(6)", 19),
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Return a project folder with the study and its helpers, run once."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "study.py").write_text(STUDY, encoding="utf-8")
    (tmp_path / "helpers.py").write_text(HELPERS, encoding="utf-8")
    assert run(tmp_path) == (18, 1)
    return tmp_path


def run(folder: Path) -> tuple[int, int]:
    """Run the study; return what it printed, and how often it has computed so far."""
    done = subprocess.run(
        [sys.executable, "study.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        # An edit within the same second must not meet byte code of the text before it.
        env={**os.environ, "EXPCACHE_STORE": "", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    calls = (folder / "study.calls").read_text(encoding="utf-8").splitlines()
    return int(done.stdout), len(calls)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text that is there in one of the files."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("kind", COSMETIC)
def test_a_cosmetic_edit_is_a_hit(study: Path, kind: str) -> None:
    """What does not change the result does not compute it again."""
    edit(study, *COSMETIC[kind])
    assert run(study) == (18, 1)


@pytest.mark.parametrize("kind", SEMANTIC)
def test_a_change_that_matters_is_computed_and_its_undoing_a_hit(study: Path, kind: str) -> None:
    """A changed body, helper, constant, default or closure computes; going back hits again."""
    name, old, new, result = SEMANTIC[kind]
    edit(study, name, old, new)
    assert run(study) == (result, 2)
    edit(study, name, new, old)
    assert run(study) == (18, 2)


def test_an_import_and_a_script_share_their_results(study: Path) -> None:
    """The study imported by another script hits what it stored as a script."""
    (study / "other.py").write_text("import study\n", encoding="utf-8")
    subprocess.run(
        [sys.executable, "other.py"],
        cwd=study,
        check=True,
        capture_output=True,
        env={**os.environ, "EXPCACHE_STORE": ""},
    )
    assert run(study) == (18, 1)
