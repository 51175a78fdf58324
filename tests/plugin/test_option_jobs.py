"""``--sweep-jobs``: how many processes compute, and when they do not."""

from __future__ import annotations

import os
import threading

import pytest

from expcache._executor._supervisor import Supervisor
from plugin_project import CHECK, STUDY, Project

PROCESS = STUDY.replace(
    'return {"accuracy"', 'import os\n    return {"pid": os.getpid(), "accuracy"'
)
ELSEWHERE = """
@sweep_fit.check
def test_place(run):
    import os
    Path("places.txt").open("a").write(f"{int(run.result['pid'] == os.getpid())} ")
"""


@pytest.fixture
def placed(project: Project) -> Project:
    """A project whose check notes for each point whether the process of pytest computed it."""
    project.write(PROCESS + ELSEWHERE)
    return project


def places(project: Project) -> set[str]:
    """Return ``1`` for points that the process of pytest computed, ``0`` for others."""
    path = project.path / "places.txt"
    found = set(path.read_text().split())
    path.unlink()
    return found


def test_points_compute_in_other_processes(placed: Project) -> None:
    """The points are computed elsewhere, each once; the tests run in the process of pytest."""
    result = placed.run("--sweep-jobs=2")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines("expcache: jobs 2 (*)")
    assert sorted(placed.computed()) == [1, 2, 3]
    assert places(placed) == {"0"}


def test_stored_points_are_not_computed(checked: Project) -> None:
    """What is stored is CACHED with jobs too, and the table says the same."""
    checked.run("--sweep-jobs=2", "-k", "C:1 and sweep_fit")
    checked.computed()
    result = checked.run("--sweep-jobs=2", "-v")
    result.assert_outcomes(passed=6)
    assert sorted(checked.computed()) == [2, 3]
    result.stdout.fnmatch_lines_random(
        [
            "*::sweep_fit?C:1? CACHED*",
            "*::sweep_fit?C:2? PASSED*",
            "*::test_accuracy?C:1? PASSED*",
            "sweep_fit       3         2       1       0        0 *",
            "0 of 3 selected points still lack a result",
        ]
    )


def test_refresh_computes_each_point_once(checked: Project) -> None:
    """With ``--sweep-refresh``, a point and its checks share one new result."""
    checked.run()
    checked.computed()
    checked.run("--sweep-jobs=2", "--sweep-refresh").assert_outcomes(passed=6)
    assert sorted(checked.computed()) == [1, 2, 3]


def test_resuming_submits_what_is_missing(checked: Project) -> None:
    """With ``--sweep-resume``, stored points are replayed and the others computed."""
    checked.run("-k", "C:1")
    checked.computed()
    result = checked.run("--sweep-jobs=2", "--sweep-resume", "-v")
    result.assert_outcomes(passed=6)
    assert sorted(checked.computed()) == [2, 3]
    result.stdout.fnmatch_lines_random(["*::sweep_fit?C:1? CACHED*", "*::sweep_fit?C:2? PASSED*"])


def test_failed_points_can_be_skipped(checked: Project) -> None:
    """With ``--sweep-skip-failed``, what failed before is not computed again."""
    checked.failing(2)
    checked.run("--sweep-jobs=2").assert_outcomes(passed=4, failed=2)
    checked.computed()
    result = checked.run("--sweep-jobs=2", "--sweep-skip-failed")
    result.assert_outcomes(passed=4, skipped=2)
    assert checked.computed() == []


@pytest.mark.parametrize("count", ["auto", "1"])
def test_the_count_may_be_in_the_ini_file(placed: Project, count: str) -> None:
    """``sweep_jobs`` in the ini file does the same; the command line comes first."""
    placed.path.joinpath("pyproject.toml").write_text(
        f'[tool.pytest.ini_options]\nsweep_jobs = "{count}"\n'
    )
    placed.run().assert_outcomes(passed=6)
    assert places(placed) == {"0"}
    placed.run("--sweep-jobs=0", "--sweep-refresh").assert_outcomes(passed=6)
    assert places(placed) == {"1"}


@pytest.mark.parametrize("text", ["-1", "two", "1.5", ""])
def test_a_count_that_is_none_is_refused(project: Project, text: str) -> None:
    """Anything but a number or ``auto`` is a usage error that says what is possible."""
    result = project.run(f"--sweep-jobs={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        f"ERROR: cannot use {text!r} as --sweep-jobs: it is no number of processes."
        " Give 0, 1, 2, ... or auto."
    )


def test_jobs_and_workers_of_xdist_exclude_each_other(project: Project) -> None:
    """Both on the command line are a usage error that says what each of them does."""
    pytest.importorskip("xdist")
    result = project.run("--sweep-jobs=2", "-n2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: cannot combine --sweep-jobs with -n: both start processes for the tests."
        " Use one of the two: *"
    )
    project.run("--sweep-jobs=2", "-n0").assert_outcomes(passed=3)


def test_workers_of_xdist_win_over_the_ini_file(checked: Project) -> None:
    """Where only the ini file speaks of jobs, ``-n`` wins, and a line says so."""
    pytest.importorskip("xdist")
    checked.path.joinpath("pyproject.toml").write_text(
        '[tool.pytest.ini_options]\nsweep_jobs = "2"\n'
    )
    result = checked.run_apart("-n2")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines("expcache: no jobs: -n runs the tests in processes of its own")


def test_the_debugger_keeps_points_in_the_process(placed: Project) -> None:
    """With ``--pdb``, points are computed where the debugger is, and a line says so."""
    result = placed.run("--sweep-jobs=2", "--pdb", "-s")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines("expcache: no jobs: the debugger needs the points in this process")
    assert places(placed) == {"1"}


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan", "--setup-only"])
def test_nothing_is_computed_where_nothing_runs(checked: Project, option: str) -> None:
    """What only shows something is left to pytest and computes no point."""
    result = checked.run("--sweep-jobs=2", option)
    assert result.ret == pytest.ExitCode.OK
    assert checked.computed() == []


def test_an_error_of_collection_ends_the_session(project: Project) -> None:
    """Errors of collection stop the session before a point, unless they are to be ignored."""
    project.write("raise RuntimeError('broken')\n", "test_broken.py")
    result = project.run("--sweep-jobs=2")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert project.computed() == []
    result = project.run("--sweep-jobs=2", "--continue-on-collection-errors")
    result.assert_outcomes(passed=3, errors=1)
    assert sorted(project.computed()) == [1, 2, 3]


def test_a_session_without_sweeps_starts_nothing(project: Project) -> None:
    """Ordinary tests do not notice that there could be jobs."""
    project.write("def test_one():\n    pass\n")
    result = project.run("--sweep-jobs=2")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("expcache: *")


def test_without_a_reporter(checked: Project) -> None:
    """``-p no:terminal`` changes nothing of what is computed."""
    result = checked.run("--sweep-jobs=2", "-p", "no:terminal")
    assert result.ret == pytest.ExitCode.OK
    assert sorted(checked.computed()) == [1, 2, 3]


def test_a_store_that_cannot_be_made_ends_the_session(project: Project) -> None:
    """Nothing is computed whose result could not be kept."""
    result = project.run("--sweep-jobs=2", "--sweep-store=failing.txt/below")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert project.computed() == []


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_both_ways_to_import_tests(checked: Project, mode: str) -> None:
    """Workers find the functions of test modules however pytest imported them."""
    checked.path.joinpath("deep").mkdir()
    (checked.path / "test_study.py").rename(checked.path / "deep" / "test_study.py")
    checked.run("--sweep-jobs=2", f"--import-mode={mode}").assert_outcomes(passed=6)
    assert sorted(checked.computed()) == [1, 2, 3]


def test_the_last_failed_points_run_alone(project: Project) -> None:
    """``--lf`` selects, and only what it selects is computed."""
    project.failing(2)
    project.run("--sweep-jobs=2").assert_outcomes(passed=2, failed=1)
    project.computed()
    project.failing()
    project.run("--sweep-jobs=2", "--lf").assert_outcomes(passed=1)
    assert project.computed() == [2]


def test_no_worker_outlives_the_session(placed: Project) -> None:
    """When pytest has ended, so have its workers."""
    text = PROCESS.replace('log.write(f"{C}', "log.write(f\"{__import__('os').getpid()}")
    placed.write(text)
    result = placed.run_apart("--sweep-jobs=2")
    result.assert_outcomes(passed=3)
    for pid in placed.computed():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_check_alone_has_its_points_computed(checked: Project) -> None:
    """Points that only checks ask for are computed elsewhere too."""
    checked.run("--sweep-jobs=2", "-k", "test_accuracy").assert_outcomes(passed=3, deselected=3)
    assert sorted(checked.computed()) == [1, 2, 3]


CHECKS_IN_A_CLASS = """
class TestBounds:
    @sweep_fit.check
    def test_low(self, run):
        assert run.result["accuracy"] > 0
"""


def test_one_run_serves_several_checks(project: Project) -> None:
    """However many tests ask for a point, in whatever collector, it is computed once."""
    project.write(STUDY + CHECK + CHECKS_IN_A_CLASS)
    other = "from test_study import sweep_fit\n" + CHECK.replace("test_accuracy", "test_again")
    project.write(other, "test_other.py")
    project.run("--sweep-jobs=2").assert_outcomes(passed=15)
    assert sorted(project.computed()) == [1, 2, 3]


@pytest.mark.parametrize("broken", [False, True])
def test_no_thread_is_left_of_a_session(
    project: Project, monkeypatch: pytest.MonkeyPatch, *, broken: bool
) -> None:
    """What a session in this process has started is over with it, however long that takes."""
    part, parted = Supervisor._part, []

    def slowly(self: Supervisor) -> None:
        threading.Event().wait(0.2)
        part(self)
        parted.append(self)

    monkeypatch.setattr(Supervisor, "_part", slowly)
    if broken:
        project.failing(2)
    project.run("--sweep-jobs=2", *["-x"] * broken)
    assert len(parted) == 1
