"""Values without canonical form, generic functions, and what no fingerprint can follow."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from expcache._code import Code, Tracker

Files = Callable[..., Code]

MODEL = "class Model:\n    def __init__(self, k): self.k = k\n"
NUMPY = "import numpy as np\n"
SWEEP = "from expcache import experiment, grid\n@experiment\ndef g(x): return x\n"

# Each edit is of something that has no canonical form, or lies beside it.
EDITS = {
    "beside a lock": (
        "import threading\nC = {'lock': threading.Lock(), 'scale': 2}\ndef f(): return C",
        "'scale': 2",
        "'scale': 3",
    ),
    "instance in a dict": (MODEL + "M = {'a': Model(2)}\ndef f(): return M", "(2)", "(3)"),
    "instance in a tuple in a list": (
        MODEL + "M = [(1, Model(2))]\ndef f(): return M",
        "(2)",
        "(3)",
    ),
    "instance of a subclass of dict": (
        (
            "import threading\nclass D(dict): pass\nM = D(a=1, lock=threading.Lock())\n"
            "def f(): return M"
        ),
        "a=1",
        "a=2",
    ),
    "object of a library": (
        "from argparse import Namespace\nC = Namespace(a=1)\ndef f(): return C.a",
        "a=1",
        "a=2",
    ),
    "seed": ("import random\nR = random.Random(0)\ndef f(): return R.random()", "(0)", "(1)"),
    "seed by a name": (
        "import random\nSEED = 0\nR = random.Random(SEED)\ndef f(): return R.random()",
        "SEED = 0",
        "SEED = 1",
    ),
    "seed in a factory": (
        (
            "import random\ndef make(): return random.Random(0)\nR = make()\n"
            "def f(): return R.random()"
        ),
        "(0)",
        "(1)",
    ),
    "seed set later": (
        "import random\nR = random.Random()\nR.seed(0)\ndef f(): return R.random()",
        "(0)",
        "(1)",
    ),
    "generator in a block": (
        (
            "import random\nif True:\n    with open(__file__) as t:\n        R = random.Random(0)\n"
            "def f(): return R.random()"
        ),
        "(0)",
        "(1)",
    ),
    "one of two names": (
        "import random\nA, [R] = 1, [random.Random(0)]\ndef f(): return R.random()",
        "(0)",
        "(1)",
    ),
    "opened for a module": (
        "with open(__file__, errors='strict') as t: pass\ndef f(): return t",
        "strict",
        "ignore",
    ),
    "loop variable": ("for t in (iter([1]),): pass\ndef f(): return t", "[1]", "[2]"),
    "attribute set from outside": (
        "from argparse import Namespace\nC = Namespace()\nC.a = 1\ndef f(): return C.a",
        "C.a = 1",
        "C.a = 2",
    ),
    "generator of numpy": (
        NUMPY + "R = np.random.default_rng(0)\ndef f(): return R.random()",
        "(0)",
        "(1)",
    ),
    "vectorized function": (
        NUMPY + "def g(x): return x + 1\nh = np.vectorize(g)\ndef f(): return h(1)",
        "x + 1",
        "x + 2",
    ),
    "points of a sweep": (
        SWEEP + "sweep = g.sweep(grid(x=[1, 2]))\ndef f(): return sweep.run()",
        "[1, 2]",
        "[1, 3]",
    ),
    "experiment of a sweep": (
        SWEEP + "sweep = g.sweep(grid(x=[1, 2]))\ndef f(): return sweep.run()",
        "return x",
        "return -x",
    ),
    "experiment of a sweep in a closure": (
        SWEEP + "def make(sweep):\n    def f(): return sweep.run()\n    return f\n"
        "f = make(g.sweep(grid(x=[1, 2])))",
        "return x",
        "return -x",
    ),
    "generic function": (
        (
            "from functools import singledispatch\n@singledispatch\ndef h(x): return 0\n"
            "@h.register\ndef _(x: int): return x + 1\ndef f(): return h(1)"
        ),
        "x + 1",
        "x + 2",
    ),
    "type of a generic function": (
        (
            "from functools import singledispatch\n@singledispatch\ndef h(x): return 0\n"
            "@h.register(int)\ndef _(x): return x + 1\ndef f(): return h(1)"
        ),
        "(int)",
        "(str)",
    ),
    "generic method": (
        (
            "from functools import singledispatchmethod\nclass A:\n"
            "    @singledispatchmethod\n    def h(self, x): return 0\n"
            "    @h.register\n    def _(self, x: int): return x + 1\n"
            "    def go(self): return self.h(1)\nf = A.go"
        ),
        "x + 1",
        "x + 2",
    ),
    "function of a registry": (
        (
            "R = {}\ndef register(fn):\n    R[fn.__name__] = fn\n    return fn\n"
            "@register\ndef go(x): return x + 1\ndef f(): return R['go'](1)"
        ),
        "x + 1",
        "x + 2",
    ),
}

IMPORTS = {
    "by name": "from cfg import R\ndef f(): return R",
    "by another name": "from cfg import R as S\ndef f(): return S",
    "with all others": "from cfg import *\ndef f(): return R",
    "as an attribute": "import cfg\ndef f(): return cfg.R",
}

BEYOND = {
    "globals()['g']()": "globals",
    "eval('g()')": "eval",
    "exec('g()')": "exec",
    "vars()['g']": "vars",
    "locals().get('g')": "locals",
    "__import__(x)": "__import__",
    "importlib.import_module(x)": "import_module",
    "getattr(g, x)": "getattr",
    "getattr(g, x, None)": "getattr",
    "setattr(g, x, 1)": "setattr",
    "int.__subclasses__()": "__subclasses__",
}


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Files]:
    """Import texts, `study` last, and return the code of its `f`."""
    numbers = iter(range(100))

    def import_texts(**texts: str) -> Code:
        place = tmp_path / str(next(numbers))
        place.mkdir()
        for name, text in texts.items():
            path = place / f"{name}.py"
            path.write_text(text)
            module = sys.modules[name] = ModuleType(name)
            names.add(name)
            module.__file__ = str(path)
            exec(compile(text, str(path), "exec"), vars(module))
        return Tracker(vars(sys.modules["study"])["f"]).current()

    names: set[str] = set()
    yield import_texts
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(("text", "old", "new"), EDITS.values(), ids=EDITS)
def test_edits_beside_the_opaque_count(load: Files, text: str, old: str, new: str) -> None:
    """What has no canonical form counts leaf by leaf, and by the statements that make it."""
    if "numpy" in text:
        pytest.importorskip("numpy")
    before = load(study=text)
    assert load(study=text).digest == before.digest
    assert load(study=text.replace(old, new)).digest != before.digest


@pytest.mark.parametrize("text", IMPORTS.values(), ids=IMPORTS)
def test_what_makes_an_imported_value_counts(load: Files, text: str) -> None:
    """The statements are those of the module that the name was imported from."""
    made = "import random\nOTHER = 1\nR = random.Random(0)"
    before = load(cfg=made, study=text)
    assert load(cfg=made.replace("1", "2"), study=text).digest == before.digest
    assert load(cfg=made.replace("(0)", "(1)"), study=text).digest != before.digest


def test_layout_of_what_makes_a_value_does_not_count(load: Files) -> None:
    """The statements that make a value are compared by meaning, as all code is."""
    text = "import random\nR = random.Random(0)\ndef f(): return R"
    spread = text.replace("Random(0)", "Random(  # a seed\n    0,\n)")
    assert load(study=text).digest == load(study=spread).digest


@pytest.mark.parametrize(
    ("value", "notes"),
    [
        ("random.Random(0)", ("'R' is a random.Random: it counts by what makes it",)),
        (
            "{'rng': random.Random(0), 'scale': 2}",
            ("'R' holds a random.Random: it counts by what makes it",),
        ),
        ("{'lock': threading.Lock(), 'scale': 2}", ()),
    ],
)
def test_only_the_opaque_leaf_is_listed(load: Files, value: str, notes: tuple[str, ...]) -> None:
    """The record says which values count by their making; a lock plays no part in a result."""
    text = f"import random, threading\nR = {value}\ndef f(): return R"
    assert load(study=text).unseen == notes


def test_values_that_hold_themselves_end(load: Files) -> None:
    """Objects that refer to each other have a fingerprint, equal each time."""
    text = (
        "class Node:\n    def __init__(self, k): self.k, self.me = k, [self]\n"
        "N = Node(1)\nL = [N]\nL.append(L)\ndef f(): return N, L"
    )
    before = load(study=text)
    assert load(study=text).digest == before.digest
    assert load(study=text.replace("(1)", "(2)")).digest != before.digest


@pytest.mark.parametrize(("call", "name"), BEYOND.items(), ids=BEYOND)
def test_calls_that_find_by_name_are_listed(load: Files, call: str, name: str) -> None:
    """What is found by text that only a run knows cannot be followed, and the record says so."""
    text = f"import importlib\ndef g(): return 1\ndef f(x): return {call}"
    assert load(study=text).unseen == (
        f"study.f uses {name}(): what it finds by name is not followed",
    )


@pytest.mark.parametrize(
    "body",
    [
        "getattr(g, 'name', None)",
        "vars(g)",
        "[eval for eval in [abs]][0](1)",
        "(lambda exec: exec(1))(abs)",
        "importlib.import_module('json')",
        "g.compile(1)",
    ],
)
def test_calls_by_a_plain_name_are_not_listed(load: Files, body: str) -> None:
    """What the source names is followed, and a local function may have any name."""
    text = f"import importlib\ndef g(): return 1\ndef f(x): return {body}"
    assert load(study=text).unseen == ()


def test_module_imported_by_a_plain_name_counts(
    load: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`import_module` with a text is an import."""
    monkeypatch.syspath_prepend(tmp_path)
    text = "import importlib\ndef f(): return importlib.import_module('found_by_name').go()"
    (tmp_path / "found_by_name.py").write_text("def go(): return 1")
    assert "found_by_name" in {one.name for one in load(study=text).parts}


def test_class_without_a_module_is_followed_by_name() -> None:
    """A class that was made where no module has a name is no reason to stop."""
    space: dict[str, Any] = {}
    exec("A = type('A', (), {'k': 1})\nO = A()", space)
    with pytest.raises(AttributeError):
        space["A"].__module__  # noqa: B018 - the reading is the test
    function = FunctionType(_uses.__code__, space | {"__name__": "study"})
    assert Tracker(function).current().unseen == (
        "'O' is a builtins.A: its content does not count",
        "A is a class without a module: only its name counts",
    )


def _uses() -> Any:
    return A, O  # type: ignore[name-defined]  # noqa: F821 - in the globals given above
