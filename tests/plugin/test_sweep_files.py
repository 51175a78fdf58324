"""Sweeps in YAML and TOML files, as tests."""

from __future__ import annotations

import pytest

from plugin_project import Project

SWEEP = 'experiment = "study.py:fit"\ngrid.C = [1, 2, 3]\n'


@pytest.fixture
def filed(project: Project) -> Project:
    """A project whose experiment is swept by a file."""
    study = project.path / "test_study.py"
    study.rename(project.path / "study.py")
    project.write(SWEEP, "sweep_more.toml")
    return project


def test_a_file_on_the_command_line_is_a_sweep(filed: Project) -> None:
    """Its points are tests with the ids of any sweep; the second session computes none."""
    result = filed.run("sweep_more.toml", "-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["sweep_more.toml::sweep_more?C:1? PASSED *"])
    assert filed.computed() == [1, 2, 3]
    filed.run("sweep_more.toml", "-v").stdout.fnmatch_lines(["*sweep_more?C:3? CACHED *"])
    assert filed.computed() == []


def test_points_of_a_file_are_selected_as_any(filed: Project) -> None:
    """By node id, by -k, and by the name of the sweep."""
    filed.run("sweep_more.toml::sweep_more[C:2]").assert_outcomes(passed=1)
    filed.run("sweep_more.toml", "-k", "C:3").assert_outcomes(passed=1, deselected=2)
    filed.run("sweep_more.toml", "-k", "sweep_more").assert_outcomes(passed=3)
    assert filed.computed() == [2, 3, 1]


def test_jobs_and_resume_serve_files(filed: Project) -> None:
    """Points are computed in worker processes, and a failed one is tried again."""
    filed.failing(2)
    filed.run("sweep_more.toml", "--sweep-jobs=2").assert_outcomes(passed=2, failed=1)
    filed.failing()
    assert sorted(filed.computed()) == [1, 2, 3]
    filed.run("sweep_more.toml", "--sweep-resume").assert_outcomes(passed=3)
    assert filed.computed() == [2]


def test_no_file_is_collected_by_surprise(filed: Project) -> None:
    """A plain session, and one that names the directory, leave files alone."""
    assert filed.run().ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert filed.run(".").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_the_ini_file_names_files_to_collect(filed: Project) -> None:
    """Those that fit a pattern of sweep_files are collected like test modules."""
    filed.run("-o", "sweep_files=sweep_*.toml other.yaml").assert_outcomes(passed=3)
    assert filed.computed() == [1, 2, 3]


def test_files_of_other_plugins_are_left_alone(filed: Project) -> None:
    """A named file that does not say what to run is none of ours."""
    filed.write("[tool.other]\nstages = []\n", "test_other.toml")
    result = filed.run("test_other.toml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*not found: *test_other.toml*"])


def test_a_wrong_file_is_an_error_of_collection(filed: Project) -> None:
    """The message alone is shown, without a traceback."""
    filed.write(f"{SWEEP}grids.D = [1]\n", "sweep_more.toml")
    result = filed.run("sweep_more.toml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["cannot read 'grids' in '*sweep_more.toml': there is no such key*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_study_that_cannot_be_imported_shows_where(filed: Project) -> None:
    """The error is the study's own, with its traceback."""
    filed.write("import no_such_module_of_ours\n", "study.py")
    result = filed.run("sweep_more.toml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*study.py:1: in <module>*", "E *no_such_module_of_ours*"])


def test_a_module_can_hold_the_sweep_of_a_file_and_check_it(filed: Project) -> None:
    """The name is that of the variable, and the file is found beside the module."""
    check = "@sweep_held.check\ndef test_it(run):\n    assert run.result['accuracy'] < 1\n"
    held = "from expcache import specification\nsweep_held = specification('sweep_more.toml')\n"
    filed.write(held + check, "test_held.py")
    result = filed.run("-v")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["test_held.py::sweep_held?C:1? PASSED *"])
    assert filed.computed() == [1, 2, 3]
