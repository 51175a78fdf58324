"""``--sweep-explain``: tell why points are stored or not, run nothing."""

from __future__ import annotations

import pytest

from plugin_project import CHECK, STUDY, Project


@pytest.mark.parametrize(
    "options", [(), ("-q",), ("-n2",), ("--sweep-jobs=2",), ("--sweep-resume",)]
)
def test_the_reasons(checked: Project, options: tuple[str, ...]) -> None:
    """Points of one reason are told together, the first of them in full; nothing runs."""
    if "-n2" in options:
        pytest.importorskip("xdist")
    checked.failing(2)
    checked.run("-x")
    checked.computed()
    result = checked.run("--sweep-explain", *options)
    assert result.ret == pytest.ExitCode.OK
    assert checked.computed() == []
    result.stdout.fnmatch_lines(
        [
            "*- sweeps -*",
            "expcache: store .expcache",
            "sweep_fit: 3 points, 1 stored, 2 not",
            "  1 point failed: failed before (1 attempt): ZeroDivisionError: no fit at 2",
            "    miss: *.fit(C=2) failed before (1 attempt): ZeroDivisionError: no fit at 2",
            "      computed *",
            "  1 point missing: parameter C differs",
            "    miss: *.fit(C=3) is missing: nothing is stored of these params",
            "      parameter C differs: 1 -> 3",
            "  1 point done: stored for this code",
        ]
    )
    result.assert_outcomes()


def test_changed_code(checked: Project) -> None:
    """What changed in the code is told with its line, for all points at once."""
    checked.run()
    checked.write((STUDY + CHECK).replace("C / 10", "C / 20"))
    result = checked.run("--sweep-explain")
    result.stdout.fnmatch_lines(
        [
            "sweep_fit: 3 points, 0 stored, 3 not",
            "  3 points stale: function *.fit changed (*.py:11)",
            "      function * changed *: return *C / 10* -> return *C / 20*",
        ]
    )


def test_the_diff(checked: Project) -> None:
    """With ``-v`` the changed code is shown as a diff."""
    checked.run()
    checked.write((STUDY + CHECK).replace("C / 10", "C / 20"))
    result = checked.run("--sweep-explain", "-v")
    result.stdout.fnmatch_lines(["-    return *C / 10*", "+    return *C / 20*"])


def test_only_what_is_selected(checked: Project) -> None:
    """``-k`` narrows it, each point counts once."""
    result = checked.run("--sweep-explain", "-k", "C:1")
    result.stdout.fnmatch_lines("sweep_fit: 1 point, 0 stored, 1 not")


def test_with_the_table(checked: Project) -> None:
    """Together with ``--sweep-status``, the reasons follow the table."""
    result = checked.run("--sweep-status", "--sweep-explain")
    result.stdout.fnmatch_lines(
        ["sweep_fit       3     0      0       0        0        3", "sweep_fit: 3 points*"]
    )


def test_without_sweeps(project: Project) -> None:
    """A session without sweeps says so, and runs nothing either."""
    project.write("def test_one():\n    assert False\n")
    result = project.run("--sweep-explain")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines("no sweep is selected")
