"""The fixtures of the plugin."""

from __future__ import annotations

from plugin_project import STUDY, Project


def test_a_run_is_given_to_checks_only(project: Project) -> None:
    """A test that asks for a run without being a check is told what it lacks."""
    project.write("def test_it(run):\n    pass\n")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        "cannot give a run to 'test_it': it is no check of a sweep. Decorate it with"
        " @<sweep>.check."
    )


def test_a_run_is_the_users_where_the_user_has_one(project: Project) -> None:
    """A project's own fixture named run comes first."""
    project.write(
        "import pytest\n@pytest.fixture\ndef run():\n    return 3\n"
        "def test_it(run):\n    assert run == 3\n"
    )
    project.run().assert_outcomes(passed=1)


def test_fixtures_may_use_the_run(project: Project) -> None:
    """A fixture gets the same run; its result is there once the body has begun."""
    project.write(
        STUDY
        + """
import pytest

@pytest.fixture
def doubled(run):
    return lambda: run.result["accuracy"] * 2

@sweep_fit.check
def test_it(run, doubled):
    assert doubled() == run.result["accuracy"] * 2
"""
    )
    project.run("-k", "test_it").assert_outcomes(passed=3, deselected=3)


def test_an_isolated_store(project: Project) -> None:
    """A test with a store of its own computes anew, and leaves the session's alone."""
    text = STUDY.replace("sweep_fit", "points") + "points.__test__ = False\n"
    project.write(
        text
        + "def test_apart(isolated_store):\n    fit(1)\n    fit(1)\n    assert fit.find(1).done\n"
        + "def test_session():\n    assert fit.find(1) is None\n"
    )
    project.run().assert_outcomes(passed=2)
    assert project.computed() == [1]
