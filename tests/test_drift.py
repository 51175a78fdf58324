"""What is told of the difference between the environment of a stored run and the present one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, errors, experiment, grid, load
from expcache import _drift as module
from expcache._drift import chosen_packages, drift_between

GOLDEN = Path(__file__).parent / "golden" / "store-1"
PLAIN = "7f3c1c74ed66d943e7f7c5bb4b750c76"

THEN = {"python": "3.11.7", "packages": {"numpy": "1.26.4", "scikit-learn": "1.4.0", "rich": "13"}}


def now(python: str = "3.11.9", **packages: str) -> dict[str, Any]:
    """Return an environment with these packages beside those of THEN."""
    same: dict[str, Any] = {"numpy": "1.26.4", "scikit-learn": "1.4.0"}
    return {"python": python, "packages": same | packages}


@pytest.fixture
def in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory whose choice of packages was not read yet."""
    monkeypatch.chdir(tmp_path)
    chosen_packages.cache_clear()
    yield tmp_path
    chosen_packages.cache_clear()


@pytest.mark.parametrize(
    ("present", "drift"),
    [
        (now(), {}),
        (now("3.12.0"), {"python": ("3.11", "3.12")}),
        (now(numpy="2.0.1"), {"numpy": ("1.26.4", "2.0.1")}),
        (now("3.13.1", numpy="2.0.1"), {"python": ("3.11", "3.13"), "numpy": ("1.26.4", "2.0.1")}),
        (now(rich="14"), {}),
        (now(torch="2.1"), {}),
        ({"python": "3.11.9", "packages": {"numpy": "1.26.4"}}, {"scikit-learn": ("1.4.0", None)}),
    ],
)
def test_what_is_different(present: dict[str, Any], drift: dict[str, Any]) -> None:
    """Python's minor and the named packages that took part are compared, and nothing else."""
    assert drift_between(THEN, present, ["numpy", "scikit-learn", "torch"]) == drift


def test_names_of_packages_are_compared_as_installers_do() -> None:
    """Case, dots, dashes and underscores make no other package."""
    then = {"packages": {"scikit-learn": "1", "ruamel.yaml": "1"}}
    changed = {"packages": {"Scikit_Learn": "2", "ruamel-yaml": "2"}}
    drift = drift_between(then, changed, ["scikit_learn", "Ruamel.YAML"])
    assert drift == {"scikit_learn": ("1", "2"), "Ruamel.YAML": ("1", "2")}


def test_another_implementation_of_python_is_another_python() -> None:
    """The same minor version of another interpreter is told with both names."""
    then, other = {"python": "3.11.7", "implementation": "CPython"}, {"python": "3.11.9"}
    drift = drift_between(then, other | {"implementation": "PyPy"}, [])
    assert drift == {"python": ("CPython 3.11", "PyPy 3.11")}


@pytest.mark.usefixtures("in_project")
def test_a_run_of_this_environment_has_no_drift(isolated: Store) -> None:
    """What this process computed, and what is not stored, differs in nothing."""

    @experiment(version="1")
    def square(x: int) -> int:
        return x * x

    sweep = square.sweep(grid(x=[1, 2]))
    assert sweep[0].drift == {}
    runs = sweep.run()
    assert [load(one, store=isolated).drift for one in runs.ids] == [{}, {}]
    assert runs.drift == {}


def count_bulk_reads(monkeypatch: pytest.MonkeyPatch, store: Store, read: list[str]) -> None:
    """Note the keys of all records that are read with others."""
    get_many = type(store).get_many

    def counted(self: Any, name: str, keys: list[str]) -> Any:
        read.extend(keys)
        return get_many(self, name, keys)

    monkeypatch.setattr(type(store), "get_many", counted)


@pytest.mark.usefixtures("in_project")
def test_records_are_read_only_where_something_drifted(
    isolated: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find no drift, the environments of an experiment are read, and none of its runs."""

    @experiment(version="1")
    def f(x: int) -> int:
        return x

    runs = f.sweep([{"x": 1}, {"x": 2}]).run()
    read: list[str] = []
    count_bulk_reads(monkeypatch, isolated, read)
    assert f.sweep([{"x": 1}, {"x": 2}]).plan().done.drift == {}
    assert [key[:12] for key in read] == ["environment-"]
    assert runs.ids


@pytest.mark.usefixtures("in_project")
def test_runs_count_their_drift(
    isolated: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A set counts each difference, and an environment is read once however many runs it has."""
    (tmp_path / "pyproject.toml").write_text('[tool.expcache]\npackages = ["xxhash"]\n')

    @experiment(version="1")
    def square(x: int) -> int:
        return x * x

    ids = square.sweep(grid(x=[1, 2, 3])).run().ids
    changed = module.present() | {"python": "4.0.0", "packages": {"xxhash": "99"}}
    monkeypatch.setattr(module, "present", lambda: changed)
    monkeypatch.setattr(module, "_known", {})
    reads: list[str] = []
    get = type(isolated).get
    count_bulk_reads(monkeypatch, isolated, reads)

    def counted(store: Any, name: str, key: str) -> bytes | None:
        reads.append(key)
        return get(store, name, key)

    monkeypatch.setattr(type(isolated), "get", counted)
    runs = load(ids, store=isolated)
    old = runs[0].environment["packages"]["xxhash"]
    reads.clear()
    minor = "{}.{}".format(*sys.version_info)
    assert runs.drift == {"python": {(minor, "4.0"): 3}, "xxhash": {(old, "99"): 3}}
    assert len([key for key in reads if key.startswith("environment-")]) == 1
    assert runs[1].drift == {"python": (minor, "4.0"), "xxhash": (old, "99")}


def test_a_store_of_another_project_tells_its_drift(in_project: Path) -> None:
    """A record of an older Python is told so when it is loaded."""
    store = in_project / "store"
    shutil.copytree(GOLDEN, store)
    store.chmod(0o700)
    drift = load(PLAIN, store=store).drift
    minor = "{}.{}".format(*sys.version_info)
    assert drift.get("python") == (None if minor == "3.11" else ("3.11", minor))


def test_the_project_chooses_the_packages(in_project: Path) -> None:
    """The setting of the working directory's project counts, else that of the store's project."""
    default = chosen_packages(str(in_project / "store"))
    assert default[:3] == ("numpy", "scipy", "pandas")
    chosen_packages.cache_clear()
    elsewhere = in_project / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pyproject.toml").write_text('[tool.expcache]\npackages = ["polars"]\n')
    assert chosen_packages(str(elsewhere / ".expcache")) == ("polars",)
    assert chosen_packages(str(in_project / "store")) == default
    chosen_packages.cache_clear()
    (in_project / "pyproject.toml").write_text('[tool.expcache]\npackages = ["rich"]\n')
    assert chosen_packages(str(elsewhere / ".expcache")) == ("rich",)


def test_no_working_directory(in_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the working directory is gone, the store's project is asked alone."""
    gone = in_project / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "numpy" in chosen_packages(str(in_project / "store"))


@pytest.mark.parametrize("setting", ['"numpy"', "[1]", '[""]'])
def test_a_choice_that_is_no_list_of_names(in_project: Path, setting: str) -> None:
    """A setting that makes no sense is an error that names the file."""
    (in_project / "pyproject.toml").write_text(f"[tool.expcache]\npackages = {setting}\n")
    with pytest.raises(errors.StoreError) as caught:
        chosen_packages(str(in_project / "store"))
    assert str(caught.value).startswith("cannot use ")
    assert " as [tool.expcache] packages in " in str(caught.value)
    reason = 'it is no list of names. Write packages = ["numpy"], or leave it out.'
    assert str(caught.value).endswith(reason)
    assert caught.value.path == str(in_project / "pyproject.toml")


def test_a_project_file_that_cannot_be_read(in_project: Path) -> None:
    """A malformed file is an error with its reason."""
    (in_project / "pyproject.toml").write_text("[tool.expcache\n")
    with pytest.raises(errors.StoreError, match=r"cannot read which packages count from '.*toml"):
        chosen_packages(str(in_project / "store"))


def test_a_new_version_of_what_is_depended_on_is_stale(tmp_path: Path) -> None:
    """With ``depends=["thing"]`` another version of the package computes anew, and back again."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "study.py").write_text(
        "import sys\nsys.path.insert(0, 'site')\nfrom expcache import experiment\n"
        "@experiment(depends=['thing'])\ndef fit(x):\n    return x\n"
        "@experiment\ndef plain(x):\n    return x\n"
        "print(fit.run(1).cached, plain.run(1).cached)\n"
    )

    def run(version: str) -> str:
        shutil.rmtree(tmp_path / "site", ignore_errors=True)
        folder = tmp_path / "site" / f"thing-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: thing\nVersion: {version}\n"
        )
        command = [sys.executable, "study.py"]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    asked = [run(version) for version in ("1.0", "1.0", "1.1", "1.1", "1.0")]
    assert asked == ["False False", "True True", "False True", "True True", "True True"]
