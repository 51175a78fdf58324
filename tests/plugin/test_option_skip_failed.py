"""``--sweep-skip-failed``: leave alone what failed before."""

from __future__ import annotations

import pytest

from plugin_project import CHECK, STUDY, Project


@pytest.mark.parametrize("options", [(), ("--sweep-resume",), ("-p", "no:cacheprovider")])
def test_what_failed_before_is_skipped(checked: Project, options: tuple[str, ...]) -> None:
    """Points that failed in a previous run are skipped, with the reason, and so are checks."""
    checked.failing(2)
    checked.run()
    checked.failing()
    checked.computed()
    result = checked.run("--sweep-skip-failed", "-rs", *options)
    result.assert_outcomes(passed=4, skipped=2)
    assert result.ret == pytest.ExitCode.OK
    assert checked.computed() == []
    result.stdout.fnmatch_lines(
        [
            "1 of 3 selected points still lack a result",
            "SKIPPED *test_study.py*: failed in a previous run (ZeroDivisionError: no fit at 2)",
        ]
    )


def test_what_was_never_run_is_computed(project: Project) -> None:
    """Only failures are skipped; a point that fails now fails."""
    project.failing(1)
    project.run("-x")
    project.failing(1, 2)
    project.run("--sweep-skip-failed").assert_outcomes(skipped=1, failed=1, passed=1)
    assert project.computed() == [1, 2, 3]


def test_a_failure_of_this_session_is_no_previous_one(checked: Project) -> None:
    """The check of a point that fails in this session fails."""
    checked.failing(2)
    checked.run("--sweep-skip-failed").assert_outcomes(failed=2, passed=4)


def test_no_fixture_is_set_up_for_a_skipped_point(project: Project) -> None:
    """Skipping happens before any fixture."""
    fixture = (
        "import pytest\n@pytest.fixture(autouse=True)\ndef noisy(request):\n"
        "    print('set up', request.node.name)\n"
    )
    project.write(fixture + STUDY + CHECK)
    project.failing(2)
    project.run()
    result = project.run("--sweep-skip-failed", "-s")
    result.stdout.no_fnmatch_line("*set up *C:2*")
    result.stdout.fnmatch_lines("*set up sweep_fit?C:1?*")


def test_a_long_error_is_cut(project: Project) -> None:
    """The reason is one line, however much the error says."""
    project.write(STUDY.replace("no fit at {C}", "{'x' * 200}\\nmore"))
    project.failing(2)
    project.run()
    result = project.run("--sweep-skip-failed", "-rs")
    result.stdout.fnmatch_lines("SKIPPED *: failed in a previous run (ZeroDivisionError: x*x...)")
    result.stdout.no_fnmatch_line("*more*")
