"""``--sweep-retries``: how often a point that fails is tried again."""

from __future__ import annotations

import pytest

from plugin_project import CHECK, Project

FLAKY = """
from pathlib import Path
from expcache import experiment, grid

@experiment
def fit(C):
    with open("computed.txt", "a") as log:
        log.write(f"{C}\\n")
    attempts = Path("computed.txt").read_text().split().count(str(C))
    if C > attempts:
        raise ZeroDivisionError(f"no fit at {C}, attempt {attempts}")
    return {"accuracy": C / 10}

sweep_fit = fit.sweep(grid(C=[1, 2, 3]))
"""

WAYS = pytest.mark.parametrize("way", [(), ("--sweep-jobs=2",)], ids=["here", "jobs"])


@pytest.fixture
def flaky(project: Project) -> Project:
    """A project whose points C fail until their attempt C."""
    project.write(FLAKY)
    return project


@WAYS
def test_a_retried_point_is_one_test(flaky: Project, way: tuple[str, ...]) -> None:
    """It passes, says after how many attempts, and is counted below the table."""
    result = flaky.run("--sweep-retries=2", "-v", *way)
    result.assert_outcomes(passed=3)
    assert sorted(flaky.computed()) == [1, 2, 2, 3, 3, 3]
    lines = result.stdout
    lines.fnmatch_lines(["expcache: *2 retries a point"])
    lines.fnmatch_lines(["*sweep_fit?C:1? PASSED *"])
    lines.fnmatch_lines(["*sweep_fit?C:2? PASSED after 2 attempts *"])
    lines.fnmatch_lines(["*sweep_fit?C:3? PASSED after 3 attempts *"])
    lines.fnmatch_lines(["0 of 3 selected points still lack a result; 2 took more than one *"])


@WAYS
def test_a_point_that_fails_every_time_tells_how_often(
    flaky: Project, way: tuple[str, ...]
) -> None:
    """Its report shows the last exception, and after how many attempts."""
    result = flaky.run("--sweep-retries=1", *way)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*ZeroDivisionError: no fit at 3, attempt 2",
            "*It failed after 2 attempts",
            "1 of 3 selected points still lack a result; 2 took more than one attempt",
            "FAILED *sweep_fit?C:3? - ZeroDivisionError: no fit at 3*",
        ]
    )


@WAYS
def test_checks_of_a_retried_point_count_it_once(flaky: Project, way: tuple[str, ...]) -> None:
    """A check of a point that was retried for another test reads it, or fails as that did."""
    flaky.write(FLAKY + CHECK)
    result = flaky.run("--sweep-retries=1", "-v", *way)
    result.assert_outcomes(passed=4, failed=2)
    assert sorted(flaky.computed()) == [1, 2, 2, 3, 3]
    result.stdout.fnmatch_lines(["*; 2 took more than one attempt"])
    assert str(result.stdout).count("PASSED after 2 attempts") == 1


def test_nothing_is_said_where_nothing_is_retried(flaky: Project) -> None:
    """Neither words nor lines speak of attempts."""
    result = flaky.run("--sweep-retries=0", "-v")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.no_fnmatch_line("*more than one attempt*")
    flaky.run("--sweep-retries=9").assert_outcomes(passed=3)
    flaky.run("-v").stdout.no_fnmatch_line("*more than one attempt*")


def test_the_option_comes_before_the_experiment(flaky: Project) -> None:
    """What the decorator says holds where the option says nothing."""
    flaky.write(FLAKY.replace("@experiment", "@experiment(retries=1)"))
    flaky.run("--sweep-retries=0").assert_outcomes(passed=1, failed=2)
    assert len(flaky.computed()) == 3
    flaky.run("-k", "C:3").assert_outcomes(failed=1)
    assert flaky.computed() == [3, 3]


def test_retries_may_be_in_the_ini_file(flaky: Project) -> None:
    """``sweep_retries`` in the ini file does the same."""
    flaky.path.joinpath("pyproject.toml").write_text(
        '[tool.pytest.ini_options]\nsweep_retries = "2"\n'
    )
    flaky.run().assert_outcomes(passed=3)


def test_workers_of_xdist_retry_too(flaky: Project) -> None:
    """Under ``-n``, the controller counts what the workers tell."""
    pytest.importorskip("xdist")
    result = flaky.run("--sweep-retries=2", "-n2", "-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*PASSED after 3 attempts *", "*; 2 took more than one attempt"])


@pytest.mark.parametrize("text", ["often", "-1", "1.5", "²"])
def test_a_number_that_is_none_is_refused(flaky: Project, text: str) -> None:
    """Anything but a number of attempts is a usage error."""
    result = flaky.run(f"--sweep-retries={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        f"ERROR: cannot use {text!r} as --sweep-retries: it is no number of attempts."
        " Give 0, 1, 2, ..."
    )
