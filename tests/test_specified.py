"""Sweeps that a file describes: which experiment they run, and what they are called."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import expcache
from expcache import Retries, Store, specification
from expcache._target import load_target
from expcache.errors import SpecificationError

STUDY = """
from expcache import experiment

@experiment(tags="own")
def grow(x, by=1):
    if x is None:
        raise ValueError("nothing grows")
    return x + by

plain = len
"""
SWEEP = """
experiment = "growth.py:grow"
grid.x = [1, 2]
grid.by = {start = 10, stop = 30, step = 10}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with a study and the file of a sweep; what is imported is forgotten."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules = dict(sys.modules)
    (tmp_path / "growth.py").write_text(STUDY)
    (tmp_path / "larger.toml").write_text(SWEEP)
    yield tmp_path
    for name in sys.modules.keys() - modules.keys():
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def test_a_file_is_a_sweep_like_any_other(place: Path, isolated: Store) -> None:
    """The points are computed once, in order, and count for the experiment itself."""
    sweep = specification(place / "larger.toml")
    assert sweep.run().results == [11, 21, 12, 22]
    assert sweep.status()["done"] == 4
    assert sweep.experiment is sys.modules["growth"].grow
    assert sweep.experiment.find(1, by=10).result == 11


def test_the_name_is_that_of_the_call_the_file_the_variable_or_the_stem(place: Path) -> None:
    """In this order."""
    (place / "named.toml").write_text(f'name = "sweep_named"{SWEEP}')
    assert specification(place / "named.toml", name="mine").name == "mine"
    assert specification(place / "named.toml").name == "sweep_named"
    assert specification(place / "larger.toml").name == "larger"
    code = "from expcache import specification\nsweep_held = specification('larger.toml')"
    (place / "held.py").write_text(f"{code}\nprint(sweep_held.name)")
    assert run_script(place / "held.py") == "sweep_held\n"


def run_script(path: Path) -> str:
    """Return what a script prints, started from another directory."""
    done = subprocess.run(
        [sys.executable, str(path)], cwd="/", check=True, capture_output=True, text=True
    )
    return done.stdout


def test_a_path_is_relative_to_the_caller_or_else_to_the_working_directory(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file beside the caller comes first; there is none beside this test."""
    monkeypatch.chdir(place)
    assert len(specification("larger.toml")) == 4


def test_options_of_the_file_stand_for_those_of_the_experiment(
    place: Path, isolated: Store
) -> None:
    """Tags are added, retries and a time limit hold, in worker processes too; ids stay."""
    text = f'tags = ["filed"]\nretries = 1\ntimeout = 60\n{SWEEP}'.replace("[1, 2]", "[1]")
    (place / "said.toml").write_text(text)
    sweep = specification(place / "said.toml")
    options = sweep.experiment._definition.options
    assert (options.timeout, options.retries) == (60, Retries(1))
    runs = sweep.run(jobs=2)
    assert [(run.result, run.tags) for run in runs] == [
        (11, ("own", "filed")),
        (21, ("own", "filed")),
    ]
    assert sweep.experiment.code == specification(place / "larger.toml").experiment.code
    assert specification(place / "larger.toml").status()["done"] == 2


def test_options_of_a_file_hold_for_a_command_of_python(place: Path, isolated: Store) -> None:
    """The experiment of a program is given them as any other."""
    if os.name != "posix":
        pytest.skip("echo is no program here")
    (place / "said.py").write_text('from expcache import command\nsay = command(["echo", "{x}"])')
    (place / "said.toml").write_text('experiment = "said.py:say"\ntags = ["a"]\ngrid.x = [1]')
    (run,) = specification(place / "said.toml").run()
    assert (run.result["stdout"], run.tags) == ("1\n", ("a",))
    assert sys.modules["said"].say.find(x=1).id == run.id
    assert sys.modules["said"].say._definition.options.tags == ()


def test_null_reaches_the_function_as_none(place: Path, isolated: Store) -> None:
    """And a failing point is one failed run."""
    pytest.importorskip("yaml")
    (place / "none.yaml").write_text("experiment: growth.py:grow\ngrid: {x: [null, 0]}")
    failed, done = specification(place / "none.yaml").run()
    assert (failed.status, done.result) == ("failed", 1)


WRONG = {
    "growth.py:shrink": "'growth.py' has no 'shrink'. Write file.py:function or module:function, "
    "relative to this file.",
    "growth.py:plain": "'growth.py:plain' is no experiment, but 'builtin_function_or_method'. "
    "Put @experiment above the function.",
    "decline.py:grow": "there is no file '.../decline.py'. Write file.py:function or "
    "module:function, relative to this file.",
    "no_such_module:grow": "there is no module 'no_such_module'. Write file.py:function or "
    "module:function, relative to this file.",
    "json.py:grow": "the name 'json' of '.../json.py' is taken by ...json/__init__.py. "
    "Write file.py:function or module:function, relative to this file.",
}


@pytest.mark.parametrize("target", WRONG)
def test_a_target_that_is_no_experiment_is_refused(place: Path, target: str) -> None:
    """The message names the file of the sweep, the reason and the remedy."""
    (place / "json.py").touch()
    path = place / "wrong.toml"
    path.write_text(f'experiment = "{target}"')
    with pytest.raises(SpecificationError) as caught:
        specification(path)
    library = Path(sys.modules["json"].__file__ or "").parents[1]
    shown = str(caught.value).replace(f"{place}/", ".../").replace(f"{library}/", "...")
    assert shown == f"cannot read 'experiment' in '.../wrong.toml': {WRONG[target]}"


def test_an_error_of_the_users_module_is_his_own(place: Path) -> None:
    """What a study raises while it is imported is not hidden."""
    (place / "broken.py").write_text("import no_such_module_of_ours")
    (place / "sweep.toml").write_text('experiment = "broken.py:grow"')
    with pytest.raises(ModuleNotFoundError, match="no_such_module_of_ours"):
        specification(place / "sweep.toml")


def test_a_file_is_imported_once_under_the_name_that_pytest_gives_it(place: Path) -> None:
    """A file in a package is the module of that package, found again by its path."""
    package = place / "studies"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "inner.py").write_text(STUDY)
    found = load_target("studies/inner.py:grow", place)
    assert found is load_target("studies.inner:grow") is load_target("inner.py:grow", package)
    assert found.__module__ == "studies.inner"


def test_a_script_can_sweep_its_own_experiment(place: Path) -> None:
    """A file that names the script that reads it leads to the running script."""
    script = dedent(STUDY) + dedent("""
        from expcache import specification
        sweep = specification("own.toml")
        print(sweep.experiment is grow, sweep.experiment.name)
    """)
    (place / "own.py").write_text(script)
    (place / "own.toml").write_text('experiment = "own.py:grow"')
    assert run_script(place / "own.py") == "True own.grow\n"


def test_import_expcache_reads_no_specification() -> None:
    """What reads files is loaded when it is asked for."""
    code = "import sys, expcache; print('expcache._specification' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert callable(expcache.specification)
