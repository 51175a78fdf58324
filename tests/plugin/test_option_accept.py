"""``--sweep-accept``: let stored results of older code count for the selected stale points."""

from __future__ import annotations

import pytest

from plugin_project import CHECK, STUDY, Project

EDITED = (STUDY + CHECK).replace("C / 10}", "C / 10 + 0}")


@pytest.fixture
def edited(checked: Project) -> Project:
    """The project with three points that are stale."""
    checked.run()
    checked.computed()
    checked.write(EDITED)
    return checked


@pytest.mark.parametrize("options", [(), ("--sweep-resume",), ("--sweep-jobs=2",)])
def test_stale_points_are_accepted(edited: Project, options: tuple[str, ...]) -> None:
    """The results of older code count at once, in this session and in those that follow."""
    result = edited.run("--sweep-accept", *options)
    result.stdout.fnmatch_lines(
        [
            "expcache: accepted 3 stale points (sweep_fit 3)",
            "  3 of sweep_fit: function *.fit changed (*.py:11): return * -> return *",
            "  to take it back: *.fit.acceptances()?-1?.undo()",
        ]
    )
    result.stdout.fnmatch_lines("sweep_fit       3         0       3 *")
    assert edited.computed() == []
    result = edited.run("--sweep-status")
    result.stdout.fnmatch_lines("sweep_fit       3     3      0       0        0        0")


def test_only_what_is_selected(edited: Project) -> None:
    """``-k`` narrows what is accepted; others stay stale."""
    result = edited.run("--sweep-accept", "-k", "C:1")
    result.stdout.fnmatch_lines("expcache: accepted 1 stale point (sweep_fit 1)")
    result = edited.run("--sweep-status")
    result.stdout.fnmatch_lines("sweep_fit       3     1      2       0        0        0")


def test_a_changed_default_stays_stale(project: Project) -> None:
    """A result of another default is left as it is, and the line says why."""
    project.write(STUDY.replace("fit(C)", "fit(C, y=1)"))
    project.run()
    project.computed()
    project.write(STUDY.replace("fit(C)", "fit(C, y=2)"))
    result = project.run("--sweep-accept")
    result.stdout.fnmatch_lines(
        "expcache: accepted 0 stale points; left 3 as they are: "
        "its parameter 'y' was 1 and is 2 now"
    )
    assert project.computed() == [1, 2, 3]


def test_collecting_only_tells(edited: Project) -> None:
    """With ``--collect-only`` nothing is written, only told."""
    result = edited.run("--sweep-accept", "--collect-only")
    result.stdout.fnmatch_lines(
        [
            "expcache: would accept 3 stale points (sweep_fit 3)",
            "  3 of sweep_fit: function *.fit changed (*.py:11): *",
        ]
    )
    result.stdout.no_fnmatch_line("*take it back*")
    result = edited.run("--sweep-status")
    result.stdout.fnmatch_lines("sweep_fit       3     0      3       0        0        0")


def test_the_reason_is_kept(edited: Project) -> None:
    """The reason that is given is what the points are explained with from then on."""
    edited.run("--sweep-accept", "--sweep-accept-reason=only a rename")
    result = edited.run("--sweep-explain")
    result.stdout.fnmatch_lines("*  3 points done: accepted by *: only a rename")


def test_a_reason_without_accepting(edited: Project) -> None:
    """A reason for nothing is refused."""
    result = edited.run("--sweep-accept-reason=only a rename")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: cannot use --sweep-accept-reason without --sweep-accept: *")


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("-n2", "each process would accept for itself"),
        ("--sweep-status", "one changes what counts, the other only looks"),
        ("--sweep-explain", "one changes what counts, the other only looks"),
        ("--sweep-refresh", "what is computed again needs no acceptance"),
    ],
)
def test_contradictions(edited: Project, option: str, reason: str) -> None:
    """It is refused together with what contradicts it, and nothing is written."""
    if option == "-n2":
        pytest.importorskip("xdist")
    result = edited.run("--sweep-accept", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name = option.removesuffix("2")
    result.stderr.fnmatch_lines(
        f"ERROR: cannot combine --sweep-accept with {name}: {reason}. Leave one of them out."
    )
    result = edited.run("--sweep-status")
    result.stdout.fnmatch_lines("sweep_fit       3     0      3       0        0        0")


def test_without_sweeps(project: Project) -> None:
    """A session without sweeps accepts nothing and says nothing."""
    project.write("def test_one():\n    pass\n")
    result = project.run("--sweep-accept")
    assert result.parseoutcomes() == {"passed": 1}
    result.stdout.no_fnmatch_line("*accepted*")
