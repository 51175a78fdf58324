"""``--sweep-status``: show what is stored, run nothing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from plugin_project import CHECK, STUDY, Project


@pytest.mark.parametrize("options", [(), ("-q",), ("-p", "no:cacheprovider"), ("--sweep-resume",)])
def test_the_table(checked: Project, options: tuple[str, ...]) -> None:
    """The table tells how many points are stored, failed, missing; nothing runs."""
    checked.failing(2)
    checked.run("-x")
    checked.computed()
    result = checked.run("--sweep-status", *options)
    assert result.ret == pytest.ExitCode.OK
    assert checked.computed() == []
    result.stdout.fnmatch_lines(
        [
            "*- sweeps -*",
            "expcache: store .expcache",
            "sweep      points  done  stale  failed  running  missing",
            "sweep_fit       3     1      0       1        0        1",
        ]
    )
    result.assert_outcomes()


def test_only_what_is_selected(checked: Project) -> None:
    """``-k`` narrows the table, each point counts once."""
    result = checked.run("--sweep-status", "-k", "C:1")
    result.stdout.fnmatch_lines("sweep_fit       1     0      0       0        0        1")


def test_stale_points(checked: Project) -> None:
    """Results of other code are stale, not done."""
    checked.run()
    checked.write((STUDY + CHECK).replace("C / 10", "C / 20"))
    result = checked.run("--sweep-status")
    result.stdout.fnmatch_lines("sweep_fit       3     0      3       0        0        0")


def test_nothing_is_written(project: Project) -> None:
    """Looking does not make a store."""
    project.run("--sweep-status")
    assert not project.path.joinpath(".expcache").exists()


def test_without_sweeps(project: Project) -> None:
    """A session without sweeps says so, and runs nothing either."""
    project.write("def test_one():\n    assert False\n")
    result = project.run("--sweep-status")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines("no sweep is selected")


def test_errors_of_collection_are_errors(project: Project) -> None:
    """A file that cannot be imported ends the session as always."""
    project.write("import nothing_of_this_name\n", "test_broken.py")
    result = project.run("--sweep-status")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)


def test_under_xdist(project: Project) -> None:
    """No worker is started to run nothing."""
    pytest.importorskip("xdist")
    result = project.run_apart("--sweep-status", "-n2")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines("sweep_fit       3     0      0       0        0        3")
    result.stdout.no_fnmatch_line("*worker*")


BLOCKING = STUDY.replace(
    "return {", "while C == 2 and not Path('go.txt').exists():\n        pass\n    return {"
)


def test_points_that_somebody_computes(project: Project) -> None:
    """Each is named with host, process and time, and counted as running."""
    project.write(BLOCKING)
    command = [sys.executable, "-m", "pytest", *project.arguments, "--sweep-jobs=1", "-k", "C:2"]
    other = project.pytester.popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log, deadline = project.path / "computed.txt", time.monotonic() + 60
    while not log.exists() and time.monotonic() < deadline:
        pass
    result = project.run("--sweep-status")
    project.path.joinpath("go.txt").touch()
    other.wait(timeout=60)
    result.stdout.fnmatch_lines(
        [
            "sweep_fit       3     0      0       0        1        2",
            f"running: test_study.py::sweep_fit?C:2? on *, pid {other.pid}, since 20*",
        ]
    )
    project.run("--sweep-status").stdout.no_fnmatch_line("running: *")
