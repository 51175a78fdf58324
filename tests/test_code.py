"""What a fingerprint follows, when it is taken again, and what it says it cannot see."""

from __future__ import annotations

import functools
import json
import linecache
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from expcache import errors
from expcache._code import Tracker, file_of, name_of, stem_of
from expcache._encode import encode

_numbers = count()


@pytest.fixture
def cell() -> Iterator[Callable[..., dict[str, Any]]]:
    """Run texts as cells of one notebook, each under a name of its own as IPython gives it."""
    names: list[str] = []

    def run(text: str, namespace: dict[str, Any], file: str = "<ipython-input-{}-0>") -> Any:
        name = file.format(next(_numbers))
        names.append(name)
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), namespace)
        return namespace

    yield run
    for name in names:
        del linecache.cache[name]


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Callable[..., ModuleType]]:
    """Write a module and import it, without leaving it importable."""

    def make(text: str, name: str = "study") -> ModuleType:
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        made = ModuleType(name)
        made.__file__ = str(path)
        sys.modules[name] = made
        exec(compile(text, str(path), "exec"), vars(made))
        made_names.append(name)
        return made

    made_names: list[str] = []
    yield make
    for name in made_names:
        sys.modules.pop(name, None)


Cell = Callable[..., dict[str, Any]]
Module = Callable[..., ModuleType]


def notebook() -> dict[str, Any]:
    """Return the globals of a new kernel."""
    return {"__name__": "__main__", "__builtins__": __builtins__}


def code(function: Any) -> str:
    """Return the fingerprint of a function as it is now."""
    return Tracker(function).current().digest


def test_redefined_helper_is_noticed(cell: Cell) -> None:
    """A cell that redefines a helper changes the fingerprint of the experiment above it."""
    space = notebook()
    cell("def g(x):\n    return x\ndef f(x):\n    return g(x)\n", space)
    tracker = Tracker(space["f"])
    before = tracker.current()
    cell("def g(x):\n    return x + 1\n", space)
    after = tracker.current()
    assert after.digest != before.digest
    cell("def g(x):\n    # again\n    return x\n", space)
    assert tracker.current().digest == before.digest


def test_helper_below_is_found(cell: Cell) -> None:
    """A helper may be defined after the function that calls it."""
    space = notebook()
    cell("def f(x):\n    return g(x)\n", space)
    tracker = Tracker(space["f"])
    assert tracker.current().unseen == ("'g' is not defined",)
    cell("def g(x):\n    return x\n", space)
    assert tracker.current().unseen == ()
    assert {one.name for one in tracker.current().parts} == {"notebook.f", "notebook.g"}


def test_unchanged_code_is_not_taken_again(cell: Cell) -> None:
    """As long as nothing changed, the same object is returned."""
    space = cell("SCALE = [1]\ndef f(x):\n    return x * SCALE[0]\n", notebook())
    tracker = Tracker(space["f"])
    assert tracker.current() is tracker.current()
    before = tracker.current()
    space["SCALE"].append(2)
    assert tracker.current().digest != before.digest
    del space["SCALE"][1]
    assert tracker.current().digest == before.digest


def test_monkeypatched_method_is_noticed(cell: Cell) -> None:
    """Replacing a method of a class in use changes the fingerprint."""
    text = "class C:\n    def m(self):\n        return 1\ndef f():\n    return C().m()\n"
    space = cell(text, notebook())
    tracker = Tracker(space["f"])
    before, original = tracker.current(), space["C"].m
    cell("def m(self):\n    return 2\nC.m = m\n", space)
    assert tracker.current().digest != before.digest
    space["C"].m = original
    assert tracker.current().digest == before.digest


def test_class_without_methods_in_a_notebook(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest cell that defines the class counts."""
    kernel = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", kernel)
    space = cell("class C:\n    x: int\ndef f():\n    return C\n", vars(kernel))
    tracker = Tracker(space["f"])
    before = tracker.current()
    cell("class C:\n    x: float\n", space)
    assert tracker.current().digest != before.digest
    assert tracker.current().unseen == ()


def test_recursion_ends(cell: Cell) -> None:
    """Functions that call themselves or each other are followed once."""
    text = "def f(n):\n    return g(n - 1) or f(n)\ndef g(n):\n    return f(n)\n"
    space = cell(text, notebook())
    assert len(Tracker(space["f"]).current().parts) == 2
    assert code(space["f"]) != code(space["g"])


def test_registry_that_holds_its_reader(cell: Cell) -> None:
    """A table of functions may hold the function that reads it."""
    text = "def f(n):\n    return TABLE['f'](n)\nTABLE = {'f': f}\n"
    space = cell(text, notebook())
    assert code(space["f"]) == code(space["f"])
    assert encode(space["TABLE"]) == encode(dict(space["TABLE"]))


def test_swapped_helpers_differ(cell: Cell) -> None:
    """The same functions under exchanged names are another program."""
    text = "def one():\n    return 1\ndef two():\n    return 2\ndef f():\n    return a() - b()\n"
    first = cell(text + "a, b = one, two\n", notebook())
    second = cell(text + "a, b = two, one\n", notebook())
    assert code(first["f"]) != code(second["f"])


def test_slots_are_state(cell: Cell) -> None:
    """The state of a plain object counts, in its dict or in its slots."""
    text = (
        "class C:\n    __slots__ = ('x',)\n    def __init__(self, x):\n        self.x = x\n"
        "c = C(1)\ndef f():\n    return c.x\n"
    )
    space = cell(text, notebook())
    tracker = Tracker(space["f"])
    before = tracker.current()
    space["c"].x = 2
    assert tracker.current().digest != before.digest
    assert before.unseen == ()


def test_namedtuple_counts_by_its_fields(module: Module) -> None:
    """A class made by a call has no text; its fields say what it is."""
    text = (
        "from collections import namedtuple\nT = namedtuple('T', 'a b')\ndef f():\n    return T\n"
    )
    first = Tracker(module(text).f).current()
    assert first.unseen == ()
    assert first.digest != code(module(text.replace("a b", "a c")).f)


def test_super_follows_the_base(module: Module) -> None:
    """A method that calls its base's depends on it."""
    text = (
        "class A:\n    def m(self):\n        return 1\n"
        "class B(A):\n    def m(self):\n        return super().m()\n"
    )
    assert code(module(text).B.m) != code(module(text.replace("1", "2")).B.m)


def test_opaque_values_are_listed(cell: Cell) -> None:
    """A value without canonical form counts by its type, and is named; a logger is not."""
    space = notebook() | {"gen": iter([1]), "log": logging.getLogger("x"), "lock": threading.Lock()}
    cell("def f():\n    return gen, log, lock\n", space)
    assert Tracker(space["f"]).current().unseen == (
        "'gen' is a builtins.list_iterator: its content does not count",
    )


def test_two_lambdas_on_one_line() -> None:
    """Lambdas are told apart by their columns."""
    one, two, three = (lambda x: x + 1), (lambda x: x + 2), (lambda x: [lambda y: y + x])
    same = lambda x: x + 1  # noqa: E731 - a lambda is what is tested
    assert code(one) == code(same)
    assert len({code(one), code(two), code(three)}) == 3


def test_closures_differ_by_value() -> None:
    """One function closed over two values is two programs."""

    def make(n: int) -> Callable[[int], int]:
        return lambda x: x + n

    assert code(make(1)) != code(make(2))
    assert code(make(1)) == code(make(1))


def test_no_source_is_an_error() -> None:
    """A function without source needs a version."""
    space: dict[str, Any] = notebook()
    exec("def f():\n    return 1\n", space)
    with pytest.raises(errors.CodeError) as caught:
        Tracker(space["f"])
    assert str(caught.value) == (
        "cannot fingerprint 'f': its source is not available. "
        'Define it in a file, or pass version="1".'
    )
    assert caught.value.function == "f"


def test_helper_without_source_counts_by_bytecode(cell: Cell) -> None:
    """A helper that cannot be read is listed, and still told from another one."""
    space = cell("def f():\n    return g()\n", notebook())
    exec("def g():\n    return 1\n", space)
    first = Tracker(space["f"]).current()
    assert first.unseen == ("notebook.g has no source: its bytecode counts",)
    exec("def g():\n    return 2\n", space)
    assert code(space["f"]) != first.digest


def test_builtin_is_an_error() -> None:
    """What is written in C has no source."""
    with pytest.raises(errors.CodeError, match="cannot fingerprint 'len'"):
        Tracker(len)


def test_own_decorators_do_not_count(module: Module) -> None:
    """The decorator of expcache and its options say nothing about the computation."""
    head = "import expcache\nfrom expcache import experiment\n"
    body = "def f(x):\n    return x\n"
    plain = module(head + body)
    digest = code(plain.f)
    for decorator in ("@experiment\n", "@experiment(tags=['a'])\n", "@expcache.experiment()\n"):
        decorated = module(head + decorator + body)
        assert code(getattr(decorated.f, "__wrapped__", decorated.f)) == digest


def test_called_experiment_is_followed(module: Module) -> None:
    """An experiment that calls another depends on that one's function."""
    text = (
        "from expcache import experiment\n@experiment\ndef inner(x):\n    return x\n"
        "@experiment\ndef f(x):\n    return inner(x)\n"
    )
    first = code(module(text).f.__wrapped__)
    second = code(module(text.replace("return x\n", "return -x\n")).f.__wrapped__)
    assert first != second


def test_method_follows_what_it_uses(module: Module) -> None:
    """A method's fingerprint holds the fields and the methods that it uses, not the others."""
    text = (
        "from dataclasses import dataclass\n@dataclass\nclass Fit:\n    C: float = 1.0\n"
        "    def used(self):\n        return self.deep()\n    def deep(self):\n        return 1\n"
        "    def other(self):\n        return 2\n"
        "    def run(self, x):\n        return self.used() + x\n"
    )
    before = code(module(text).Fit.run)
    assert code(module(text.replace("return 2", "return 3")).Fit.run) == before
    assert code(module(text.replace("return 1", "return 0")).Fit.run) != before
    assert code(module(text.replace("C: float", "C: int")).Fit.run) != before


def test_method_that_hands_itself_on_follows_the_class(module: Module) -> None:
    """When the instance leaves the method, every method may be called."""
    text = (
        "class Fit:\n    def other(self):\n        return 2\n"
        "    def run(self):\n        return helper(self)\n"
        "def helper(fit):\n    return fit.other()\n"
    )
    assert code(module(text).Fit.run) != code(module(text.replace("2", "3")).Fit.run)


def test_imports_inside_the_body(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Module
) -> None:
    """A project module imported when running counts by its file, and so do its imports."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "inner_one.py").write_text("from inner_two import g\n")
    (tmp_path / "inner_two.py").write_text("def g():\n    return 1\n")
    study = module("def f():\n    import json\n    from inner_one import g\n    return g()\n")
    unloaded = Tracker(study.f).current()
    assert "inner_one" not in sys.modules
    study.f()
    assert code(study.f) == unloaded.digest
    assert {one.name for one in unloaded.parts} == {"study.f", "inner_one", "inner_two"}
    for name in ("inner_one", "inner_two"):
        monkeypatch.delitem(sys.modules, name)


def test_depends_adds_to_the_fingerprint(module: Module) -> None:
    """Functions, modules, values and distributions can be declared."""
    study = module("def f():\n    return 1\ndef g():\n    return 2\n")
    declared = [[], [study.g], [study], [("data", 1)], ["pytest"], [encode]]
    codes = [Tracker(study.f, depends=one).current().digest for one in declared]
    assert len(set(codes)) == len(codes)


def test_unknown_distribution_is_an_error(module: Module) -> None:
    """A distribution that is not installed cannot be depended on."""
    study = module("def f():\n    return 1\n")
    with pytest.raises(errors.CodeError, match="cannot follow 'no-such-thing': no distribution"):
        Tracker(study.f, depends=["no-such-thing"])


@pytest.mark.parametrize(
    ("name", "file", "stem"),
    [
        ("test_x", "/p/tests/sub/test_x.py", "test_x"),
        ("tests.sub.test_x", "/p/tests/sub/test_x.py", "test_x"),
        ("__main__", "/p/study.py", "study"),
        ("__mp_main__", "/p/study.py", "study"),
    ],
)
def test_names_do_not_depend_on_how_the_file_runs(name: str, file: str, stem: str) -> None:
    """The stem is the module's last part, and the file's for a script."""
    space: dict[str, Any] = {"__name__": name, "__file__": file}
    exec(compile("class C:\n    def f(self): ...\n", file, "exec"), space)
    assert stem_of(space["C"].f) == stem
    assert name_of(space["C"].f) == f"{stem}.C.f"
    assert Path(file_of(space["C"].f) or "") == Path(file).absolute()


@pytest.mark.parametrize(
    ("facts", "stem"),
    [
        ({}, "notebook"),
        ({"__vsc_ipynb_file__": "/home/me/fit.ipynb"}, "fit"),
        ({"__session__": "/home/me/other.ipynb"}, "other"),
    ],
)
def test_notebooks_are_named_by_their_path(cell: Cell, facts: dict[str, str], stem: str) -> None:
    """The temporary file of a cell gets into neither name nor file."""
    space = notebook() | facts
    cell("def f():\n    return 1\n", space, "/tmp/ipykernel_77/{}.py")
    assert name_of(space["f"]) == f"{stem}.f"
    assert file_of(space["f"]) == next(iter(facts.values()), None)
    assert "ipykernel" not in "".join(one.name for one in Tracker(space["f"]).current().parts)


def test_functions_have_canonical_bytes() -> None:
    """As values, functions and classes count by their code, those of libraries by name."""
    one = lambda x: x + 1  # noqa: E731 - a lambda is what is tested
    two = lambda x: x + 1  # noqa: E731 - the same on another line
    other = lambda x: x + 2  # noqa: E731 - and a different one
    assert encode([one]) == encode([two]) != encode([other])
    assert encode(functools.wraps) != encode(functools.reduce)
    assert encode(int) != encode(0)
    assert encode(Point) == encode(Point) != encode(Path)


@dataclass
class Point:
    """A class with state."""

    x: int = 0

    def shifted(self, by: int) -> int:
        """Return the place after a shift."""
        return self.x + by

    def negated(self) -> int:
        """Return the opposite."""
        return -self.x


def test_bound_methods_have_canonical_bytes() -> None:
    """A bound method is its instance and its function."""
    assert encode(Point(1).shifted) == encode(Point(1).shifted)
    values = [Point(1).shifted, Point(2).shifted, Point(1).negated]
    assert len({encode(one) for one in values}) == 3


def test_lambda_without_source_has_no_bytes() -> None:
    """A function that cannot be read is refused with the path to it."""
    space: dict[str, Any] = notebook()
    exec("f = lambda: 1", space)
    with pytest.raises(errors.IdentityError) as caught:
        encode({"f": space["f"]}, "params")
    assert str(caught.value).startswith("cannot identify params['f']: its source is not available")


def test_constants_of_libraries_count_by_name(cell: Cell) -> None:
    """Code of libraries is told apart by name and never opened."""
    text = "from json import dumps as g\ndef f():\n    return g(1)\n"
    first = cell(text, notebook())
    second = cell(text.replace("dumps", "loads"), notebook())
    assert code(first["f"]) != code(second["f"])
    assert {one.name for one in Tracker(first["f"]).current().parts} == {"notebook.f"}


def test_paths_beside_the_module_are_the_same_in_every_checkout(tmp_path: Path) -> None:
    """A constant such as the directory of the module does not tie the code to one machine."""
    text = (
        "from pathlib import Path\nHERE = Path(__file__).parent\nDATA = str(HERE / 'a.csv')\n"
        "def f():\n    return HERE, DATA\n"
    )
    codes = []
    for place in ("one", "two"):
        file = tmp_path / place / "study.py"
        file.parent.mkdir()
        file.write_text(text)
        space: dict[str, Any] = {"__name__": "study", "__file__": str(file)}
        exec(compile(text, str(file), "exec"), space)
        codes.append(code(space["f"]))
        space["DATA"] = str(file.with_name("b.csv"))
        assert code(space["f"]) != codes[-1]
    assert codes[0] == codes[1]


def test_code_has_canonical_bytes_before_any_experiment() -> None:
    """The bytes of a function or a class do not depend on what the program has decorated."""
    values = "[json.dumps, json.JSONDecoder, dict, Path.home, staticmethod(abs)]"
    names = "import json\nfrom pathlib import Path\nfrom expcache._encode import encode\n"
    script = f"{names}print(encode({values}).hex())"
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seen = encode([json.dumps, json.JSONDecoder, dict, Path.home, staticmethod(abs)])
    assert (done.stdout.strip(), done.stderr) == (seen.hex(), "")


def test_what_update_wrapper_copies_does_not_count(module: Module) -> None:
    """The docstring and the type parameters that a wrapper copies are no state of it."""
    text = (
        "import functools\nclass memo:\n    def __init__(self, f):\n"
        "        functools.update_wrapper(self, f)\n        self.f = f\n"
        "    def __call__(self, x):\n        return self.f(x)\n"
        "@memo\ndef twice(x):\n    'DOC'\n    return x * 2\ndef f(x):\n    return twice(x)\n"
    )
    before = code(module(text).f)
    assert code(module(text.replace("DOC", "another")).f) == before
    assert code(module(text.replace("* 2", "* 3")).f) != before
