"""``--sweep-rtol``: how exactly audited results have to agree."""

from __future__ import annotations

import pytest

from plugin_project import STUDY, Project

NOISY = STUDY.replace("C / 10", 'C + float(Path("noise.txt").read_text())')


@pytest.fixture
def noisy(project: Project) -> Project:
    """A project whose stored results are a hundredth smaller than what comes out now."""
    project.write(NOISY.replace("[1, 2, 3]", "[1]"))
    (project.path / "noise.txt").write_text("0")
    project.run().assert_outcomes(passed=1)
    (project.path / "noise.txt").write_text("0.01")
    return project


def test_what_is_within_the_tolerance_is_the_same(noisy: Project) -> None:
    """A difference up to the tolerance passes, a larger one fails; without any, each one does."""
    noisy.run("--sweep-audit=1", "--sweep-rtol=0.02").assert_outcomes(passed=1)
    noisy.run("--sweep-audit=1", "--sweep-rtol=0.001").assert_outcomes(failed=1)
    noisy.run("--sweep-audit=1").assert_outcomes(failed=1)


def test_the_ini_name(noisy: Project) -> None:
    """The ini name says what the option says, which has the last word."""
    ini = noisy.path / "pyproject.toml"
    ini.write_text('[tool.pytest.ini_options]\nsweep_rtol = "0.02"\n')
    noisy.run("--sweep-audit=1").assert_outcomes(passed=1)
    noisy.run("--sweep-audit=1", "--sweep-rtol=0").assert_outcomes(failed=1)


@pytest.mark.parametrize("text", ["-1", "inf", "nan", "much"])
def test_what_is_no_tolerance(project: Project, text: str) -> None:
    """What is no number from 0 up is a usage error."""
    result = project.run(f"--sweep-rtol={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        f"ERROR: cannot use '{text}' as --sweep-rtol: it is no number from 0 up."
        " Give one such as 1e-9."
    )
