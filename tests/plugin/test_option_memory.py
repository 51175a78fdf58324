"""``--sweep-memory``: how much memory a point may take."""

from __future__ import annotations

import sys

import pytest

from plugin_project import STUDY, Project

GREEDY = STUDY.replace("return {", "if C == 2:\n        bytearray(1 << 32)\n    return {")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="enforced on Linux")
def test_a_point_that_takes_too_much_fails(project: Project) -> None:
    """It fails alone, with a MemoryError; the line before the tests names the limit."""
    project.write(GREEDY)
    result = project.run("--sweep-jobs=2", "--sweep-memory=500M")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["expcache: jobs 2 (*), 500M of memory a point", "FAILED *C:2? - MemoryError*"]
    )


def test_a_limit_without_jobs_is_refused(project: Project) -> None:
    """Without processes of its own there is nothing to limit: a usage error says so."""
    result = project.run("--sweep-memory=500M")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: cannot use '500M' as --sweep-memory: the limit is one of a process that computes"
        " points, and there is none. Add --sweep-jobs N, or leave the limit out."
    )


def test_the_ini_file_may_speak_of_jobs_to_come(project: Project) -> None:
    """``sweep_memory`` in the ini file holds once there are jobs, and is no error before."""
    project.path.joinpath("pyproject.toml").write_text(
        '[tool.pytest.ini_options]\nsweep_memory = "2G"\n'
    )
    project.run().assert_outcomes(passed=3)
    result = project.run("--sweep-jobs=1")
    result.stdout.fnmatch_lines("expcache: jobs 1 (*), 2G of memory a point")


@pytest.mark.parametrize("text", ["much", "-1G", "5X", "0"])
def test_a_size_that_is_none_is_refused(project: Project, text: str) -> None:
    """Anything but a size is a usage error."""
    result = project.run("--sweep-jobs=2", f"--sweep-memory={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        f"ERROR: cannot use {text!r} as --sweep-memory: it is no size. Give one such as 500M or 2G."
    )
