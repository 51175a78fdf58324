"""``--sweep-refresh``: compute again what is stored."""

from __future__ import annotations

import pytest

from plugin_project import STUDY, Project


def test_every_selected_point_is_computed_once(checked: Project) -> None:
    """Selected points are computed again, once a session; the others are left alone."""
    checked.run()
    checked.computed()
    result = checked.run("--sweep-refresh", "-k", "C:1 or C:3")
    result.assert_outcomes(passed=4, deselected=2)
    assert checked.computed() == [1, 3]
    result.stdout.fnmatch_lines("sweep_fit       2         2       0       0        0 *")
    checked.run("--sweep-status").stdout.fnmatch_lines("sweep_fit       3     3 *")


def test_a_failed_refresh_keeps_the_old_result(project: Project) -> None:
    """A refresh that fails is a failure of the session; what was stored stays."""
    project.run()
    project.failing(2)
    project.run("--sweep-refresh").assert_outcomes(passed=2, failed=1)
    project.computed()
    project.run().assert_outcomes(passed=3)
    assert project.computed() == []


def test_a_rerun_refreshes_too(project: Project) -> None:
    """A refresh that fails is not answered from the store when its test is run again."""
    pytest.importorskip("pytest_rerunfailures")
    project.run()
    project.write(STUDY)
    project.failing(2)
    project.run("--sweep-refresh", "--reruns=1").assert_outcomes(passed=2, failed=1)


def test_refresh_and_resume_contradict_each_other(project: Project) -> None:
    """The two together are a usage error that says why."""
    result = project.run("--sweep-refresh", "--sweep-resume")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: cannot combine --sweep-refresh with --sweep-resume: one computes every point again,"
        " the other only those without a result. Leave one of them out."
    )
    assert project.computed() == []
