"""What a session tells of points that were computed in another environment."""

from __future__ import annotations

import os
import sys

import pytest

from plugin_project import CHECK, STUDY, Project

CONFIGURED = '[tool.pytest.ini_options]\n[tool.expcache]\npackages = ["thing"]\n'
LINE = "computed in another environment: {} (thing 1.0 -> 2.0)"


@pytest.fixture
def drifted(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of which two of three points were computed with an older package."""
    project.path.joinpath("pyproject.toml").write_text(CONFIGURED)
    project.write(STUDY + CHECK)
    monkeypatch.setenv("EXPCACHE_STORE", str(project.path / ".expcache"))
    install(project, monkeypatch, "1.0")
    project.run_apart("-k", "not C:3")
    install(project, monkeypatch, "2.0")
    assert project.computed() == [1, 2]
    return project


def install(project: Project, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Let the processes that follow find a version of a package."""
    site = project.path / f"site-{version}"
    (site / f"thing-{version}.dist-info").mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)


@pytest.mark.parametrize(
    "options", [(), ("--sweep-resume",), ("--sweep-jobs=2",), ("-n2",), ("-n2", "--sweep-resume")]
)
def test_cached_points_of_another_environment(drifted: Project, options: tuple[str, ...]) -> None:
    """One line counts them and names what is different, however the points run."""
    if "-n2" in options:
        pytest.importorskip("xdist")
    result = drifted.run_apart(*options)
    result.assert_outcomes(passed=6)
    assert drifted.computed() == [3]
    result.stdout.fnmatch_lines(
        [LINE.format("2 of 2 cached points"), "0 of 3 selected points still lack a result"]
    )


@pytest.mark.parametrize("option", ["--sweep-status", "--sweep-explain"])
def test_what_only_looks_tells_of_it(drifted: Project, option: str) -> None:
    """Sessions that compute nothing say of how many stored points the environment was another."""
    result = drifted.run_apart(option)
    result.stdout.fnmatch_lines(
        "computed in another environment: thing 1.0 -> 2.0 (2 of 2 cached points)"
    )
    drifted.run_apart("--sweep-refresh")
    drifted.run_apart(option).stdout.no_fnmatch_line("*another environment*")


def test_no_line_without_difference(drifted: Project) -> None:
    """Where all points were computed in this environment nothing is told, nor in quiet sessions."""
    drifted.run_apart("--sweep-refresh")
    drifted.run_apart().stdout.no_fnmatch_line("*another environment*")


def test_no_line_for_a_package_that_is_not_installed(
    drifted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not there now, nothing here uses: `run.drift` tells it, the session does not."""
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    drifted.write(STUDY + "@sweep_fit.check\ndef test_drift(run):\n    print(run.drift)\n")
    result = drifted.run_apart("-rP", "-k", "C:1")
    result.stdout.fnmatch_lines("{'thing': ('1.0', None)}")
    result.stdout.no_fnmatch_line("*another environment*")


def test_the_count_is_one_of_all_cached_points(drifted: Project) -> None:
    """Points of this environment are among the cached ones that the line counts."""
    drifted.run_apart("-k", "C:3")
    drifted.run_apart().stdout.fnmatch_lines(LINE.format("2 of 3 cached points"))
    one = drifted.run_apart("--junitxml=report.xml", "-k", "sweep_fit and C:1")
    one.stdout.fnmatch_lines(LINE.format("1 of 1 cached point"))
    told = '<property name="expcache.drift" value="thing 1.0 -&gt; 2.0"'
    assert told in drifted.path.joinpath("report.xml").read_text()


@pytest.mark.parametrize("options", [(), ("--sweep-resume",), ("--sweep-jobs=2",), ("-n1",)])
def test_a_choice_of_packages_that_makes_no_sense(
    drifted: Project, options: tuple[str, ...]
) -> None:
    """The session ends at the first stored point, with the reason."""
    if "-n1" in options:
        pytest.importorskip("xdist")
    drifted.path.joinpath("pyproject.toml").write_text(CONFIGURED.replace('["thing"]', "3"))
    result = drifted.run_apart(*options)
    assert result.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
    result.stdout.fnmatch_lines("*cannot use 3 as ?tool.expcache? packages in *no list of names*")
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
