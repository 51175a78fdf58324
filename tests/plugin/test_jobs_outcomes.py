"""How points come out that other processes compute."""

from __future__ import annotations

import pytest

from plugin_project import CHECK, STUDY, Project


def body(project: Project, statement: str, *, check: str = "", mark: str = "") -> None:
    """Make the project's experiment do something at the second point."""
    text = STUDY.replace("return {", f"if C == 2:\n        {statement}\n    return {{")
    project.write(mark + text + check)


def test_a_failure_shows_the_user_s_lines(checked: Project) -> None:
    """The traceback begins in the experiment, with its source, and checks fail alike."""
    checked.failing(2)
    result = checked.run("--sweep-jobs=2")
    result.assert_outcomes(passed=4, failed=2)
    assert sorted(checked.computed()) == [1, 2, 3]
    result.stdout.fnmatch_lines(
        [
            "*_ sweep_fit?C:2? _*",
            ">           raise ZeroDivisionError(f*",
            "E           ZeroDivisionError: no fit at 2",
            "test_study.py:10: ZeroDivisionError",
            "E*The experiment failed in this session already, in test_study.py::sweep_fit?C:2?",
            "FAILED test_study.py::sweep_fit?C:2? - ZeroDivisionError: no fit at 2",
        ]
    )
    for own in ("*_runs.py*", "*_computing.py*", "*_worker*.py*", "*_cell*.py*"):
        result.stdout.no_fnmatch_line(own)


def test_a_failure_is_tried_again_in_the_next_session(checked: Project) -> None:
    """A failure is never served as a result, with jobs neither."""
    checked.failing(2)
    checked.run("--sweep-jobs=2")
    checked.failing()
    checked.computed()
    checked.run("--sweep-jobs=2").assert_outcomes(passed=6)
    assert checked.computed() == [2]


def test_a_crash_fails_alone(project: Project) -> None:
    """A run that takes its process along fails, and says how; the others go on."""
    body(project, "__import__('os').kill(__import__('os').getpid(), 9)", check=CHECK)
    result = project.run("--sweep-jobs=2")
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(
        ["sweep_fit       3         2       0       1 *", "FAILED *sweep_fit?C:2? - *CrashError: *"]
    )
    assert sorted(project.computed()) == [1, 2, 3]


def test_a_hang_fails_alone(project: Project) -> None:
    """A run over its time limit fails; what waits for its process is computed."""
    body(project, "__import__('time').sleep(600)", check=CHECK)
    result = project.run("--sweep-jobs=1", "--sweep-timeout=0.5")
    result.assert_outcomes(passed=4, failed=2)
    assert sorted(project.computed()) == [1, 2, 3]


def test_an_exception_that_cannot_travel(project: Project) -> None:
    """Its traceback is shown as text, where the exception itself cannot be had."""
    text = "class Odd(Exception):\n    def __reduce__(self):\n        raise TypeError('no')\n"
    body(project, "raise Odd('no fit')", mark=text)
    result = project.run("--sweep-jobs=2")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["*raise Odd('no fit')*", "*Odd: no fit*", "FAILED *C:2? - test_study.Odd: no fit"]
    )


def test_a_result_that_cannot_travel(project: Project) -> None:
    """It fails with the reason alone: no line of the user's is at fault."""
    body(project, "return (C for _ in [1])")
    result = project.run("--sweep-jobs=2")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        "cannot keep the result of 'test_study.fit': a generator can be read only once.*"
    )


@pytest.mark.parametrize(
    ("raises", "outcomes"),
    [("ZeroDivisionError", {"xfailed": 6}), ("KeyError", {"failed": 6})],
)
def test_an_expected_failure(checked: Project, raises: str, outcomes: dict[str, int]) -> None:
    """``xfail(raises=...)`` sees the experiment's own exception."""
    mark = f"import pytest\npytestmark = pytest.mark.xfail(raises={raises}, strict=False)\n"
    checked.write(mark + STUDY + CHECK)
    checked.failing(1, 2, 3)
    checked.run("--sweep-jobs=2").assert_outcomes(**outcomes)


SKIPS = [
    "skip",
    "skipif(True, reason='so')",
    "skipif(condition=True, reason='so')",
    "skipif('sys.version_info > (3,)', reason='so')",
    "skipif('here', reason='so')",
    "xfail(run=False)",
]


@pytest.mark.parametrize("mark", SKIPS)
def test_what_is_skipped_is_not_computed(checked: Project, mark: str) -> None:
    """A mark that keeps a test from running keeps its point from being computed."""
    checked.write(f"import pytest\nhere = True\npytestmark = pytest.mark.{mark}\n" + STUDY + CHECK)
    result = checked.run("--sweep-jobs=2")
    outcomes = {"xfailed" if "xfail" in mark else "skipped": 6}
    result.assert_outcomes(**outcomes)
    assert checked.computed() == []


@pytest.mark.parametrize("mark", ["skipif(False, reason='no')", "skipif('not here', reason='no')"])
def test_what_is_not_skipped_is_computed(checked: Project, mark: str) -> None:
    """A condition that does not hold changes nothing."""
    checked.write(f"import pytest\nhere = True\npytestmark = pytest.mark.{mark}\n" + STUDY + CHECK)
    checked.run("--sweep-jobs=2").assert_outcomes(passed=6)
    assert sorted(checked.computed()) == [1, 2, 3]


def test_a_condition_that_cannot_be_told(checked: Project) -> None:
    """Pytest tells what is wrong with it, and no point is computed."""
    checked.write("import pytest\npytestmark = pytest.mark.skipif('nowhere')\n" + STUDY + CHECK)
    checked.run("--sweep-jobs=2").assert_outcomes(errors=6)
    assert checked.computed() == []


def test_points_are_computed_where_one_test_of_two_is_skipped(project: Project) -> None:
    """A skipped check does not keep its sweep's points from being computed."""
    project.write("import pytest\n" + STUDY + "\n@pytest.mark.skip\n" + CHECK.lstrip())
    project.run("--sweep-jobs=2").assert_outcomes(passed=3, skipped=3)
    assert sorted(project.computed()) == [1, 2, 3]


def test_a_test_that_skips_itself(project: Project) -> None:
    """A check may skip in its body, with the run at hand."""
    check = "import pytest\n@sweep_fit.check\ndef test_it(run):\n    pytest.skip('no')\n"
    project.write(STUDY + check)
    project.run("--sweep-jobs=2").assert_outcomes(passed=3, skipped=3)


def test_a_rerun_computes_again(checked: Project) -> None:
    """A test that is run again after a failure tries its point again, elsewhere."""
    pytest.importorskip("pytest_rerunfailures")
    again = "Path('failing.txt').write_text('')\n        raise Z"
    checked.write((STUDY + CHECK).replace("raise Z", again))
    checked.failing(2)
    result = checked.run("--sweep-jobs=2", "--reruns=2")
    result.stdout.fnmatch_lines("*6 passed, 1 rerun*")
    assert sorted(checked.computed()) == [1, 2, 2, 3]


RERUN = """
import pytest
from _pytest.runner import runtestprotocol

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if any(report.failed for report in reports):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
"""


def test_a_failed_point_that_comes_again_is_computed_elsewhere(checked: Project) -> None:
    """Whatever runs a test twice, the second attempt is one of another process too."""
    again = "Path('failing.txt').write_text('')\n        raise Z"
    place = "Path(f'pid-{__import__(\"os\").getpid()}').touch()\n        raise Z"
    checked.write((STUDY + CHECK).replace("raise Z", again).replace("raise Z", place))
    checked.write(RERUN, "conftest.py")
    checked.failing(2)
    checked.run("--sweep-jobs=1").assert_outcomes(passed=6)
    assert sorted(checked.computed()) == [1, 2, 2, 3]
    assert not checked.path.joinpath(f"pid-{__import__('os').getpid()}").exists()


def test_a_body_that_comes_again_reads_the_same_run(project: Project) -> None:
    """A check that is run again does not have its point computed again."""
    check = """
@sweep_fit.check
def test_it(run):
    if not Path("tried.txt").exists():
        Path("tried.txt").touch()
        raise AssertionError
"""
    project.write(STUDY + check)
    project.write(RERUN, "conftest.py")
    project.run("--sweep-jobs=2").assert_outcomes(passed=6)
    assert sorted(project.computed()) == [1, 2, 3]


@pytest.mark.parametrize(
    "statement",
    ["raise SystemExit(3)", "__import__('pytest').fail('no')", "__import__('pytest').skip('no')"],
)
def test_an_experiment_that_exits_has_failed(project: Project, statement: str) -> None:
    """It fails its own test and ends nothing else: in a worker, pytest cannot be told."""
    body(project, statement)
    result = project.run("--sweep-jobs=2")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines("1 of 3 selected points still lack a result")


def test_a_damaged_record_is_computed_again(checked: Project) -> None:
    """A record that cannot be read is a miss, with and without resuming."""
    for options in ([], ["--sweep-resume"]):
        checked.run("--sweep-jobs=2")
        checked.computed()
        checked.damage()
        checked.run("--sweep-jobs=2", *options).assert_outcomes(passed=6, warnings=3)
        assert sorted(checked.computed()) == [1, 2, 3]


def test_an_async_experiment(project: Project) -> None:
    """Coroutine functions are computed by workers like any other."""
    project.write(STUDY.replace("def fit", "async def fit") + CHECK)
    project.run("--sweep-jobs=2").assert_outcomes(passed=6)
    assert sorted(project.computed()) == [1, 2, 3]
