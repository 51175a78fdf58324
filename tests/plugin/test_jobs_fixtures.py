"""Fixtures while other processes compute: set up and torn down as often as ever."""

from __future__ import annotations

import pytest

from plugin_project import STUDY, Project

FIXTURES = """
import pytest

def note(text):
    with open("fixtures.txt", "a") as log:
        log.write(text + "\\n")

@pytest.fixture(scope="session")
def once():
    note("+session"); yield; note("-session")

@pytest.fixture(scope="module")
def shared(once, request):
    note(f"+module {request.module.__name__}"); yield; note(f"-module {request.module.__name__}")

@pytest.fixture(scope="class")
def close(shared, request):
    note("+class"); yield; note("-class")

@pytest.fixture
def own():
    note("+own"); yield; note("-own")
"""

USES = """
@sweep_fit.check
def test_shared(run, shared):
    assert run.done

def test_plain(shared):
    pass

class TestClose:
    @sweep_fit.check
    def test_close(self, run, close):
        assert run.done

    @sweep_fit.check
    def test_again(self, run, close):
        assert run.done
"""


def fixtures(project: Project) -> list[str]:
    """Return what the fixtures of the latest session noted, in order."""
    path = project.path / "fixtures.txt"
    lines: list[str] = path.read_text().splitlines()
    path.unlink()
    return lines


def test_shared_fixtures_are_set_up_once(project: Project) -> None:
    """Fixtures of modules, classes and the session live as long as without jobs."""
    project.write(FIXTURES, "conftest.py")
    project.write(STUDY + USES, "test_a.py")
    project.write(STUDY + USES, "test_b.py")
    project.path.joinpath("test_study.py").unlink()
    project.run("--sweep-jobs=2").assert_outcomes(passed=26)
    with_jobs = fixtures(project)
    project.run().assert_outcomes(passed=26)
    assert with_jobs == fixtures(project)
    assert with_jobs.count("+session") == 1
    assert with_jobs.count("+class") == 2


def test_a_fixture_of_a_test_is_set_up_for_each(project: Project) -> None:
    """Fixtures of functions are set up before, and torn down after, each test."""
    project.write(FIXTURES, "conftest.py")
    project.write(STUDY + "\n@sweep_fit.check\ndef test_own(run, own):\n    assert run.done\n")
    project.run("--sweep-jobs=2").assert_outcomes(passed=6)
    assert fixtures(project) == ["+own", "-own"] * 3


PARAMETRIZED = """
import pytest

@pytest.fixture(scope="module", params=["x", "y"])
def setting(request):
    with open("fixtures.txt", "a") as log:
        log.write(f"+{request.param}\\n")
    return request.param

@sweep_fit.check
def test_setting(run, setting):
    assert run.done
"""


def test_tests_stay_with_a_parameter_of_a_shared_fixture(project: Project) -> None:
    """Pytest orders tests so that a shared fixture is made once a parameter; so it stays."""
    project.write(STUDY + PARAMETRIZED)
    project.run("--sweep-jobs=2").assert_outcomes(passed=9)
    assert fixtures(project) == ["+x", "+y"]
    assert sorted(project.computed()) == [1, 2, 3]


def test_parameters_of_a_check(project: Project) -> None:
    """A check may have parameters of its own; each point is computed once all the same."""
    text = "\nimport pytest\n@pytest.mark.parametrize('bound', [1, 2])\n@sweep_fit.check\n"
    project.write(STUDY + text + "def test_bound(run, bound):\n    assert run.done\n")
    project.run("--sweep-jobs=2").assert_outcomes(passed=9)
    assert sorted(project.computed()) == [1, 2, 3]


def test_a_fixture_that_asks_for_the_run(project: Project) -> None:
    """A fixture gets the run of its test: with jobs, it is completed by then."""
    text = "\nimport pytest\n@pytest.fixture\ndef result(run):\n    return run.result\n"
    check = "@sweep_fit.check\ndef test_it(run, result):\n    assert result == run.result\n"
    project.write(STUDY + text + check)
    project.run("--sweep-jobs=2").assert_outcomes(passed=6)


def test_what_fails_to_tear_down_is_told_of_the_last_test(project: Project) -> None:
    """An error of a shared fixture's end is reported with jobs too."""
    text = "\nimport pytest\n@pytest.fixture(scope='module')\ndef bad():\n    yield\n    1 / 0\n"
    project.write(STUDY + text + "@sweep_fit.check\ndef test_it(run, bad):\n    assert run.done\n")
    project.run("--sweep-jobs=2").assert_outcomes(passed=6, errors=1)


def test_tests_that_are_no_points_run_first(project: Project) -> None:
    """While points compute, the tests of a collector run that wait for none."""
    note = "Path('order.txt').open('a').write"
    check = f"\n@sweep_fit.check\ndef test_it(run):\n    {note}('check ')\n"
    project.write(STUDY + check + f"\ndef test_plain():\n    {note}('plain ')\n")
    project.run("--sweep-jobs=2").assert_outcomes(passed=7)
    assert project.path.joinpath("order.txt").read_text().split() == ["plain", *["check"] * 3]


def test_a_project_s_own_fixture_of_that_name(project: Project) -> None:
    """A fixture named ``run`` of the project's own serves its ordinary tests as ever."""
    text = "\nimport pytest\n@pytest.fixture\ndef run():\n    return 7\n"
    project.write(text + "def test_it(run):\n    assert run == 7\n", "test_own.py")
    project.run("--sweep-jobs=2").assert_outcomes(passed=4)


@pytest.mark.parametrize("option", ["--setup-show", "-vv", "-q", "--durations=0"])
def test_what_is_shown_makes_no_difference(checked_with_module: Project, option: str) -> None:
    """Options that show more or less change no outcome."""
    checked_with_module.run("--sweep-jobs=2", option).assert_outcomes(passed=13)


@pytest.fixture
def checked_with_module(project: Project) -> Project:
    """A project with fixtures of all scopes."""
    project.write(FIXTURES, "conftest.py")
    project.write(STUDY + USES)
    return project
