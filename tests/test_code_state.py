"""What the runs themselves change counts as it was before them; what others change, as it is."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from expcache._code import Tracker
from expcache._code._pin import PINS

Make = Callable[..., ModuleType]

MEMO = """
class memo:
    def __init__(self, fn):
        self.fn, self.seen = fn, {}
    def __call__(self, x):
        if x not in self.seen:
            self.seen[x] = self.fn(x)
        return self.seen[x]
@memo
def load(x): return x
def f(x): return load(x)
"""

# Each changes something when `f` runs.
CHANGING = {
    "append": "H = []\ndef f(x): H.append(x)",
    "append through a helper": "H = []\ndef rec(h, x): h.append(x)\ndef f(x): rec(H, x)",
    "append to an alias": "H = []\ndef f(x):\n    h = H\n    h.append(x)",
    "heappush": "import heapq\nH = []\ndef f(x): heapq.heappush(H, x)",
    "counter": "n = 0\ndef f(x):\n    global n\n    n += 1",
    "counter in a closure": (
        "def make():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n"
        "    return inc\n"
        "inc = make()\ndef f(x): inc()"
    ),
    "lazy global": (
        "X = None\ndef get():\n    global X\n    if X is None:\n        X = [1]\n    return X\n"
        "def f(x): get().append(x)"
    ),
    "new name": "import sys\ndef f(x): sys.modules[__name__].extra = x\ndef g(): return extra",
    "shuffle": "import random\nH = list(range(50))\ndef f(x): random.shuffle(H)",
    "rotate": "from collections import deque\nH = deque([1, 2])\ndef f(x): H.rotate(1)",
    "read of a defaultdict": (
        "from collections import defaultdict\nD = defaultdict(int)\ndef f(x): return D[x]"
    ),
    "__missing__": (
        "class A(dict):\n    def __missing__(self, k):\n        self[k] = k\n        return k\n"
        "D = A()\ndef f(x): return D[x]"
    ),
    "view of bytes": "B = bytearray(3)\ndef f(x): memoryview(B)[0] = x",
    "set": "B = set()\ndef f(x):\n    global B\n    B |= {x}",
    "class attribute": (
        "class A:\n    n = 0\n    def go(self): type(self).n += 1\ndef f(x): A().go()"
    ),
    "list of a class": (
        "class A:\n    reg = []\n    def __init__(self): self.reg.append(1)\ndef f(x): A()"
    ),
    "setattr": "class A: pass\nO = A()\ndef f(x): setattr(O, 'n', x)",
    "instance in a list": (
        "class A:\n    def __init__(self): self.c = {}\n    def go(self, x): self.c[x] = x\n"
        "O = [A()]\ndef f(x): O[0].go(x)"
    ),
    "instance through a helper": (
        "class A: n = 0\nO = A()\ndef inc(o): o.n += 1\ndef f(x): inc(O)"
    ),
    "memo class": MEMO,
    "memo closure": (
        "def memo(fn):\n    c = {}\n    def inner(x):\n        c[x] = fn(x)\n        return c[x]\n"
        "    return inner\n@memo\ndef h(x): return x\ndef f(x): return h(x)"
    ),
    "cached property": (
        "from functools import cached_property\nclass A:\n    @cached_property\n"
        "    def p(self): return 1\nO = A()\ndef f(x): return O.p"
    ),
    "context manager": (
        "class T:\n    t = 0\n    def __enter__(self): self.t += 1\n"
        "    def __exit__(self, *a): self.t += 1\nB = T()\ndef f(x):\n    with B: return x"
    ),
    "iterator": (
        "class T:\n    def __init__(self): self.t = 0\n"
        "    def __iter__(self):\n        self.t += 1\n        return iter([1])\n"
        "B = T()\ndef f(x): return list(B)"
    ),
    "dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass S:\n    n: int = 0\n"
        "B = S()\ndef f(x): B.n += 1"
    ),
    "namespace": "from types import SimpleNamespace as N\nB = N(n=0)\ndef f(x): B.n += 1",
    "default": "def f(x, seen=[]): seen.append(x)",
    "default of a helper": "def h(x, seen={}): seen[x] = x\ndef f(x): h(x)",
    "registry of functions": (
        "R = {}\ndef f(x):\n    def inner(): return x\n    R[x] = inner\n    return R"
    ),
    "array": "import numpy as np\nA = np.zeros(3)\ndef f(x): np.add(1, x, out=A)",
    "bound method": (
        "class A:\n    def __init__(self): self.n = 0\n    def go(self, x): self.n += x\n"
        "go = A().go\ndef f(x): go(x)"
    ),
}

# Each holds a value that counts although the runs change what is beside it.
EDITS = {
    "state beside a constant": (
        'S = {"scale": 2, "calls": 0}\ndef f(x):\n    S["calls"] += 1\n    return x * S["scale"]',
        '"scale": 2',
        '"scale": 3',
    ),
    "instance that counts its calls": (
        (
            "class M:\n    def __init__(self, k): self.k, self.calls = k, 0\n"
            "    def go(self, x):\n        self.calls += 1\n        return self.k * x\n"
            "O = M(2)\ndef f(x): return O.go(x)"
        ),
        "M(2)",
        "M(3)",
    ),
    "default that is filled": (
        "def h(x, o={'a': 1}):\n    o.setdefault('b', 2)\n    return o['a']\ndef f(x): return h(x)",
        "'a': 1",
        "'a': 5",
    ),
    "method that is called add": (
        (
            "class V:\n    def __init__(self, a): self.a = a\n"
            "    def add(self, x): return self.a + x\n"
            "O = V(1)\ndef f(x): return O.add(x)"
        ),
        "V(1)",
        "V(5)",
    ),
    "registry of a decorator": (
        (
            "R = {}\ndef register(fn):\n    R[fn.__name__] = fn\n    return fn\n"
            "@register\ndef go(x): return x + 1\n"
            "def f(x):\n    R['calls'] = x\n    return R['go'](x)"
        ),
        "x + 1",
        "x + 2",
    ),
    "function behind a memo": (MEMO, "def load(x): return x", "def load(x): return -x"),
}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Import a text as the module `study`, each time anew."""
    files = iter(range(1000))

    def import_text(text: str, name: str = "study") -> ModuleType:
        path = tmp_path / f"{next(files)}" / f"{name}.py"
        path.parent.mkdir()
        path.write_text(text)
        module = sys.modules[name] = ModuleType(name)
        names.append(name)
        module.__file__ = str(path)
        exec(compile(text, str(path), "exec"), vars(module))
        return module

    names: list[str] = []
    yield import_text
    for name in names:
        sys.modules.pop(name, None)


def run(tracker: Tracker, function: Any, *arguments: Any) -> None:
    """Do what a computed run does."""
    tracker.current()
    function(*arguments)
    tracker.pin()


@pytest.mark.parametrize("text", CHANGING.values(), ids=CHANGING)
def test_runs_do_not_change_their_own_code(make: Make, text: str) -> None:
    """What a run changes is no new program: not here, and not in the next process."""
    if "numpy" in text:
        pytest.importorskip("numpy")
    module = make(text)
    tracker = Tracker(module.f)
    before = tracker.current()
    for x in (1, 2, 1):
        run(tracker, module.f, x)
        assert tracker.current().digest == before.digest
        assert Tracker(module.f).current().digest == before.digest
    again = Tracker(make(text).f).current()
    assert (again.digest, again.unseen) == (before.digest, before.unseen)


@pytest.mark.parametrize(("text", "old", "new"), EDITS.values(), ids=EDITS)
def test_initial_value_of_state_counts(make: Make, text: str, old: str, new: str) -> None:
    """What is changed by the runs counts as the source says it begins."""
    module = make(text)
    tracker = Tracker(module.f)
    before = tracker.current().digest
    run(tracker, module.f, 1)
    assert tracker.current().digest == before
    assert Tracker(make(text).f).current().digest == before
    assert Tracker(make(text.replace(old, new)).f).current().digest != before


def test_pinned_state_is_listed(make: Make) -> None:
    """The record says of which values only the first state counts."""
    text = "S, n = [], 0\ndef f():\n    global n\n    n += 1\n    S.append(n)"
    module = make(text)
    tracker = Tracker(module.f)
    assert tracker.current().unseen == ()
    run(tracker, module.f)
    assert tracker.current().unseen == (
        "'study.S' is changed by the runs themselves: its value before the first one counts",
        "'study.n' is changed by the runs themselves: its value before the first one counts",
    )


def test_change_between_runs_counts(make: Make) -> None:
    """A cell that changes a constant makes another program, and changing it back the first."""
    module = make("CONF, n = {'a': 1}, [0]\ndef f(x):\n    n.append(x)\n    return CONF['a']")
    tracker = Tracker(module.f)
    before = tracker.current().digest
    run(tracker, module.f, 1)
    module.CONF["a"] = 2
    after = tracker.current().digest
    assert after != before
    run(tracker, module.f, 1)
    assert tracker.current().digest == after
    module.CONF["a"] = 1
    assert tracker.current().digest == before


def test_helper_redefined_during_a_run_counts(make: Make) -> None:
    """Code that was replaced while a run went on is new code, not state."""
    module = make("def g(): return 1\ndef f(): return g()")
    tracker = Tracker(module.f)
    before = tracker.current().digest
    vars(module)["g"] = lambda: 2
    tracker.pin()
    assert tracker.current().digest != before


def test_experiments_share_what_they_change(make: Make) -> None:
    """Two functions that append to one list agree on what it was, under whichever name."""
    make("rows = []", "log")
    text = (
        "from log import rows\nimport log\ndef f(x): rows.append(x)\ndef g(x): log.rows.append(x)"
    )
    module = make(text)
    f, g = Tracker(module.f), Tracker(module.g)
    before = f.current().digest, g.current().digest
    run(f, module.f, 1)
    assert (f.current().digest, g.current().digest) == before
    run(g, module.g, 1)
    assert (f.current().digest, g.current().digest) == before


def test_shared_state_may_refer_to_code(make: Make) -> None:
    """A pinned value refers to functions by the labels of the fingerprint that it is part of."""
    text = (
        "def make():\n    def go(): return 1\n    return go\n"
        "def other():\n    def go(): return 2\n    return go\n"
        "R, S = {'go': make(), 'n': 0}, other()\n"
        "def f():\n    R['n'] += 1\n    return R['go']()\n"
        "def g():\n    S()\n    return R['go']()\n"
    )
    module = make(text)
    f, g = Tracker(module.f), Tracker(module.g)
    before = g.current().digest
    run(f, module.f)
    assert g.current().digest == before
    module.S.__code__ = module.R["go"].__code__
    assert g.current().digest != before


def test_calls_inside_a_run_know_what_it_changed(make: Make) -> None:
    """A recursive function that counts its calls has one fingerprint at every depth."""
    module = make(
        "calls = []\ndef f(x, again):\n    calls.append(x)\n    return x and again(x - 1)"
    )
    tracker = Tracker(module.f)
    before, seen = tracker.current().digest, []

    def tracked(x: int) -> Any:
        with tracker.running():
            seen.append(tracker.current().digest)
            return module.f(x, tracked)

    tracked(3)
    assert seen == [before] * 4


def test_threads_do_not_take_each_other_s_state(make: Make) -> None:
    """A fingerprint that is asked for while a run in another thread goes on is the one before."""
    module = make("calls = []\ndef f(x): calls.append(x)\ndef g(x): calls.append(-x)")
    f, g = Tracker(module.f), Tracker(module.g)
    before = f.current().digest, g.current().digest
    begun, end = threading.Event(), threading.Event()

    def long_run() -> None:
        with f.running():
            module.f(1)
            begun.set()
            end.wait(10)

    thread = threading.Thread(target=long_run)
    thread.start()
    begun.wait(10)
    assert (f.current().digest, g.current().digest) == before
    end.set()
    thread.join()
    assert (f.current().digest, g.current().digest) == before


def test_nothing_is_pinned_where_nothing_changed(make: Make) -> None:
    """A run that changes nothing leaves no pin, and the code is not taken again."""
    module = make("C, D = [1], 2\ndef f(): return C, D")
    tracker = Tracker(module.f)
    before, pins = tracker.current(), (len(PINS.values), len(PINS.places))
    run(tracker, module.f)
    assert tracker.current() is before
    assert (len(PINS.values), len(PINS.places)) == pins
