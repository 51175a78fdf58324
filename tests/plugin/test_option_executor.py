"""``--sweep-executor``: by what the points are computed."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest

from plugin_project import STUDY, Project

CONFIGURED = '[tool.expcache.executors.box]\nkind = "local"\njobs = 2\n'
PLACED = STUDY.replace(
    'return {"accuracy"', 'import os\n    return {"pid": os.getpid(), "accuracy"'
)
ELSEWHERE = """
@sweep_fit.check
def test_place(run):
    import os
    assert run.result["pid"] != os.getpid()
"""


@pytest.fixture
def placed(project: Project) -> Project:
    """A project whose check is that no point was computed in the process of pytest."""
    project.write(PLACED + ELSEWHERE)
    return project


def test_an_executor_is_chosen_by_its_word(placed: Project) -> None:
    """The points are computed by the executor, and the tests run in the process of pytest."""
    result = placed.run("--sweep-executor=local", "--sweep-jobs=2")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines("expcache: executor local, jobs 2")
    assert sorted(placed.computed()) == [1, 2, 3]


def test_a_project_names_its_executors(placed: Project) -> None:
    """A name of the project's configuration serves, in the ini file as well."""
    (placed.path / "pyproject.toml").write_text(CONFIGURED)
    (placed.path / "pytest.ini").write_text("[pytest]\nsweep_executor = box\n")
    result = placed.run()
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines("expcache: executor box")


def test_an_unknown_executor_is_a_usage_error(placed: Project) -> None:
    """A word that stands for nothing is a usage error that names the nearest."""
    result = placed.run("--sweep-executor=locale")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: cannot compute with executor 'locale': there is none of the name 'locale'. "
        "Do you mean 'local'? *"
    )


@pytest.mark.parametrize(
    ("word", "library"),
    [("dask", "distributed"), ("slurm", "submitit"), ("ray", "ray"), ("mpi", "mpi4py")],
)
def test_a_missing_engine_is_a_usage_error(
    placed: Project, monkeypatch: pytest.MonkeyPatch, word: str, library: str
) -> None:
    """Without an engine's library no test runs, and the extra that brings it is told."""
    if find_spec(f"expcache._executor._{word}") is None:
        pytest.skip("there is no adapter")
    monkeypatch.setitem(sys.modules, library, None)
    result = placed.run(f"--sweep-executor={word}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        f"ERROR: cannot compute with executor '{word}': {library} is not installed. "
        f'Install "expcache?{word}?".'
    )
    assert placed.computed() == []


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--sweep-memory=1G", "it is for the processes of --sweep-jobs."),
        ("--sweep-start-method=spawn", "it is for the processes of --sweep-jobs."),
    ],
)
def test_options_of_our_processes_are_refused(placed: Project, option: str, reason: str) -> None:
    """What only processes of this machine can do is a usage error."""
    result = placed.run("--sweep-executor=local", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name = option.partition("=")[0]
    result.stderr.fnmatch_lines(
        f"ERROR: cannot combine {name} with --sweep-executor local: {reason} Configure the "
        "executor in ?tool.expcache.executors? of pyproject.toml."
    )


def test_distributed_tests_have_no_executor(placed: Project) -> None:
    """With -n of pytest-xdist, which runs the tests elsewhere, it is a usage error."""
    pytest.importorskip("xdist")
    result = placed.run("--sweep-executor=local", "-n1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: cannot combine --sweep-executor with -n: *")
