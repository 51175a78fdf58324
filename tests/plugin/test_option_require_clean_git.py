"""``--sweep-require-clean-git``: no sweep runs while its code is not committed."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from plugin_project import Project

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(project: Project, *words: str) -> None:
    """Run git in the project, as somebody."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=project.path, check=True, capture_output=True)


@pytest.fixture
def committed(project: Project) -> Project:
    """The project in a repository, all of it committed."""
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "all")
    return project


def test_committed_code_runs(committed: Project) -> None:
    """The option changes nothing where all is committed."""
    committed.run("--sweep-require-clean-git").assert_outcomes(passed=3)


def test_changed_code_is_refused(committed: Project) -> None:
    """The module is an error that names the file; nothing is computed, what shows still shows."""
    with (committed.path / "test_study.py").open("a") as file:
        file.write("# changed\n")
    result = committed.run("--sweep-require-clean-git")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*cannot run 'sweep_fit' with a clean git: 'test_study.py' is not as in the last commit.*"]
    )
    assert committed.computed() == []
    committed.run("--sweep-require-clean-git", "--sweep-status").assert_outcomes()
    committed.run().assert_outcomes(passed=3)


def test_the_project_may_require_it(committed: Project) -> None:
    """`[tool.expcache] require_clean_git` is the same as the option."""
    committed.path.joinpath("pyproject.toml").write_text(
        "[tool.pytest.ini_options]\n[tool.expcache]\nrequire_clean_git = true\n"
    )
    committed.run().assert_outcomes(errors=1)
    git(committed, "commit", "-a", "-q", "-m", "require")
    committed.run().assert_outcomes(passed=3)
