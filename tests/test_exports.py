"""The public names, where they say they live, and what importing them costs."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types
from importlib import metadata

import pytest

import expcache
import expcache.errors

HEAVY = ("_pytest", "cloudpickle", "diskcache", "numpy", "pandas", "polars", "pytest", "torch")


def public_names(module: types.ModuleType) -> list[str]:
    """Return the names of a module that a user could write and that are not private."""
    names = (name for name in vars(module) if name.isidentifier() and not name.startswith("_"))
    return sorted(set(names) - {"annotations"})


def test_all_is_sorted_and_complete() -> None:
    """`__all__` is sorted and names the public namespace, neither more nor less."""
    assert expcache.__all__ == sorted(expcache.__all__)
    assert {*expcache.__all__} == {*public_names(expcache), "__version__"}


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


def test_import_is_silent_and_light() -> None:
    """Importing warns of nothing in development mode and loads no heavy library."""
    code = f"import sys, expcache; print([n for n in {HEAVY!r} if n in sys.modules])"
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")
