"""``--sweep-start-method``: how the processes are started that compute."""

from __future__ import annotations

import os

import pytest

from plugin_project import Project

METHODS = ["fork", "forkserver", "spawn"] if hasattr(os, "fork") else ["spawn"]


@pytest.mark.parametrize("method", METHODS)
def test_each_way_gives_the_same(checked: Project, method: str) -> None:
    """Outcomes do not depend on it; the line before the tests names it."""
    checked.failing(2)
    result = checked.run_apart("--sweep-jobs=2", f"--sweep-start-method={method}")
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(f"expcache: jobs 2 ({method})")
    assert sorted(checked.computed()) == [1, 2, 3]


def test_the_way_may_be_in_the_ini_file(project: Project) -> None:
    """``sweep_start_method`` in the ini file does the same."""
    project.path.joinpath("pyproject.toml").write_text(
        '[tool.pytest.ini_options]\nsweep_start_method = "spawn"\n'
    )
    project.run("--sweep-jobs=1").stdout.fnmatch_lines("expcache: jobs 1 (spawn)")


def test_an_unknown_way_is_refused(project: Project) -> None:
    """Anything else is a usage error that lists the ways."""
    result = project.run("--sweep-start-method=thread")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: cannot use 'thread' as --sweep-start-method: it is no way to start processes."
        " Give one of fork, forkserver, spawn."
    )
