"""Fingerprints of a committed table, equal on every Python and however the file is run."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "golden"
GOLDEN: dict[str, str] = json.loads((HERE / "code.json").read_text())
SOURCES = str(Path(__file__).parent.parent / "src")


def run(*arguments: str, seed: str = "0", place: Path | None = None) -> str:
    """Run this Python in a process of its own, and return what it prints."""
    path = os.pathsep.join([SOURCES, os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": seed}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=place
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def zoo_file(tmp_path: Path) -> Path:
    """Return a copy of the functions as a Python file; linters shall leave the original alone."""
    return Path(shutil.copy(HERE / "zoo.txt", tmp_path / "zoo.py"))


def test_golden_table(zoo_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprints of this process are those that were committed."""
    spec = importlib.util.spec_from_file_location("zoo", zoo_file)
    assert spec is not None
    assert spec.loader is not None
    zoo = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "zoo", zoo)
    spec.loader.exec_module(zoo)
    assert zoo.fingerprints() == GOLDEN
    assert len(GOLDEN) >= 22


@pytest.mark.parametrize(("seed", "flags"), [("0", ()), ("1", ("-O",)), ("2", ("-OO",))])
def test_as_a_script(zoo_file: Path, seed: str, flags: tuple[str, ...]) -> None:
    """As a script, optimised, and under each hash seed, the table is the same."""
    assert json.loads(run(*flags, str(zoo_file), seed=seed)) == GOLDEN


def test_lambdas_without_columns_are_not_guessed(tmp_path: Path) -> None:
    """Where the interpreter keeps no columns, lambdas of one line cannot be told apart."""
    text = (
        "from expcache._code import Tracker\nfrom expcache.errors import CodeError\n"
        "same, again = (lambda x: x + 1), (lambda y: y + 1)\n"
        "try:\n    Tracker(same)\nexcept CodeError as error:\n    print(error)\n"
    )
    (tmp_path / "study.py").write_text(text)
    assert run("-X", "no_debug_ranges", str(tmp_path / "study.py")).strip() == (
        "cannot fingerprint '<lambda>': several lambdas on its line could be meant. "
        'Write it on a line of its own, or pass version="1".'
    )


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_inside_pytest(tmp_path: Path, mode: str) -> None:
    """With asserts rewritten, and as `tests.sub.test_zoo`, the table is the same."""
    place = tmp_path / "tests" / "sub"
    place.mkdir(parents=True)
    text = (HERE / "zoo.txt").read_text()
    check = (
        "\ndef test_table():\n    import json, pathlib\n"
        "    table = pathlib.Path(__file__).with_name('table.json')\n"
        "    assert fingerprints() == json.loads(table.read_text())\n"
    )
    (place / "test_zoo.py").write_text(text + check)
    shutil.copy(HERE / "code.json", place / "table.json")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--import-mode={mode}"]
    assert "1 passed" in run(*arguments, place=tmp_path)


def test_import_stays_light() -> None:
    """Fingerprints need nothing heavy to be imported."""
    text = (
        "import sys, expcache._code\n"
        "print([one for one in ('numpy', 'pandas', 'importlib.metadata') if one in sys.modules])"
    )
    assert run("-c", text).strip() == "[]"
