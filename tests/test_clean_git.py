"""Sweeps that require committed code, and what records tell of git."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import expcache
from expcache import errors, use

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

STUDY = """
from expcache import experiment, grid

@experiment
def fit(x):
    return x + 1

sweep_fit = fit.sweep(grid(x=[1, 2]))
"""


def git(place: Path, *words: str) -> str:
    """Run git there, as somebody."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(place), *who, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with a committed study, as the working directory."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "study.py").write_text(STUDY)
    (home / "notes.txt").write_text("some\n")
    git(home, "init", "-q")
    git(home, "add", ".")
    git(home, "commit", "-q", "-m", "study")
    monkeypatch.chdir(home)
    with use(tmp_path / "store") as store:
        yield home
    store.close()


def sweep_of(home: Path) -> Any:
    """Return the sweep of the study as it is now."""
    spec = importlib.util.spec_from_file_location("study", home / "study.py")
    assert spec is not None
    assert spec.loader is not None
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    return study.sweep_fit


def test_committed_code_runs(home: Path) -> None:
    """Where nothing has changed, a clean git is no hindrance, nor are other untracked files."""
    (home / "results.csv").write_text("1\n")
    assert sweep_of(home).run(require_clean_git=True).results == [2, 3]


@pytest.mark.parametrize("name", ["study.py", "notes.txt", "new module.py"])
def test_changed_code_is_refused(home: Path, name: str) -> None:
    """A changed file, or one of Python that git does not know, is named; nothing is computed."""
    with (home / name).open("a") as file:
        file.write("# changed\n")
    with pytest.raises(
        errors.UncommittedError,
        match=rf"cannot run 'sweep_fit' with a clean git: '{name}' is not as in the last commit\. "
        r"Commit the changes, or run it without require_clean_git\.",
    ) as raised:
        sweep_of(home).run(require_clean_git=True)
    assert raised.value.changed == (name,)
    assert sweep_of(home).status()["missing"] == 2
    assert len(sweep_of(home).run()) == 2


def test_what_is_stored_is_given(home: Path) -> None:
    """Where nothing is to be computed, nothing is refused, unless it is to be refreshed."""
    sweep = sweep_of(home)
    sweep.run()
    (home / "notes.txt").write_text("other\n")
    assert sweep.run(require_clean_git=True).results == [2, 3]
    with pytest.raises(errors.UncommittedError):
        sweep.run(require_clean_git=True, refresh=True)
    with pytest.raises(errors.UncommittedError):
        sweep.as_completed(require_clean_git=True, refresh=True)


def test_many_changes_are_counted(home: Path) -> None:
    """Of many changed files, three are named."""
    for number in range(5):
        (home / f"m{number}.py").touch()
    with pytest.raises(
        errors.UncommittedError, match=r"'m0\.py', 'm1\.py', 'm2\.py' and 2 more are"
    ):
        sweep_of(home).check_git()


def test_the_project_may_require_it(home: Path) -> None:
    """`[tool.expcache] require_clean_git` holds where the call says nothing."""
    (home / "pyproject.toml").write_text("[tool.expcache]\nrequire_clean_git = true\n")
    git(home, "add", "pyproject.toml")
    with pytest.raises(errors.UncommittedError, match=r"'pyproject\.toml' is not") as raised:
        sweep_of(home).run()
    assert raised.value.changed == ("pyproject.toml",)
    assert len(sweep_of(home).run(require_clean_git=False)) == 2
    (home / "pyproject.toml").write_text("[tool.expcache]\nrequire_clean_git = 1\n")
    with pytest.raises(
        errors.StoreError,
        match=r"cannot use 1 as \[tool\.expcache\] require_clean_git in .*: it is neither true nor",
    ):
        sweep_of(home).run()
    (home / "pyproject.toml").write_text("require_clean_git = \n")
    with pytest.raises(errors.StoreError, match="cannot read whether a clean git is required from"):
        sweep_of(home).run()


def test_without_a_repository_there_is_no_commit(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code that is in no repository cannot be as in its last commit."""
    shutil.rmtree(home / ".git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(errors.UncommittedError, match="is in no repository that has a commit"):
        sweep_of(home).check_git()
    sweep_of(home).check_git(required=None)


def test_records_tell_the_commit(home: Path) -> None:
    """`Run.git` has the commit and whether files had changed, as of the process that computed."""
    program = "import study; run = study.fit.run(1); print(run.id)"
    before = {**os.environ, "EXPCACHE_STORE": str(home / ".expcache")}
    ids = []
    for text in (STUDY, STUDY.replace("+ 1", "+ 2")):
        (home / "study.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=home,
            env=before,
            check=True,
            capture_output=True,
            text=True,
        )
        run = expcache.load(done.stdout.strip(), store=home / ".expcache")
        ids.append(run.git)
    commit = git(home, "rev-parse", "HEAD").strip()
    assert ids == [{"commit": commit, "dirty": False}, {"commit": commit, "dirty": True}]


def test_rendering_requires_it_too(home: Path, tmp_path: Path) -> None:
    """Nothing is rendered from changed code where a clean git is required."""
    (home / "pyproject.toml").write_text("[tool.expcache]\nrequire_clean_git = true\n")
    (home / "more.py").touch()
    sweep = sweep_of(home)
    with pytest.raises(errors.UncommittedError, match=r"with a clean git: 'more\.py' is not as in"):
        expcache.render(sweep, None, tmp_path / "jobs", command="true", style="dollar")
    assert not (tmp_path / "jobs").exists()
    (home / "more.py").unlink()
    made = expcache.render(sweep, None, tmp_path / "jobs", command="true", style="dollar")
    assert len(made.ids) == 2
