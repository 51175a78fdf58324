"""What an edit of a study does to its results, and how it is explained: each in a new process."""

# ruff: noqa: E501 - what is said of one difference is one line

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HELPERS = """
import functools

FACTOR = 10
TABLE = {"rate": 1, "steps": [1, 2]}

def scale(x):
    y = x * FACTOR
    return y

def twice(function):
    @functools.wraps(function)
    def wrapper(x):
        return function(x) + function(x)
    return wrapper

class Model:
    bias = 0

    def __init__(self, n):
        self.n = n

    def predict(self, x):
        return x * 0 + self.bias

def unused(x):
    return x
"""

STUDY = """
import math
from functools import partial
from pathlib import Path

import helpers
from expcache import experiment
from helpers import TABLE, Model, twice

OFFSET = 1
MODEL = Model(3)

def make_shift(n):
    def shift(x):
        return x + n
    return shift

shift = make_shift(5)
power = partial(pow, 2)
cube = lambda x: x * 0

def helper(x):
    if x:
        return x
    return 0

@twice
def double(x):
    return x * 0

@experiment
def fit(x, y=2):
    with Path(__file__).with_suffix(".calls").open("a") as calls:
        calls.write(f"{x}\\n")
    import local

    total = helpers.scale(x) + y + OFFSET + local.VALUE
    total += TABLE["rate"] + MODEL.predict(x) + helper(x) + double(x)
    total += shift(x) + cube(x) + power(0)
    return total + math.floor(0.5)

if __name__ == "__main__":
    print(fit.explain(x=1))
    fit(x=1)
"""

COSMETIC = {
    "nothing": ("study.py", "OFFSET = 1", "OFFSET = 1"),
    "moved down": ("study.py", "@experiment", "\n\n\n@experiment"),
    "comment": ("study.py", "def fit(x, y=2):", "# why\ndef fit(x, y=2):  # here"),
    "docstring": ("study.py", "def fit(x, y=2):", 'def fit(x, y=2):\n    """Fit it."""'),
    "layout": ("study.py", "def fit(x, y=2):", "def fit(\n    x,\n    y = (2),\n):"),
    "annotations": ("study.py", "def fit(x, y=2):", "def fit(x: int, y: int = 2) -> int:"),
    "quotes": ("study.py", '"rate"', "'rate'"),
    "import added": ("study.py", "import math\n", "import math\nimport json\n"),
    "unrelated constant": ("study.py", "OFFSET = 1", "OFFSET = 1\nOTHER = 2"),
    "constant spelled otherwise": ("study.py", "OFFSET = 1", "OFFSET = 3 - 2"),
    "unrelated function": ("helpers.py", "def unused(x):\n    return x", ""),
    "helper's comment": ("helpers.py", "    return y", "    # done\n    return y"),
    "helper's docstring": ("helpers.py", "def scale(x):", 'def scale(x):\n    "Say."'),
    "options of the experiment": ("study.py", "@experiment", '@experiment(tags=["new"])'),
}

SEMANTIC = {
    "body": ("study.py", "+ y + OFFSET", "- y + OFFSET"),
    "statement added": ("study.py", "    total +=", "    total *= 2\n    total +="),
    "statement removed": ("helpers.py", "        self.n = n", "        pass"),
    "branch": ("study.py", "    if x:", "    if not x:"),
    "branch added": (
        "study.py",
        "        return x\n",
        "        return x\n    else:\n        return 1\n",
    ),
    "helper's body": (
        "study.py",
        "        return x\n    return 0",
        "        return -x\n    return 0",
    ),
    "helper's parameter renamed": (
        "study.py",
        "def helper(x):\n    if x:\n        return x",
        "def helper(u):\n    if u:\n        return u",
    ),
    "helper in another module": ("helpers.py", "x * FACTOR", "x * FACTOR + 1"),
    "helper called": ("study.py", "+ y + OFFSET", "+ y + helpers.unused(OFFSET)"),
    "helper no longer called": ("study.py", "helpers.scale(x) + y", "x + y"),
    "constant": ("study.py", "OFFSET = 1", "OFFSET = 2"),
    "constant's type": ("study.py", "OFFSET = 1", "OFFSET = 1.0"),
    "constant of a helper": ("helpers.py", "FACTOR = 10", "FACTOR = 20"),
    "table emptied": ("helpers.py", '"steps": [1, 2]', '"steps": []'),
    "inside a table": ("helpers.py", '"rate": 1', '"rate": 3'),
    "parameter added": ("study.py", "def fit(x, y=2):", "def fit(x, y=2, z=0):"),
    "parameter by keyword": ("study.py", "def fit(x, y=2):", "def fit(x, *, y=2):"),
    "default": ("study.py", "y=2", "y=3"),
    "closure value": ("study.py", "make_shift(5)", "make_shift(6)"),
    "closure body": ("study.py", "return x + n", "return x - n"),
    "lambda": ("study.py", "lambda x: x * 0", "lambda x: x * 2"),
    "partial's argument": ("study.py", "partial(pow, 2)", "partial(pow, 3)"),
    "state of an instance": ("study.py", "Model(3)", "Model(4)"),
    "method": ("helpers.py", "x * 0 + self.bias", "x * 0 - self.bias"),
    "class attribute": ("helpers.py", "bias = 0", "bias = 1"),
    "base class": ("helpers.py", "class Model:", "class Base:\n    pass\n\nclass Model(Base):"),
    "decorator removed": ("study.py", "@twice\n", ""),
    "decorator added": ("study.py", "def helper(x):", "@twice\ndef helper(x):"),
    "decorator's body": ("helpers.py", "function(x) + function(x)", "function(x) * 2"),
    "library function": ("study.py", "math.floor(0.5)", "math.ceil(0.5)"),
    "library module": ("study.py", "import math\n", "import mathlike as math\n"),
    "function replaced": ("study.py", "OFFSET = 1", "OFFSET = 1\nhelpers.scale = helpers.unused"),
    "module imported inside": ("local.py", "VALUE = 1", "VALUE = 2"),
    "import inside": ("study.py", "    import local\n", "    import mathlike\n    import local\n"),
}

TOLD: dict[str, list[str]] = {
    "body": [
        "function study.fit changed (study.py:37): total = helpers.scale(x) + y + OFFSET + local.VALUE -> total = helpers.scale(x) - y + OFFSET + local.VALUE",
    ],
    "statement added": [
        "function study.fit changed (study.py:38): total *= 2",
    ],
    "statement removed": [
        "class helpers.Model changed in __init__ (helpers.py:21): self.n = n -> pass",
        "constant study.MODEL changed (study.py:11): <Model n=3> -> <Model>",
    ],
    "branch": [
        "function study.helper changed (study.py:23): if x: -> if not x:",
    ],
    "branch added": [
        "function study.helper changed (study.py:26): return 1",
    ],
    "helper's body": [
        "function study.helper changed (study.py:24): return x -> return -x",
    ],
    "helper's parameter renamed": [
        "function study.helper changed (study.py:22): (x) -> (u), and 2 more lines; .diff() shows them",
    ],
    "helper in another module": [
        "function helpers.scale changed (helpers.py:8): y = x * FACTOR -> y = x * FACTOR + 1",
    ],
    "helper called": [
        "function study.fit changed (study.py:37): total = helpers.scale(x) + y + OFFSET + local.VALUE -> total = helpers.scale(x) + y + helpers.unused(OFFSET) + l...",
        "function helpers.unused is reached only now (helpers.py:26)",
    ],
    "helper no longer called": [
        "function study.fit changed (study.py:37): total = helpers.scale(x) + y + OFFSET + local.VALUE -> total = x + y + OFFSET + local.VALUE",
        "constant helpers.FACTOR is no longer reached: was 10",
        "function helpers.scale is no longer reached",
    ],
    "constant": [
        "constant study.OFFSET changed (study.py:10): 1 -> 2",
    ],
    "constant's type": [
        "constant study.OFFSET changed (study.py:10): 1 -> 1.0",
    ],
    "constant of a helper": [
        "constant helpers.FACTOR changed (helpers.py:4): 10 -> 20",
    ],
    "table emptied": [
        "constant study.TABLE['steps'] changed (helpers.py:5): [1, 2] -> []",
    ],
    "inside a table": [
        "constant study.TABLE['rate'] changed (helpers.py:5): 1 -> 3",
    ],
    "parameter added": [
        "function study.fit changed (study.py:32): (x, y=2) -> (x, y=2, z=0)",
        "default of z in study.fit is new (study.py:32): 0",
    ],
    "parameter by keyword": [
        "function study.fit changed (study.py:32): (x, y=2) -> (x, *, y=2)",
    ],
    "default": [
        "default of y in study.fit changed (study.py:32): 2 -> 3",
    ],
    "closure value": [
        "constant study.n changed (study.py:18): 5 -> 6",
    ],
    "closure body": [
        "function study.shift changed (study.py:15): return x + n -> return x - n",
    ],
    "lambda": [
        "function study.<lambda> changed (study.py:20): cube = lambda x: x * 0 -> cube = lambda x: x * 2",
    ],
    "partial's argument": [
        "constant study.power changed (study.py:19): 2 -> 3",
    ],
    "state of an instance": [
        "constant study.MODEL changed (study.py:11): <Model n=3> -> <Model n=4>",
    ],
    "method": [
        "class helpers.Model changed in predict (helpers.py:24): return x * 0 + self.bias -> return x * 0 - self.bias",
    ],
    "class attribute": [
        "constant helpers.Model.bias changed (helpers.py:18): 0 -> 1",
    ],
    "base class": [
        "class helpers.Model changed (helpers.py:20): class Model: -> class Model(Base):",
        "class helpers.Base is reached only now (helpers.py:17)",
    ],
    "decorator removed": [
        "decorator study.double changed (study.py:27): @twice -> none",
        "function helpers.twice is no longer reached",
        "function helpers.wrapper is no longer reached",
    ],
    "decorator added": [
        "decorator study.helper changed (study.py:22): none -> @twice",
        "function helpers.wrapper#2 is reached only now (helpers.py:13)",
    ],
    "decorator's body": [
        "function helpers.twice changed (helpers.py:14): return function(x) + function(x) -> return function(x) * 2",
    ],
    "library function": [
        "function study.fit changed (study.py:40): return total + math.floor(0.5) -> return total + math.ceil(0.5)",
    ],
    "library module": [
        "function study.fit changed: math.floor stands for something else (study.py:40): math -> floor",
        "function mathlike.floor is reached only now (mathlike.py:1)",
    ],
    "function replaced": [
        "function study.fit changed: helpers.scale stands for something else (study.py:38): scale -> unused",
        "function helpers.unused is reached only now (helpers.py:26)",
        "constant helpers.FACTOR is no longer reached: was 10",
        "function helpers.scale is no longer reached",
    ],
    "module imported inside": [
        "module local changed (local.py:1): VALUE = 1 -> VALUE = 2",
    ],
    "import inside": [
        "function study.fit changed (study.py:35): import mathlike",
        "module mathlike is reached only now (mathlike.py:1)",
    ],
}


REMEDY = "If it changes no result: fit.accept(reason=...), or pytest --sweep-accept."


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project folder with the study and its helpers, run once."""
    folder = tmp_path_factory.mktemp("edits")
    (folder / "pyproject.toml").touch()
    (folder / "study.py").write_text(STUDY, encoding="utf-8")
    (folder / "helpers.py").write_text(HELPERS, encoding="utf-8")
    (folder / "mathlike.py").write_text("def floor(x):\n    return 0\n", encoding="utf-8")
    (folder / "local.py").write_text("VALUE = 1\n", encoding="utf-8")
    run(folder)
    return folder


def run(folder: Path) -> tuple[list[str], int]:
    """Run the study; return how its call is explained, and how often it has computed so far."""
    done = subprocess.run(
        [sys.executable, "study.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        # An edit within the same second must not meet byte code of the text before it.
        env={**os.environ, "EXPCACHE_STORE": "", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert not done.returncode, done.stderr
    calls = (folder / "study.calls").read_text(encoding="utf-8").splitlines()
    return done.stdout.splitlines(), len(calls)


def edited(stored: Path, folder: Path, name: str, old: str, new: str) -> tuple[list[str], int]:
    """Run a copy of the study with an edit; return the words and the number of computations."""
    copied = Path(shutil.copytree(stored, folder / "project"))
    text = (copied / name).read_text(encoding="utf-8")
    assert old in text
    (copied / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return run(copied)


@pytest.mark.parametrize("edit", COSMETIC)
def test_a_cosmetic_edit_is_a_hit(stored: Path, tmp_path: Path, edit: str) -> None:
    """What does not change the result is a hit, and is said to be one."""
    lines, count = edited(stored, tmp_path, *COSMETIC[edit])
    assert lines[0] == "hit: study.fit(x=1, y=2) is stored for this code"
    assert lines[2:] == []
    assert count == 1


@pytest.mark.parametrize("edit", SEMANTIC)
def test_an_edit_that_matters_is_explained(stored: Path, tmp_path: Path, edit: str) -> None:
    """What changes the result is computed, and what changed is said, at its line."""
    lines, count = edited(stored, tmp_path, *SEMANTIC[edit])
    assert lines[0].startswith("miss: study.fit(x=1, ")
    assert lines[0].endswith(" is stored for other code only")
    remedy = [] if edit == "default" else [REMEDY]
    assert [line.strip() for line in lines[2:]] == [*TOLD[edit], *remedy]
    assert count == 2
