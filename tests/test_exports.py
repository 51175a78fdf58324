"""The public names, where they say they live, and what importing them costs."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import pytest

import expcache
import expcache.errors

RARE = (
    *("ast", "dataclasses", "datetime", "decimal", "difflib", "fractions", "hashlib", "inspect"),
    *("pathlib", "pickle", "random", "secrets", "shutil", "sqlite3", "tempfile"),
    *("traceback", "uuid"),
    *("expcache._cell", "expcache._code", "expcache._codec", "expcache._definition"),
    *("expcache._perform", "expcache._record._seal", "expcache._store._diskstore"),
)
HEAVY = (
    *("_pytest", "cloudpickle", "diskcache", "numpy", "pandas", "polars", "pyarrow", "pytest"),
    *("torch", "xarray"),
)


def public_names(module: types.ModuleType) -> list[str]:
    """Return the names of a module that a user could write and that are not private."""
    names = (name for name in vars(module) if name.isidentifier() and not name.startswith("_"))
    return sorted(set(names) - {"annotations"})


def test_all_is_sorted_and_complete() -> None:
    """`__all__` is sorted and names the public namespace, neither more nor less."""
    assert expcache.__all__ == sorted(expcache.__all__)
    later = {"__version__", *expcache._LATER}
    names = {*public_names(expcache)} - {"cli"}  # a package beside, imported by the command alone
    assert {*expcache.__all__} == {*names, *later}


@pytest.fixture
def installed() -> str:
    """Return the version that is installed, or skip where the source is run as it lies."""
    try:
        return metadata.version("expcache")
    except metadata.PackageNotFoundError:
        pytest.skip("expcache is not installed")


@pytest.mark.usefixtures("installed")
def test_every_name_can_be_imported() -> None:
    """A star import gives every listed name."""
    namespace: dict[str, object] = {}
    exec("from expcache import *", namespace)
    assert set(expcache.__all__) <= namespace.keys()


@pytest.mark.parametrize("name", sorted(set(expcache.__all__) - {"__version__", "errors"}))
def test_public_objects_name_the_public_module(name: str) -> None:
    """No repr, traceback or pickle sends a user to a private module."""
    assert getattr(expcache, name).__module__ == "expcache"


@pytest.mark.parametrize("name", expcache.errors.__all__)
def test_errors_have_one_base(name: str) -> None:
    """Every public error or warning descends from one of the two bases."""
    kind = getattr(expcache.errors, name)
    assert issubclass(kind, expcache.errors.ExpcacheError | expcache.errors.ExpcacheWarning)


@pytest.mark.parametrize("name", sorted(set(expcache.__all__) - {"__version__"}))
def test_public_objects_are_documented(name: str) -> None:
    """Every public object, and every public method of it, has a docstring."""
    thing = getattr(expcache, name)
    members = vars(thing).items() if inspect.isclass(thing) else ()
    functions = [m for n, m in members if not n.startswith("_") and callable(m)]
    assert all(inspect.getdoc(each) for each in [thing, *functions])


def test_version_is_that_of_the_distribution(installed: str) -> None:
    """`__version__` repeats the installed metadata."""
    assert expcache.__version__ == installed


def loaded_by(code: str, names: tuple[str, ...]) -> list[str]:
    """Return which of the modules a new program has loaded after a text; it warns of nothing."""
    text = f"{code}\nimport sys; print(*[n for n in {names!r} if n in sys.modules])"
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_import_is_silent_and_light() -> None:
    """Importing warns of nothing in development mode and loads no heavy library."""
    assert loaded_by("import expcache", HEAVY) == []


def test_import_loads_only_what_every_program_needs() -> None:
    """What follows code, computes, writes or keeps is imported when it is first used."""
    assert set(loaded_by("import expcache", RARE)) <= set(loaded_by("", RARE))


def test_a_hit_loads_nothing_that_computes(tmp_path: Path) -> None:
    """A plain result is read without what would compute or write it, and without inspect."""
    module = "import expcache\n@expcache.experiment\ndef double(x):\n    return 2 * x\n"
    (tmp_path / "study.py").write_text(module, encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import expcache, study\n"
        f"expcache.use({str(tmp_path / 'store')!r}); assert study.double(2) == 4"
    )
    computing = ("expcache._cell", "expcache._codec", "expcache._perform", "inspect", "tempfile")
    assert "expcache._perform" in loaded_by(code, computing)
    assert loaded_by(code, computing) == []
