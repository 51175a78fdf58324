"""What a fingerprint cannot see, and that the remedy of the page works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "identity.md"

HEAD = """
import os
import sys
from pathlib import Path
from expcache import File, experiment
"""
TAIL = """
print(plain.run().cached, remedied.run({arguments}).cached)
"""


class Unseen(NamedTuple):
    """A study whose result changes by something that is not its code.

    The files and variables are those before the change, and those after it.
    """

    study: str
    before: dict[str, str]
    after: dict[str, str]
    arguments: str = ""


def fit(number: int) -> str:
    """Return a module with a function of one result."""
    return f"def fit(*ignored):\n    return {number}\n"


def distribution(version: str) -> str:
    """Return what tells the version of an installed distribution."""
    return f"Metadata-Version: 2.1\nName: thing\nVersion: {version}\n"


METADATA = "thing-0.dist-info/METADATA"

CASES = {
    "a name that is put together: `globals()[...]`, `sys.modules[...]`, `eval`": Unseen(
        """
import models
from models import fit

@experiment
def plain():
    return globals()["f" + "it"]()

@experiment(depends=[models.fit])
def remedied():
    return globals()["f" + "it"]()
""",
        {"models.py": fit(1)},
        {"models.py": fit(2)},
    ),
    "a module imported by a name that is put together": Unseen(
        """
import importlib
import models_small

@experiment
def plain(size="small"):
    return importlib.import_module(f"models_{size}").fit()

@experiment(depends=[models_small])
def remedied(size="small"):
    return importlib.import_module(f"models_{size}").fit()
""",
        {"models_small.py": fit(1)},
        {"models_small.py": fit(2)},
    ),
    "plug-ins: `__subclasses__`, registries, entry points": Unseen(
        """
import base
import shapes

@experiment
def plain():
    return [one().area() for one in base.Shape.__subclasses__()]

@experiment(depends=[shapes])
def remedied():
    return [one().area() for one in base.Shape.__subclasses__()]
""",
        {
            "base.py": "class Shape:\n    pass\n",
            "shapes.py": "from base import Shape\nclass A(Shape):\n    def area(self): return 1\n",
        },
        {"shapes.py": "from base import Shape\nclass A(Shape):\n    def area(self): return 2\n"},
    ),
    "the code of a library, a new version of it": Unseen(
        """
@experiment
def plain():
    return 1

@experiment(depends=["thing"])
def remedied():
    return 1
""",
        {METADATA: distribution("1.0")},
        {METADATA: distribution("1.1")},
    ),
    "a compiled extension of your own": Unseen(
        """
import ctypes

@experiment
def plain():
    return Path("fast.so").stat().st_size

@experiment(depends=[File("fast.so")])
def remedied():
    return Path("fast.so").stat().st_size
""",
        {"fast.so": "compiled"},
        {"fast.so": "compiled again"},
    ),
    "monkeypatching inside a library": Unseen(
        """
import fractions
import patches

fractions.Fraction.limit_denominator = patches.fit

@experiment
def plain():
    return fractions.Fraction(1, 3).limit_denominator()

@experiment(depends=[patches.fit])
def remedied():
    return fractions.Fraction(1, 3).limit_denominator()
""",
        {"patches.py": fit(1)},
        {"patches.py": fit(2)},
    ),
    "settings of a library that are made elsewhere": Unseen(
        """
import decimal
import settings

decimal.getcontext().prec = settings.DIGITS

@experiment
def plain():
    return str(decimal.Decimal(1) / 3)

@experiment
def remedied():
    with decimal.localcontext() as context:
        context.prec = settings.DIGITS
        return str(decimal.Decimal(1) / 3)
""",
        {"settings.py": "DIGITS = 5\n"},
        {"settings.py": "DIGITS = 9\n"},
    ),
    "files that the function reads": Unseen(
        """
@experiment
def plain(path="table.csv"):
    return Path(path).read_text()

@experiment
def remedied(table):
    return Path(table).read_text()
""",
        {"table.csv": "1,2"},
        {"table.csv": "1,3"},
        'File("table.csv")',
    ),
    "files whose names are fixed": Unseen(
        """
@experiment
def plain():
    return Path("table.csv").read_text()

@experiment(depends=[File("table.csv")])
def remedied():
    return Path("table.csv").read_text()
""",
        {"table.csv": "1,2"},
        {"table.csv": "1,3"},
    ),
    "environment variables": Unseen(
        """
@experiment
def plain():
    return os.environ["MODE"]

@experiment(depends=[("MODE", os.environ["MODE"])])
def remedied():
    return os.environ["MODE"]
""",
        {"$MODE": "quick"},
        {"$MODE": "exact"},
    ),
    "the command line, the working directory, the machine": Unseen(
        """
@experiment
def plain():
    return sys.argv[1:]

@experiment
def remedied(arguments):
    return arguments
""",
        {"$ARGUMENTS": "quick"},
        {"$ARGUMENTS": "exact"},
        "sys.argv[1:]",
    ),
    "the time": Unseen(
        """
import time

if "DAY" in os.environ:
    time.time = lambda: float(os.environ["DAY"]) * 86400

@experiment
def plain():
    return time.time() // 86400

@experiment
def remedied(day):
    return day
""",
        {"$DAY": "1"},
        {"$DAY": "2"},
        "time.time() // 86400",
    ),
    "random numbers without a seed": Unseen(
        """
import random

@experiment
def plain():
    return random.random()

@experiment
def remedied(seed):
    return random.Random(seed).random()
""",
        {"$SEED": "1"},
        {"$SEED": "2"},
        'int(os.environ["SEED"])',
    ),
    "the network, a database": Unseen(
        """
from urllib.request import urlopen

def fetch():
    with urlopen(Path("answer.json").absolute().as_uri()) as answer:
        return answer.read()

@experiment
def plain():
    return len(fetch())

@experiment
def remedied(answer):
    return len(answer)
""",
        {"answer.json": "[1]"},
        {"answer.json": "[1, 2]"},
        "fetch()",
    ),
    "other programs": Unseen(
        """
import subprocess

def version():
    return subprocess.run(["sh", "tool.sh", "--version"], capture_output=True).stdout

@experiment
def plain():
    return subprocess.run(["sh", "tool.sh"], capture_output=True).stdout

@experiment(depends=[("tool", version())])
def remedied():
    return subprocess.run(["sh", "tool.sh"], capture_output=True).stdout
""",
        {"tool.sh": "echo 1.0\n"},
        {"tool.sh": "echo 1.1\n"},
    ),
    "a change from outside of an object without canonical form": Unseen(
        """
import threading
import settings

ENGINE = threading.local()
settings.prepare(ENGINE)

@experiment
def plain():
    return ENGINE.speed

@experiment
def remedied(speed):
    return speed
""",
        {"settings.py": "def prepare(engine):\n    engine.speed = 1\n"},
        {"settings.py": "def prepare(engine):\n    engine.speed = 2\n"},
        "ENGINE.speed",
    ),
}


def run(folder: Path, files: dict[str, str]) -> str:
    """Run the study among these files and variables; return what it printed."""
    variables = {name[1:]: text for name, text in files.items() if name.startswith("$")}
    for name, text in files.items():
        if not name.startswith("$"):
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    arguments = variables.pop("ARGUMENTS", "").split()
    done = subprocess.run(
        [sys.executable, "study.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        # An edit within the same second must not meet byte code of the text before it.
        env={**os.environ, "EXPCACHE_STORE": "", "PYTHONDONTWRITEBYTECODE": "1", **variables},
    )
    assert not done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("kind", CASES)
def test_what_is_not_seen_and_its_remedy(kind: str, tmp_path: Path) -> None:
    """After the change the plain experiment is served as before, the remedied one computes."""
    case = CASES[kind]
    (tmp_path / "pyproject.toml").touch()
    study = HEAD + case.study + TAIL.format(arguments=case.arguments)
    (tmp_path / "study.py").write_text(study, encoding="utf-8")
    assert run(tmp_path, case.before) == "False False"
    assert run(tmp_path, case.after) == "True False"
    assert run(tmp_path, case.before) == "True True"


def test_the_page_has_a_remedy_for_each_of_them() -> None:
    """The table of what cannot be seen has a row for each kind, and no row without a test."""
    section = PAGE.read_text("utf-8").partition("## What cannot be seen\n")[2]
    rows = re.findall(r"^\| (.*?) \| .+ \|$", section.partition("\n## ")[0], re.MULTILINE)
    assert rows[1:] == list(CASES)
