"""Points that are computed elsewhere and have nothing else to do are reported at once."""

from __future__ import annotations

import pytest

from plugin_project import STUDY, Project

HOOKS = """
def note(text):
    with open("hooks.txt", "a") as log:
        log.write(text + "\\n")

def pytest_runtest_setup(item):
    note("setup")

def pytest_runtest_teardown(item):
    note("teardown")
"""

AUTOUSE = """
import pytest

@pytest.fixture(autouse=True)
def around():
    with open("hooks.txt", "a") as log:
        log.write("fixture\\n")
    yield
"""


def noted(project: Project) -> list[str]:
    """Return what the hooks and fixtures of the project noted."""
    path = project.path / "hooks.txt"
    return path.read_text().split() if path.exists() else []


def test_hooks_of_the_project_are_called(project: Project) -> None:
    """A conftest file that takes part in running tests takes part in every point."""
    project.write(HOOKS, "conftest.py")
    project.run("--sweep-jobs", "1").assert_outcomes(passed=3)
    assert noted(project) == ["setup", "teardown"] * 3


def test_autouse_fixtures_are_set_up(project: Project) -> None:
    """A fixture that is for every test is for every point."""
    project.write(AUTOUSE, "conftest.py")
    project.run("--sweep-jobs", "1").assert_outcomes(passed=3)
    assert noted(project) == ["fixture"] * 3


def test_only_what_succeeds_is_brief(project: Project) -> None:
    """A point that fails is a test like any other, with its traceback."""
    project.failing(2)
    result = project.run("--sweep-jobs", "1")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["E*ZeroDivisionError: no fit at 2"])


def test_what_a_run_says_is_shown(project: Project) -> None:
    """A point that printed is a test like any other, with its output."""
    project.write(STUDY.replace("    return", '    print("heard", C)\n    return'))
    result = project.run("--sweep-jobs", "1", "-rP")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["heard 3"])


def test_fixtures_between_points_are_torn_down_in_time(project: Project) -> None:
    """What a test before a brief one has set up is torn down before the next module."""
    plain = """
        import pytest
        @pytest.fixture(scope="module", autouse=False)
        def shared():
            note("+module"); yield; note("-module")
        def note(text):
            with open("hooks.txt", "a") as log:
                log.write(text + "\\n")
        def test_first(shared):
            note("test")
    """
    body = "\n".join(line[8:] for line in plain.splitlines())
    project.write(STUDY + body)
    project.write("from test_study import note\ndef test_last():\n    note('last')\n", "test_z.py")
    project.run("--sweep-jobs", "1").assert_outcomes(passed=5)
    assert noted(project) == ["+module", "test", "-module", "last"]


@pytest.mark.parametrize("resume", [[], ["--sweep-resume"]])
def test_brief_points_are_counted(project: Project, resume: list[str]) -> None:
    """Computed points are PASSED, stored ones CACHED, and both are in the table."""
    first = project.run("--sweep-jobs", "1", "-v", *resume)
    first.stdout.fnmatch_lines(["*sweep_fit?C:1? PASSED*", "sweep_fit *3 *3 *0 *0 *0 *"])
    second = project.run("--sweep-jobs", "1", "-v", *resume)
    second.stdout.fnmatch_lines(["*sweep_fit?C:1? CACHED*", "sweep_fit *3 *0 *3 *0 *0 *"])
    assert project.computed() == [1, 2, 3]


KEPT = """
import gc
import pytest

@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    kept = [item for item in session.items if getattr(item, "_request", None)]
    assert session.items and not kept
    assert not gc.get_freeze_count()
    print("nothing is kept")

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logfinish():
    assert gc.get_freeze_count()
"""


def test_a_large_session_keeps_little(project: Project) -> None:
    """What was collected is not searched for garbage during the tests, nor kept set up after."""
    project.write(KEPT, "conftest.py")
    result = project.run("--sweep-jobs", "1", "-s")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*nothing is kept*"])


PLACES = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    for item in session.items:
        told = item.location
        del vars(item)["location"]
        assert item.location == told
        print(*told)
"""


def test_every_point_has_its_location(project: Project) -> None:
    """What is told of a point is where its sweep is defined, and its own name, as ever."""
    project.write(PLACES, "conftest.py")
    result = project.run("--sweep-jobs", "1", "-s")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([f"*test_study.py * sweep_fit[[]C:{c}[]]" for c in (1, 2, 3)])
