"""What a session tells of its sweeps, and where it is silent."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from plugin_project import CHECK, STUDY, Project


def test_the_table_after_the_tests(checked: Project) -> None:
    """The table has a row for every sweep, seconds included."""
    checked.write(STUDY + CHECK + "sweep_more = fit.sweep(grid(C=[3, 4]))\n")
    checked.failing(4)
    result = checked.run()
    result.stdout.fnmatch_lines(
        [
            "expcache: store .expcache",
            "sweeps: 5 points, 0 cached",
            "*- sweeps -*",
            "sweep       points  computed  cached  failed  missing  s computed  s saved",
            "sweep_fit        3         3       0       0        0        0.0?     0.00",
            "sweep_more       2         0       1       1        0        0.0?     0.0?",
            "1 of 5 selected points still lack a result",
        ]
    )


def test_quiet_sessions_tell_only_what_is_missing(project: Project) -> None:
    """With ``-q`` one line is left."""
    project.failing(2)
    result = project.run("-q")
    result.stdout.fnmatch_lines("sweeps: 1 of 3 selected points still lack a result")
    result.stdout.no_fnmatch_line("*s saved*")
    result.stdout.no_fnmatch_line("expcache: store*")


@pytest.mark.parametrize("options", [("-x",), ("-x", "-p", "no:cacheprovider"), ("-k", "C=1")])
def test_points_not_reached_are_judged_by_the_store(
    checked: Project, options: tuple[str, ...]
) -> None:
    """A session that stops early counts as lacking only what has no result."""
    checked.write(STUDY.replace("[1, 2, 3]", "range(9)") + CHECK)
    checked.failing(2, 5)
    checked.run()
    result = checked.run(*options)
    failed = 1 if "-x" in options else 0
    result.stdout.fnmatch_lines(
        [
            f"sweep_fit       9         0       7       {failed}        {2 - failed} *",
            "2 of 9 selected points still lack a result",
        ]
    )
    result = checked.run("-q", *options)
    result.stdout.fnmatch_lines("sweeps: 2 of 9 selected points still lack a result")


def test_points_that_a_mark_skips_are_judged_by_the_store(project: Project) -> None:
    """A test that did not run does not take its point's result away."""
    project.run("-k", "C:1")
    project.write(STUDY + "import pytest\npytest.mark.skip(reason='later')(sweep_fit)\n")
    project.run().stdout.fnmatch_lines("2 of 3 selected points still lack a result")


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan"])
def test_no_table_where_nothing_runs(project: Project, option: str) -> None:
    """Sessions that run nothing have nothing to count."""
    project.run(option).stdout.no_fnmatch_line("*still lack*")


def test_without_a_terminal(checked: Project) -> None:
    """``-p no:terminal`` is a session as any other."""
    assert checked.run("-p", "no:terminal").ret == pytest.ExitCode.OK
    assert checked.computed() == [1, 2, 3]
    assert checked.run("-p", "no:terminal", "--sweep-status").ret == pytest.ExitCode.OK


def test_properties_in_a_junit_file(checked: Project) -> None:
    """Every test of a point names its run, its sweep, what came of it and how long it took."""
    checked.run("--junitxml=report.xml", "-k", "C:1")
    cases = ET.parse(checked.path / "report.xml").getroot().iter("testcase")  # our own file
    told = [{one.get("name"): one.get("value") for one in case.iter("property")} for case in cases]
    assert [one["expcache.status"] for one in told] == ["computed", "cached"]
    assert {one["expcache.sweep"] for one in told} == {"sweep_fit"}
    assert told[0]["expcache.id"] == told[1]["expcache.id"]
    assert told[1]["expcache.check"] == "test_accuracy"
    assert float(str(told[0]["expcache.seconds"])) >= 0


def test_durations(project: Project) -> None:
    """``--durations`` lists points by their ids."""
    result = project.run("--durations=0", "-vv")
    result.stdout.fnmatch_lines("*s call *test_study.py::sweep_fit?C:1?")


def test_under_xdist(checked: Project) -> None:
    """The controller, which runs nothing, prints the table of what its workers did."""
    pytest.importorskip("xdist")
    checked.failing(2)
    result = checked.run_apart("-n2", "--junitxml=report.xml", "-v", "-k", "not accuracy")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "expcache: store .expcache",
            "sweep_fit       3         2       0       1        0 *",
            "1 of 3 selected points still lack a result",
        ]
    )
    assert sorted(checked.computed()) == [1, 2, 3]
    assert "expcache.status" in checked.path.joinpath("report.xml").read_text()


def test_stopped_workers_still_tell_what_was_selected(project: Project) -> None:
    """With ``-x`` the controller counts the points that no worker reached as missing."""
    pytest.importorskip("xdist")
    project.write(STUDY.replace("[1, 2, 3]", "range(40)"))
    project.failing(*range(40))
    result = project.run_apart("-n1", "-x")
    result.stdout.fnmatch_lines("40 of 40 selected points still lack a result")


def test_stopped_workers_tell_what_is_stored(project: Project) -> None:
    """With ``-x`` the points that no worker reached are judged by the store."""
    pytest.importorskip("xdist")
    project.write(STUDY.replace("[1, 2, 3]", "range(40)"))
    project.failing(0, 1)
    project.run()
    result = project.run_apart("-n1", "-x")
    result.stdout.fnmatch_lines("2 of 40 selected points still lack a result")


def test_a_session_without_sweeps_is_silent(project: Project) -> None:
    """The unused plugin imports nothing of expcache, prints nothing and writes nothing."""
    project.write(
        "import sys\ndef test_one():\n    assert not [m for m in sys.modules if m == 'expcache']\n"
    )
    result = project.run_apart("--strict-markers", "--sweep-resume")
    result.assert_outcomes(passed=1)
    for line in ("expcache:*", "sweeps:*", "*- sweeps -*"):
        result.stdout.no_fnmatch_line(line)
    assert not project.path.joinpath(".expcache").exists()


def test_the_plugin_is_light() -> None:
    """Loading the plugin loads none of the modules that computing needs."""
    script = "import sys, pytest; before = set(sys.modules); import pytest_expcache.plugin;"
    script += "print(sorted(m for m in set(sys.modules) - before if 'pytest_expcache' not in m))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.strip("[]\n").replace("'", "").split(", "))
    assert not loaded & {"expcache", "diskcache", "cloudpickle", "xxhash", "sqlite3", "asyncio"}


def test_the_options_are_in_one_group(project: Project) -> None:
    """``--help`` shows every option under one heading, and the ini name."""
    result = project.run("--help")
    result.stdout.fnmatch_lines(
        [
            "sweeps of experiments (expcache):",
            "  --sweep-resume *",
            "  --sweep-skip-failed*",
            "  --sweep-refresh *",
            "  --sweep-status *",
            "  --sweep-store=DIR *",
            "  sweep_store (string):*",
        ]
    )


def test_the_marks_are_known(project: Project) -> None:
    """``--markers`` explains the marks that tests of points carry."""
    project.run("--markers").stdout.fnmatch_lines(
        ["@pytest.mark.sweep(name): *", "@pytest.mark.point(?*params): *"]
    )
