"""The examples, run as their pages say, in a copy of the repository's tree."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from documents import run_page, shell

ROOT = Path(__file__).resolve().parents[1]
SHORT = ("without_the_code", "extending", "dataclass_experiment")
FORMER = ("batchpy", "batchrun", "psweep", "multirun")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Copy what a reader's clone holds and an example needs."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=only_sources)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def only_sources(_: str, names: list[str]) -> set[str]:
    """Name what the copy leaves out."""
    return {name for name in names if name.startswith((".", "__")) or name.endswith(".png")}


@pytest.mark.parametrize("name", SHORT)
def test_short_examples(name: str, clone: Path) -> None:
    """Each short example prints what its page says."""
    place = clone / "examples" / name
    run_page(place / "README.md", place)


@pytest.mark.parametrize("name", FORMER)
def test_what_former_tools_did(name: str, clone: Path) -> None:
    """The first example of each older system, done here, prints what its page says."""
    place = clone / "examples" / "coming_from" / name
    run_page(place / "README.md", place)


def test_every_example_is_run() -> None:
    """No example is left out of this file."""
    found = {path.parent.name for path in (ROOT / "examples").rglob("README.md")}
    assert found == {*SHORT, *FORMER, "digits", "programs", "trust"}


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_programs_in_three_languages(clone: Path) -> None:
    """A compiled program, a shell script and a child in Python give what the page says."""
    place = clone / "examples" / "programs"
    run_page(place / "README.md", place)


def test_what_becomes_of_results_when_a_study_changes(clone: Path) -> None:
    """Explaining, accepting, auditing, comparing and migrating print what the page says."""
    pytest.importorskip("sklearn")
    place = clone / "examples" / "trust"
    run_page(place / "README.md", place)


def test_the_ids_of_digits_are_those_of_the_sweep(clone: Path) -> None:
    """The committed file of ids names the runs of the sweep, in order."""
    pytest.importorskip("sklearn")
    code = "import json, study; print(json.dumps(study.sweep_digits.ids))"
    status, output = shell(f'python -c "{code}"', clone / "examples" / "digits")
    assert status == 0, output
    kept = json.loads((clone / "examples/digits/digits.ids.json").read_text("utf-8"))
    assert json.loads(output) == kept["ids"]


def test_digits_script_and_plot(clone: Path) -> None:
    """The script computes the study, and the plot needs only its ids and the store."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    status, output = shell("python examples/digits/study.py", clone)
    assert status == 0, output
    assert output.startswith("36 runs; the best is {'C': 100, 'gamma': 0.0003, 'folds': 5}: 0.973")
    (clone / "examples/digits/study.py").rename(clone / "away.py")
    status, output = shell("python examples/digits/plot.py", clone)
    assert status == 0, output
    assert output == "digits.png: the best accuracy is 0.973, at C=100 and gamma=0.0003\n"
    assert (clone / "examples/digits/digits.png").stat().st_size > 10_000
