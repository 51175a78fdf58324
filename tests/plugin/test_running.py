"""How points are computed by tests, and how their failures look."""

from __future__ import annotations

import sys

import pytest

from plugin_project import CHECK, STUDY, Project


def test_a_point_is_computed_once(checked: Project) -> None:
    """The sweep computes, the check reads; the next session computes nothing."""
    checked.run().assert_outcomes(passed=6)
    assert checked.computed() == [1, 2, 3]
    result = checked.run("-v")
    result.assert_outcomes(passed=6)
    assert checked.computed() == []
    result.stdout.fnmatch_lines(
        ["*::sweep_fit?C:1? CACHED*", "*::test_accuracy?C:1? PASSED*", "*= 6 passed in *"]
    )


def test_a_stored_point_has_its_letter(checked: Project) -> None:
    """``c`` is a point that was stored, ``.`` one that was computed or a check that ran."""
    checked.run("-k", "C:1 and not accuracy")
    checked.run().stdout.fnmatch_lines("test_study.py c.....*")


def test_a_check_alone_computes_its_points(checked: Project) -> None:
    """A check needs no test of the sweep before it."""
    checked.run("-k", "test_accuracy").assert_outcomes(passed=3, deselected=3)
    assert checked.computed() == [1, 2, 3]


def test_changed_code_is_computed_again(checked: Project) -> None:
    """An edit of the experiment makes its results stale, and only its."""
    checked.run()
    checked.computed()
    checked.write((STUDY + CHECK).replace("C / 10", "C / 20"))
    result = checked.run("-k", "sweep_fit and not accuracy")
    result.stdout.fnmatch_lines("sweeps: 3 points, 0 cached, 3 stale")
    assert checked.computed() == [1, 2, 3]


def test_a_failure_is_the_test_s_own(project: Project) -> None:
    """The traceback begins in the experiment; no frame of expcache or pytest is in it."""
    project.failing(2)
    result = project.run()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ sweep_fit?C:2? _*",
            "C = 2",
            ">           raise ZeroDivisionError(f*",
            "E           ZeroDivisionError: no fit at 2",
            "test_study.py:10: ZeroDivisionError",
            "FAILED test_study.py::sweep_fit?C:2? - ZeroDivisionError: no fit at 2",
        ]
    )
    for own in ("*_runs.py*", "*_cell.py*", "*_outcome.py*", "*_callers.py*"):
        result.stdout.no_fnmatch_line(own)


def test_a_failure_in_another_file_shows_the_users_frames_only(project: Project) -> None:
    """The same holds where experiment and test are in two files, and experiments nest."""
    project.write(STUDY, "library.py")
    project.write(
        "from expcache import experiment, grid\nimport library\n"
        "@experiment\ndef outer(C):\n    return library.fit(C)\n"
        "sweep_outer = outer.sweep(grid(C=[1, 2]))\n"
    )
    project.failing(2)
    result = project.run("--tb=short")
    result.stdout.fnmatch_lines(
        ["test_study.py:5: in outer", "library.py:10: in fit", "E   ZeroDivisionError: no fit at 2"]
    )
    for own in ("*_perform.py*", "*_experiment.py*", "*_runs.py*"):
        result.stdout.no_fnmatch_line(own)


def test_assertions_of_an_experiment_are_explained(project: Project) -> None:
    """An assert in an experiment is introspected as in any test, with locals on request."""
    project.write(STUDY.replace("return {", "bound = 2\n    assert C < bound\n    return {"))
    result = project.run("-l")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["E       assert 2 < 2", "bound      = 2"])


def test_a_check_of_a_failed_point_fails_without_computing_again(checked: Project) -> None:
    """One failure a session is enough; the check shows it and says where it happened."""
    checked.failing(2)
    result = checked.run()
    result.assert_outcomes(passed=4, failed=2)
    assert checked.computed() == [1, 2, 3]
    result.stdout.fnmatch_lines(
        "E*The experiment failed in this session already, in test_study.py::sweep_fit?C:2?"
    )


def test_a_failure_is_tried_again_in_the_next_session(checked: Project) -> None:
    """A failure is never served as a result."""
    checked.failing(2)
    checked.run()
    checked.failing()
    checked.computed()
    result = checked.run()
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines("sweeps: 3 points, 2 cached, 1 failed before")
    assert checked.computed() == [2]


def test_an_expected_failure(checked: Project) -> None:
    """``xfail(raises=...)`` sees the experiment's own exception, in checks too."""
    mark = "import pytest\npytestmark = pytest.mark.xfail(raises=ZeroDivisionError, strict=False)\n"
    checked.write(mark + STUDY + CHECK)
    checked.failing(1, 2, 3)
    checked.run().assert_outcomes(xfailed=6)
    checked.write(mark.replace("ZeroDivisionError", "KeyError") + STUDY)
    checked.run().assert_outcomes(failed=3)


def test_the_output_of_an_experiment_is_captured(project: Project) -> None:
    """What a failing experiment printed is shown with it."""
    project.write(STUDY.replace("    with open", "    print('fitting', C)\n    with open"))
    project.failing(2)
    result = project.run()
    result.stdout.fnmatch_lines(["*- Captured stdout call -*", "fitting 2"])
    result.stdout.no_fnmatch_line("fitting 1")


def test_an_experiment_may_skip(project: Project) -> None:
    """``pytest.skip`` in an experiment skips the test, and nothing is stored."""
    project.write("import pytest\n" + STUDY.replace("    with", "    pytest.skip('no')\n    with"))
    result = project.run()
    result.assert_outcomes(skipped=3)
    result.stdout.fnmatch_lines("3 of 3 selected points still lack a result")
    project.run("--sweep-status").stdout.fnmatch_lines("sweep_fit *3     0      0       0*3")


@pytest.mark.parametrize("statement", ["raise SystemExit(3)", "import pytest; pytest.fail('no')"])
def test_an_experiment_that_exits_has_failed(project: Project, statement: str) -> None:
    """The table agrees with the test: it failed, although nothing of it is stored."""
    project.write(STUDY.replace("return {", f"{statement}\n    return {{"))
    result = project.run()
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        ["sweep_fit       3         0       0       3        0 *", "3 of 3 selected points *"]
    )


def test_a_refused_result_is_told_without_frames(checked: Project) -> None:
    """Where no line of the user's raised, the message is all that is shown, in checks too."""
    checked.write((STUDY + CHECK).replace('return {"accuracy": C / 10}', "return (C for _ in [1])"))
    result = checked.run("-k", "C:1")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*_ sweep_fit?C:1? _*",
            "cannot keep the result of 'test_study.fit': a generator can be read only once.*",
            "FAILED test_study.py::sweep_fit?C:1? - *ResultError: *",
        ]
    )
    result.stdout.no_fnmatch_line("*capture*")
    result.stdout.no_fnmatch_line("*_cell.py*")


def test_stop_at_the_first_failure(project: Project) -> None:
    """``-x`` computes nothing after a failure, and says what is missing."""
    project.failing(2)
    result = project.run("-x")
    assert project.computed() == [1, 2]
    result.stdout.fnmatch_lines("2 of 3 selected points still lack a result")


def test_last_failed_and_stepwise(project: Project) -> None:
    """``--lf`` and ``--sw`` know the points."""
    project.failing(2)
    project.run()
    project.run("--lf").assert_outcomes(failed=1)
    project.run("--sw").assert_outcomes(passed=1, failed=1)
    project.failing()
    project.run("--sw").assert_outcomes(passed=2, deselected=1)


def test_an_ordinary_test_uses_the_store(project: Project) -> None:
    """An experiment called in any test is kept in the session's store."""
    text = STUDY.replace("sweep_fit", "points") + "points.__test__ = False\n"
    project.write(text + "def test_fit():\n    assert fit(1)['accuracy'] == 0.1\n")
    project.run().assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)
    assert project.computed() == [1]


def test_a_damaged_record_is_computed_again(project: Project) -> None:
    """A record that cannot be read is a warning and a miss, with and without resuming."""
    for options in ([], ["--sweep-resume"]):
        project.run()
        project.computed()
        project.damage()
        result = project.run(*options)
        result.assert_outcomes(passed=3, warnings=3)
        result.stdout.fnmatch_lines("*RecordWarning: cannot read the record of run *")
        assert project.computed() == [1, 2, 3]


def test_the_post_mortem_is_in_the_experiment(project: Project) -> None:
    """``--pdb`` stops in the frame that raised."""
    project.failing(2)
    command = [sys.executable, "-m", "pytest", *project.arguments, "--pdb"]
    result = project.pytester.run(*command, stdin=b"p C * 1000\nq\n")
    result.stdout.fnmatch_lines(["*(10)fit()", "(Pdb) 2000", "*_pytest.outcomes.Exit*"])


def test_a_rerun_computes_again(checked: Project) -> None:
    """A test that is run again after a failure tries its point again."""
    pytest.importorskip("pytest_rerunfailures")
    checked.write(
        (STUDY + CHECK).replace("raise Z", "Path('failing.txt').write_text('')\n        raise Z")
    )
    checked.failing(2)
    result = checked.run("--reruns=2")
    result.stdout.fnmatch_lines("*6 passed, 1 rerun*")
    assert checked.computed() == [1, 2, 2, 3]


@pytest.mark.parametrize("count", [1, 2])
def test_an_interrupt_loses_only_the_point_in_flight(project: Project, count: int) -> None:
    """Ctrl-C ends the session as pytest's; all that was finished is stored."""
    project.write(STUDY.replace("raise ZeroDivisionError", "raise KeyboardInterrupt"))
    project.failing(count + 1)
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(f"{3 - count} of 3 selected points still lack a result")
    project.run("--sweep-status").stdout.fnmatch_lines(
        f"sweep_fit       3     {count}      0       0        0        {3 - count}"
    )
