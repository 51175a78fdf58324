"""Which edits change a fingerprint, and which do not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from expcache._code import Code, Tracker

STUDY = """
import functools
import math as m
from dataclasses import dataclass
from typing import TYPE_CHECKING

import helpers
from helpers import cached, deco, twice, Model, METHODS
from expcache.errors import CodeError
if TYPE_CHECKING:
    from somewhere import Thing

SCALE = 2
TABLE = {"a": [1, 2]}
MODEL = Model(3)
part = functools.partial(helpers.inner, 2)

def make(n):
    def closed(x):
        return x + n
    return closed

closed = make(1)

@dataclass
class Options:
    depth: int = 3
    def size(self):
        return self.depth

@deco
def f(x, y=2, *, z=helpers.LIMIT):
    total = x + 1
    total += helper(x) * SCALE + TABLE["a"][0] + helpers.inner(x)
    total += closed(x) + twice(x) + MODEL.predict(x) + cached(x) + part()
    total += METHODS["one"](x) + Options().size() + m.sqrt(2)
    return f"{total:>{y}}"

def helper(x):
    return deeper(x)

def deeper(x):
    return x * 3

def unused(x):
    return x
"""

HELPERS = """
import functools

LIMIT = 5
FACTOR = 7

def deco(fn):
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        return fn(*args, **kwargs)
    return wrapper

def inner(x):
    return x * FACTOR

def twice(x):
    return x + x

@functools.lru_cache
def cached(x):
    return x - 1

class Base:
    rate = 1.5
    def predict(self, x):
        return x * self.rate

class Model(Base):
    def __init__(self, n):
        self.n = n

def one(x):
    return x + 100

METHODS = {"one": one}
"""

COSMETIC = {
    "comment": ("study", "total = x + 1", "total = x + 1  # why"),
    "blank lines": ("study", "    total = x + 1", "\n\n    total = (\n        x + 1\n    )"),
    "docstring": ("study", "    total = x + 1", '    """Say it."""\n    total = x + 1'),
    "moved down": ("study", "def make(n)", "import os\n\n\ndef make(n)"),
    "quotes": ("study", '["a"][0]', "['a'][0]"),
    "number spelling": ("study", "x * 3", "x * 0x3"),
    "annotations": ("study", "def deeper(x):", "def deeper(x: int) -> 'int':"),
    "local annotation": ("study", "total = x + 1", "total: int = x + 1"),
    "pass": ("study", "    return deeper(x)", "    pass\n    return deeper(x)"),
    "type comment": ("study", "total = x + 1", "total = x + 1  # type: int"),
    "type checking block": ("study", "import Thing", "import Thing, Other"),
    "helper's docstring": ("helpers", "    return x + x", '    "Say it."\n    return x + x'),
    "default spelled otherwise": ("study", "y=2", "y=1 + 1"),
    "constant spelled otherwise": ("study", "SCALE = 2", "SCALE = 4 - 2"),
    "unused function": ("study", "def unused(x):\n    return x", "def unused(x):\n    return -x"),
    "unused import": ("study", "import functools\n", "import functools\nimport json\n"),
    "decorator's comment": ("helpers", "        return fn(", "        # call\n        return fn("),
    "f-string pieces": ("study", 'f"{total:>{y}}"', 'f"" f"{total:>{y}}" ""'),
    "parameter of helper without default annotated": ("helpers", "twice(x)", "twice(x: float)"),
}

SEMANTIC = {
    "body": ("study", "total = x + 1", "total = x + 2"),
    "helper": ("study", "return deeper(x)", "return -deeper(x)"),
    "helper of a helper": ("study", "x * 3", "x * 4"),
    "helper in another module": ("helpers", "x + x", "x + x + 1"),
    "helper by attribute": ("helpers", "x * FACTOR", "x + FACTOR"),
    "constant": ("study", "SCALE = 2", "SCALE = 3"),
    "constant's type": ("study", "SCALE = 2", "SCALE = 2.0"),
    "constant of a helper": ("helpers", "FACTOR = 7", "FACTOR = 8"),
    "inside a constant": ("study", "[1, 2]", "[1, 3]"),
    "default": ("study", "y=2", "y=3"),
    "default by name": ("helpers", "LIMIT = 5", "LIMIT = 6"),
    "parameter added": ("study", "f(x, y=2", "f(x, y=2, w=0"),
    "closure value": ("study", "make(1)", "make(2)"),
    "closure body": ("study", "return x + n", "return x - n"),
    "wrapped decorator's body": ("helpers", "return fn(*args, **kwargs)", "return [fn(*args)]"),
    "decorator removed": ("study", "@deco\n", ""),
    "cached function": ("helpers", "x - 1", "x - 2"),
    "partial's argument": ("study", "helpers.inner, 2", "helpers.inner, 3"),
    "state of an instance": ("study", "Model(3)", "Model(4)"),
    "method of a base": ("helpers", "x * self.rate", "x + self.rate"),
    "class attribute": ("helpers", "rate = 1.5", "rate = 1.25"),
    "base of a class": ("helpers", "class Model(Base):", "class Model(Base, dict):"),
    "function in a table": ("helpers", "x + 100", "x + 101"),
    "dataclass field": ("study", "depth: int = 3", "depth: int = 4"),
    "dataclass annotation": ("study", "depth: int = 3", "depth: float = 3"),
    "class decorator": ("study", "@dataclass\n", "@dataclass(frozen=True)\n"),
    "library function": ("study", "m.sqrt(2)", "m.exp(2)"),
    "library module": ("study", "import math as m", "import cmath as m"),
    "f-string": ("study", "{total:>{y}}", "{total:<{y}}"),
    "order of statements": (
        "study",
        "    total = x + 1\n",
        "    closed(x)\n    total = x + 1\n",
    ),
    "deleted return": ("study", "    return deeper(x)", "    deeper(x)"),
}

Fingerprint = Callable[[str, str], Code]


@pytest.fixture
def fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fingerprint]:
    """Write the two modules, import them afresh, and take the fingerprint of `f`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def take(study: str, helpers: str) -> Code:
        return Tracker(load(tmp_path, study, helpers).f).current()

    yield take
    for name in ("study", "helpers"):
        sys.modules.pop(name, None)


def load(place: Path, study: str, helpers: str) -> ModuleType:
    """Import the two modules as a new process would."""
    for name, text in (("study", study), ("helpers", helpers)):
        (place / f"{name}.py").write_text(text)
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    return importlib.import_module("study")


def edited(edit: tuple[str, str, str]) -> tuple[str, str]:
    """Return both texts, one of them with the edit."""
    where, old, new = edit
    texts = {"study": STUDY, "helpers": HELPERS}
    assert old in texts[where]
    texts[where] = texts[where].replace(old, new)
    return texts["study"], texts["helpers"]


@pytest.mark.parametrize("edit", COSMETIC.values(), ids=COSMETIC)
def test_cosmetic_edits_are_ignored(fingerprint: Fingerprint, edit: tuple[str, str, str]) -> None:
    """What does not change the computation does not change the fingerprint."""
    assert fingerprint(*edited(edit)).digest == fingerprint(STUDY, HELPERS).digest


@pytest.mark.parametrize("edit", SEMANTIC.values(), ids=SEMANTIC)
def test_semantic_edits_are_seen(fingerprint: Fingerprint, edit: tuple[str, str, str]) -> None:
    """What can change the computation changes the fingerprint, and undoing it brings it back."""
    before = fingerprint(STUDY, HELPERS)
    assert fingerprint(*edited(edit)).digest != before.digest
    assert fingerprint(STUDY, HELPERS) == before


def test_parts_tell_what_changed(fingerprint: Fingerprint) -> None:
    """Only the part of the edited definition has another digest."""
    before = {one.name: one.digest for one in fingerprint(STUDY, HELPERS).parts}
    after = fingerprint(*edited(SEMANTIC["helper of a helper"])).parts
    assert [one.name for one in after if before[one.name] != one.digest] == ["study.deeper"]


def test_nothing_of_a_plain_study_is_unseen(fingerprint: Fingerprint) -> None:
    """Library code, builtins and plain values are no reason for a note."""
    assert fingerprint(STUDY, HELPERS).unseen == ()


def test_parts_show_the_definition(fingerprint: Fingerprint, tmp_path: Path) -> None:
    """A part says in which file and line a definition is, and shows its text."""
    parts = {one.name: one for one in fingerprint(STUDY, HELPERS).parts}
    part = parts["helpers.twice"]
    assert (part.kind, Path(part.file)) == ("function", tmp_path / "helpers.py")
    assert part.text == "def twice(x):\n    return x + x"
    assert HELPERS.splitlines()[part.line - 1] == "def twice(x):"
    assert (parts["helpers.FACTOR"].kind, parts["helpers.FACTOR"].text) == ("constant", "7")


def test_file_edited_after_import_does_not_pass_for_the_running_code(
    fingerprint: Fingerprint, tmp_path: Path
) -> None:
    """The text of a module that was edited and not imported again is not what runs."""
    study, helpers = edited(SEMANTIC["helper in another module"])
    new = fingerprint(study, helpers)
    module = load(tmp_path, STUDY, HELPERS)
    (tmp_path / "helpers.py").write_text(helpers)
    code = Tracker(module.f).current()
    assert code.digest != new.digest
    assert any("helpers.twice was edited after it was imported" in one for one in code.unseen)


def test_source_is_taken_when_decorating(fingerprint: Fingerprint, tmp_path: Path) -> None:
    """An edit of the file after decorating does not reach the fingerprint."""
    before = fingerprint(STUDY, HELPERS)
    module = load(tmp_path, STUDY, HELPERS)
    tracker = Tracker(module.f)
    study, helpers = edited(SEMANTIC["helper of a helper"])
    (tmp_path / "study.py").write_text(study)
    (tmp_path / "helpers.py").write_text(helpers)
    vars(module)["SCALE"] = 3
    changed = tracker.current()
    vars(module)["SCALE"] = 2
    assert changed.digest != before.digest
    assert tracker.current() == before


def test_reloaded_module_is_read_again(fingerprint: Fingerprint, tmp_path: Path) -> None:
    """After importlib.reload the new text counts."""
    study, helpers = edited(SEMANTIC["helper by attribute"])
    after, before = fingerprint(study, helpers), fingerprint(STUDY, HELPERS)
    module = load(tmp_path, STUDY, HELPERS)
    tracker = Tracker(module.f)
    (tmp_path / "helpers.py").write_text(helpers)
    importlib.reload(module.helpers)
    assert tracker.current().digest not in {before.digest, after.digest}  # old names, new module
    importlib.reload(module)
    assert Tracker(module.f).current() == after
