"""``--sweep-timeout``: how long a point may take."""

from __future__ import annotations

import pytest

from plugin_project import STUDY, Project

SLOW = STUDY.replace("return {", "if C == 2:\n        __import__('time').sleep(600)\n    return {")


@pytest.mark.parametrize("jobs", ["--sweep-jobs=2", "--sweep-jobs=0"])
def test_a_point_that_takes_too_long_fails(project: Project, jobs: str) -> None:
    """It fails alone, and its report tells the limit; with and without jobs."""
    project.write(SLOW)
    result = project.run(jobs, "--sweep-timeout=0.5")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "expcache: *at most 0.5 s a point",
            "*_ sweep_fit?C:2? _*",
            "FAILED *C:2? - *TimeLimitError: *",
        ]
    )
    assert sorted(project.computed()) == [1, 2, 3]


def test_the_limit_may_be_in_the_ini_file(project: Project) -> None:
    """``sweep_timeout`` in the ini file does the same."""
    project.write(SLOW)
    project.path.joinpath("pyproject.toml").write_text(
        '[tool.pytest.ini_options]\nsweep_timeout = "0.5"\nsweep_jobs = "2"\n'
    )
    project.run().assert_outcomes(passed=2, failed=1)


def test_quick_points_do_not_notice(project: Project) -> None:
    """A limit changes nothing for points within it."""
    project.run("--sweep-timeout=60").assert_outcomes(passed=3)
    project.run("--sweep-timeout=60", "-v").stdout.fnmatch_lines("*::sweep_fit?C:1? CACHED*")


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_none_is_refused(project: Project, text: str) -> None:
    """Anything but a positive number is a usage error."""
    result = project.run(f"--sweep-timeout={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        f"ERROR: cannot use {text!r} as --sweep-timeout: it is no number of seconds."
        " Give one such as 60 or 0.5."
    )
