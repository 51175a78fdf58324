"""Any function of the user's can be sent to a process that never saw it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import textwrap
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from expcache import experiment
from expcache._cell import Refusal, compute_cells, pack, unpack_replies
from expcache._record import read_value
from travelling import answers, cells_of, header_of, replies_of, run_script, values_of

pytestmark = pytest.mark.usefixtures("isolated")

FIT = """
    from dataclasses import dataclass
    from expcache import experiment

    FACTOR = 2

    @dataclass
    class Model:
        slope: int

        @experiment
        def fit(self, x):
            return Model(self.slope * x)

    @experiment
    def double(x, by=None):
        return FACTOR * x if by is None else by(x)

    @experiment
    async def later(x):
        return x + 1
"""


class Workplace:
    """A directory of modules that can be imported."""

    def __init__(self, path: Path) -> None:
        """Begin with an empty directory."""
        self.path = path

    def write(self, text: str, name: str = "study_sent.py") -> Path:
        """Write a module."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def module(self, text: str, name: str = "study_sent") -> Any:
        """Write a module and import it."""
        self.write(text, f"{name}.py")
        importlib.invalidate_caches()
        return importlib.import_module(name)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    """A directory on ``sys.path``; what is imported from it is forgotten."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield Workplace(tmp_path)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def test_a_function_of_a_module_is_imported_there(place: Workplace) -> None:
    """What can be imported is sent by its name, though that name leads to the experiment."""
    module = place.module(FIT)
    payload = pack(cells_of(module.double, {"x": 3}))
    assert b"FACTOR" not in payload
    assert values_of(module.double, {"x": 3}, {"x": 4}) == [6, 8]


def test_a_function_can_be_sent_whole(place: Workplace) -> None:
    """On request, code goes as it is here, even if the file says something else by now."""
    module = place.module(FIT)
    module.FACTOR = 5
    place.write("raise ImportError('not this')")
    assert values_of(module.double, {"x": 3}, by_value=True) == [15]


def test_other_code_there_is_refused(place: Workplace) -> None:
    """A worker that would import other code than that of this process computes nothing."""
    module = place.module(FIT)
    payload = pack(cells_of(module.double, {"x": 3}))
    # Of another size: Python takes its compiled file by time and size, and all is one second here.
    place.write(FIT.replace("FACTOR = 2", "FACTOR = 3000"))
    (refusal,) = answers(payload)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "code"


def test_a_module_that_cannot_be_imported_there_is_refused(place: Workplace) -> None:
    """The refusal names the module and tells what the import raised."""
    module = place.module(FIT)
    payload = pack(cells_of(module.double, {"x": 3}))
    place.write("raise SystemExit(3)")
    (refusal,) = answers(payload)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "import"
    assert "study_sent.double (SystemExit: 3)" in refusal.message


def test_lambdas_and_functions_can_be_params(place: Workplace) -> None:
    """A parameter may be a lambda, a closure, or a function of the module."""
    module = place.module(FIT)
    three = 3
    points = [{"x": 2, "by": lambda x: x + three}, {"x": 2, "by": module.double.__wrapped__}]
    assert values_of(module.double, *points) == [5, 4]


def test_methods_travel_with_their_instance(place: Workplace) -> None:
    """The result of a method experiment is an instance of the very class of this process."""
    module = place.module(FIT)
    (value,) = values_of(module.Model(3).fit, {"x": 2})
    assert value == module.Model(6)


def test_coroutine_functions_are_awaited_there(place: Workplace) -> None:
    """An async experiment is run in an event loop of the worker."""
    assert values_of(place.module(FIT).later, {"x": 2}) == [3]


def test_other_decorators_may_stand_above_and_below(place: Workplace) -> None:
    """The function is found behind whatever decorators say what they wrap."""
    module = place.module(
        """
        import functools
        from expcache import experiment

        def plus(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs) + 1
            return wrapper

        @plus
        @experiment
        def above(x):
            return x

        @experiment
        @plus
        def below(x):
            return x

        @plus
        @experiment
        @plus
        def between(x):
            return x
        """
    )
    found = [
        values_of(one, {"x": 1})
        for one in (module.above.__wrapped__, module.below, module.between.__wrapped__)
    ]
    assert found == [[1], [2], [2]]
    assert b"wrapper" not in pack(cells_of(module.below, {"x": 1}))


def test_a_closure_is_sent_whole() -> None:
    """A function that no module names takes along what it uses of its surroundings."""
    shift = 10

    @experiment(name="shifted")
    def shifted(x: int) -> int:
        return x + shift

    assert values_of(shifted, {"x": 1}) == [11]


def test_a_file_that_only_this_process_loaded_is_sent_whole(place: Workplace) -> None:
    """A module from a place that is not on the path, as pytest loads them, goes by value."""
    path = place.write(FIT, "hidden/study_hidden.py")
    spec = importlib.util.spec_from_file_location("study_hidden", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules["study_hidden"] = module
    spec.loader.exec_module(module)
    assert values_of(module.double, {"x": 3}) == [6]


def test_a_shadowed_module_is_sent_whole(place: Workplace) -> None:
    """Where another file goes by the same name, an import would lead to the wrong one."""
    module = place.module(FIT, "study_twice")
    first = place.write("wrong = True", "first/study_twice.py")
    sys.path.insert(0, str(first.parent))
    try:
        assert values_of(module.double, {"x": 3}) == [6]
    finally:
        sys.path.remove(str(first.parent))


def test_a_name_that_leads_elsewhere_is_not_used(place: Workplace) -> None:
    """A function whose name was given to something else is sent whole."""
    module = place.module(FIT)
    old = module.double
    module.double = None
    assert values_of(old, {"x": 3}) == [6]


def test_a_package_is_imported_there(place: Workplace) -> None:
    """A module inside of packages, with or without ``__init__``, is imported by its full name."""
    place.write("", "study_outer/__init__.py")
    place.write(FIT, "study_outer/study_inner/deep.py")
    importlib.invalidate_caches()
    module = importlib.import_module("study_outer.study_inner.deep")
    assert b"FACTOR" not in pack(cells_of(module.double, {"x": 3}))
    assert values_of(module.double, {"x": 3}) == [6]


def test_modules_that_go_by_value_can_be_globals(place: Workplace) -> None:
    """A function may use a module that only this process has."""
    module = place.module("def double(x):\n    return 2 * x\n", "study_aside")
    text = """
        import study_aside
        from expcache import experiment

        @experiment(version="1")
        def fit(x):
            return study_aside.double(x)
    """
    fit = place.module(text).fit
    (place.path / "study_aside.py").unlink()
    (place.path / "study_sent.py").unlink()
    assert module is sys.modules["study_aside"]
    importlib.invalidate_caches()
    assert values_of(fit, {"x": 3}) == [6]


def test_submodules_that_inner_code_names_are_imported_there(place: Workplace) -> None:
    """A package's submodule is there, though only a function inside of the experiment names it."""
    text = """
        import xml.dom.minidom
        import xml.sax.saxutils
        from expcache import experiment

        @experiment
        def fit(x):
            def inner():
                return xml.dom.minidom.parseString(x).documentElement.tagName

            return [inner(), *(xml.sax.saxutils.escape(text) for text in "<")]
    """
    fit = place.module(text).fit
    assert values_of(fit, {"x": "<a/>"}, by_value=True) == [["a", "&lt;"]]


def test_points_share_nothing(place: Workplace) -> None:
    """A run that changes its argument in place changes it for itself alone."""
    module = place.module(
        """
        from expcache import experiment

        @experiment
        def grow(values):
            values.append(len(values))
            return values
        """
    )
    shared = [7]
    assert values_of(module.grow, {"values": shared}, {"values": shared}) == [[7, 1], [7, 1]]
    assert shared == [7]


def test_params_are_told_as_in_process(place: Workplace) -> None:
    """The record of a run says the same of its params wherever it was computed."""
    module = place.module(FIT)
    run = module.Model(3).fit.run(2)
    (reply,) = replies_of(module.Model(3).fit, {"x": 2})
    header = header_of(reply)
    assert header.error is None
    assert header.params == run._stored().params
    assert header.environment == run._stored().environment
    assert reply.key == f"{run.id}-{run.code}"
    assert read_value(reply.envelope, trust=True) == run.result


MAIN = """
from dataclasses import dataclass
import travelling
from expcache import experiment, use
from expcache._cell import revive

use(":memory:")

@dataclass
class Model:
    slope: int

class Broken(Exception):
    pass

def scaled(model, x):
    return Model(model.slope * x)

@experiment
def fit(model: Model, x: int = 1):
    if x < 0:
        raise Broken(x)
    return scaled(model, x)

points = [{"model": Model(2), "x": 3}, {"model": Model(2), "x": -1}]
done, failed = travelling.replies_of(fit, *points)
from expcache._record import read_value
assert read_value(done.envelope, trust=True) == Model(6)
error = revive(failed.error)
assert type(error) is Broken, error
run = fit.run(**points[0])
assert travelling.header_of(done).params == run._stored().params
assert done.key == f"{run.id}-{run.code}"
print("ok")
"""


def test_a_script_travels_without_a_guard(tmp_path: Path) -> None:
    """Functions, classes and exceptions of ``__main__`` go and come back; no child runs it."""
    path = tmp_path / "study.py"
    path.write_text(MAIN)
    assert run_script(path) == "ok\n"


NOTEBOOK = """
import linecache, sys
del __file__

def cell(number, text):
    name = f"<cell {number}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    exec(compile(text, name, "exec"), globals())

cell(1, "from expcache import experiment, use\\nuse(':memory:')\\nimport travelling")
cell(2, "FACTOR = 2\\ndef scale(x):\\n    return FACTOR * x")
cell(3, "@experiment\\ndef fit(x):\\n    return scale(x)")
cell(4, "print(travelling.values_of(fit, {'x': 3}))")
cell(5, "def scale(x):\\n    return FACTOR * x + 1")
cell(6, "print(travelling.values_of(fit, {'x': 3}))")
"""


def test_a_notebook_travels_as_it_is_now(tmp_path: Path) -> None:
    """What a later cell redefines is what is sent from then on."""
    path = tmp_path / "notebook.py"
    path.write_text(NOTEBOOK)
    assert run_script(path) == "[6]\n[7]\n"


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_test_modules_travel(
    mode: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function in a test module can be sent in each of pytest's import modes."""
    text = """
        from expcache import experiment, use
        from travelling import values_of

        HIDDEN = 2

        def helper(x):
            assert x
            return HIDDEN * x

        @experiment
        def fit(x):
            return helper(x)

        def test_fit():
            with use(":memory:"):
                assert values_of(fit, {"x": 3}) == [6]
    """
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    path = pytester.path / "deep" / "test_sent.py"
    path.parent.mkdir()
    path.write_text(textwrap.dedent(text))
    arguments: list[Any] = ["-p", "no:cacheprovider", f"--import-mode={mode}", str(path)]
    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=1)


NESTED = """
import functools
from dataclasses import dataclass
import travelling
from expcache import experiment, use
from expcache._cell import pack
from expcache._record import read_value

store = use("store").store

def plus(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs) + 1
    return wrapper

@experiment
def inner(x):
    return x + 1

@dataclass
class Model:
    slope: int

    @experiment
    def fit(self, x):
        return Model(self.slope * inner(x))

@plus
@experiment
@plus
def between(x):
    return inner(x)

fit, plain = Model.fit, inner
before = dict(vars(Model))
for one, expected in ((Model(3).fit, Model(6)), (between.__wrapped__, 3)):
    (reply,) = travelling.answers(pack(travelling.cells_of(one, {"x": 1}, store=store.path)))
    assert not reply.failed, travelling.header_of(reply).error
    value = read_value(reply.envelope, trust=True)
    assert (type(value), value) == (type(expected), expected)
assert inner.find(1).result == 2
assert {name: vars(Model)[name] for name in before} == before
print("ok")
"""


def test_experiments_of_a_script_call_each_other(tmp_path: Path) -> None:
    """They share the store, and what comes back leaves the script's classes as they are."""
    path = tmp_path / "study.py"
    path.write_text(NESTED)
    assert run_script(path) == "ok\n"


def test_threads_of_one_process_can_compute(place: Workplace) -> None:
    """A pool of threads is an executor too: each run keeps its own prints and warnings."""
    module = place.module(
        """
        import warnings
        from expcache import experiment

        @experiment
        def speak(x):
            print("said", x)
            warnings.warn(f"warned {x}")
            return x
        """
    )
    before = warnings.showwarning, list(warnings.filters), sys.stdout
    payloads = [pack(cells_of(module.speak, {"x": x})) for x in range(40)]
    with ThreadPoolExecutor(4) as pool:
        found = [
            one for given in pool.map(compute_cells, payloads) for one in unpack_replies(given)
        ]
    headers = [header_of(one) for one in found]
    assert [one.output for one in headers] == [f"said {x}\n" for x in range(40)]
    assert [one.warnings[0]["message"] for one in headers] == [f"warned {x}" for x in range(40)]
    assert (warnings.showwarning, list(warnings.filters), sys.stdout) == before
