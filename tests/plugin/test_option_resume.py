"""``--sweep-resume``: replay what has a result, then run the rest."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from plugin_project import CHECK, STUDY, Project

FIXTURES = """
import pytest

@pytest.fixture(autouse=True, scope="module")
def module_wide():
    print("set up")
    yield
    print("torn down")
"""


@pytest.fixture
def interrupted(checked: Project) -> Project:
    """A project of which the first point is stored and the second failed."""
    checked.failing(2, 3)
    checked.run("-x")
    checked.failing()
    checked.computed()
    return checked


@pytest.mark.parametrize("options", [(), ("-p", "no:cacheprovider"), ("-q",)])
def test_only_the_rest_is_computed(interrupted: Project, options: tuple[str, ...]) -> None:
    """A resumed session computes what lacks a result, and no more; then nothing at all."""
    interrupted.run("--sweep-resume", *options).assert_outcomes(passed=6)
    assert interrupted.computed() == [2, 3]
    interrupted.run("--sweep-resume", *options).assert_outcomes(passed=6)
    assert interrupted.computed() == []


def test_the_session_tells_what_it_resumes(interrupted: Project) -> None:
    """Before the tests: what is stored; after them: what was computed."""
    result = interrupted.run("--sweep-resume", "-v")
    result.stdout.fnmatch_lines(
        [
            "expcache: store .expcache",
            "sweeps: 3 points, 1 cached, 1 failed before",
            "test_study.py::sweep_fit?C:1? CACHED *",
            "test_study.py::sweep_fit?C:2? PASSED *",
            "sweep_fit       3         2       1       0        0 *",
            "0 of 3 selected points still lack a result",
        ]
    )


def test_failed_points_go_before_those_never_run(checked: Project) -> None:
    """What failed is tried first; every other test keeps its place."""
    checked.failing(3)
    checked.run("-k", "C:3")
    checked.computed()
    result = checked.run("--sweep-resume", "-v")
    assert checked.computed() == [3, 1, 2]
    places = [line.split()[0].partition("::")[2] for line in result.outlines if "::" in line]
    assert places[:6] == [
        *("sweep_fit[C:3]", "sweep_fit[C:1]", "sweep_fit[C:2]"),
        *("test_accuracy[C:3]", "test_accuracy[C:1]", "test_accuracy[C:2]"),
    ]


def test_replayed_points_set_up_no_fixtures(project: Project) -> None:
    """A session of stored points alone sets nothing up."""
    project.write(FIXTURES + STUDY)
    project.run()
    result = project.run("--sweep-resume", "-s")
    result.assert_outcomes(passed=3)
    result.stdout.no_fnmatch_line("*set up*")


def test_checks_run_with_their_fixtures(project: Project) -> None:
    """The body of a check runs in every session, against the stored result."""
    project.write(FIXTURES + STUDY + CHECK)
    project.run()
    project.write(FIXTURES + STUDY + CHECK.replace("assert", "print('body')\n    assert"))
    result = project.run("--sweep-resume", "-s")
    assert "".join(result.outlines).count("body") == 3


def test_fixtures_of_another_module_are_torn_down_in_time(project: Project) -> None:
    """Replayed points between the tests of two modules leave setup and teardown in order."""
    other = FIXTURES + "\ndef test_one():\n    print('one')\n"
    project.write(other, "test_a.py")
    project.write(other, "test_z.py")
    project.run("test_study.py")
    result = project.run("--sweep-resume", "-s")
    result.assert_outcomes(passed=5)
    words = ["set up", "one", "torn down"]
    told = [w for line in result.outlines for w in words if w in line]
    assert told == [*words, *words]


def test_a_teardown_between_replayed_points_and_the_next_module(project: Project) -> None:
    """What a module's earlier test set up is torn down when its replayed points are through."""
    project.write(FIXTURES + "def test_first():\n    pass\n" + STUDY)
    project.write("def test_last():\n    print('last')\n", "test_z.py")
    project.run()
    result = project.run("--sweep-resume", "-s")
    result.assert_outcomes(passed=5)
    told = [w for line in result.outlines for w in ("torn down", "last") if w in line]
    assert told == ["torn down", "last"]


def test_an_error_of_such_a_teardown_is_told(project: Project) -> None:
    """A fixture that fails to tear down is an error of the session, as everywhere."""
    broken = FIXTURES.replace('print("torn down")', "raise OSError('stuck')")
    project.write(broken + "def test_first():\n    pass\n" + STUDY)
    project.run()
    result = project.run("--sweep-resume")
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines("E       OSError: stuck")


def test_marked_points_are_not_replayed(project: Project) -> None:
    """A mark that skips or expects a failure has its say."""
    project.run()
    project.write(STUDY + "import pytest\npytest.mark.skip(reason='later')(sweep_fit)\n")
    project.run("--sweep-resume").assert_outcomes(skipped=3)


def test_last_failed_narrows_what_is_resumed(interrupted: Project) -> None:
    """``--lf`` and resuming meet in what both select."""
    interrupted.run("--sweep-resume", "--lf").assert_outcomes(passed=1)
    assert interrupted.computed() == [2]


def test_without_the_option_the_order_is_the_sweep_s(interrupted: Project) -> None:
    """Not resuming changes no order: it looks each point up when its turn comes."""
    interrupted.failing(1)
    interrupted.run()
    assert interrupted.computed() == [2, 3]


def test_replayed_points_have_their_properties(interrupted: Project) -> None:
    """A junit file tells of a replayed point what it tells of every other."""
    interrupted.run("--sweep-resume", "--junitxml=report.xml")
    cases = ET.parse(interrupted.path / "report.xml").getroot().iter("testcase")  # our own file
    told = {
        (case.get("name"), one.get("value"))
        for case in cases
        for one in case.iter("property")
        if one.get("name") == "expcache.status"
    }
    assert {("sweep_fit[C:1]", "cached"), ("sweep_fit[C:2]", "computed")} < told


def test_under_xdist(interrupted: Project) -> None:
    """Workers replay too, and agree on the order whatever the store holds."""
    pytest.importorskip("xdist")
    result = interrupted.run_apart("-n2", "--sweep-resume", "-k", "not accuracy")
    result.assert_outcomes(passed=3)
    assert sorted(interrupted.computed()) == [2, 3]
    result.stdout.fnmatch_lines(
        ["sweep_fit       3         2       1       0        0 *", "0 of 3 selected points *"]
    )


def test_a_point_whose_large_part_is_gone_is_computed_again(project: Project) -> None:
    """A replayed point has all of its result, also what lies in files of its own."""
    pytest.importorskip("numpy")
    project.write(STUDY.replace('{"accuracy": C / 10}', "__import__('numpy').zeros(1 << 18)"))
    project.run()
    assert project.computed() == [1, 2, 3]
    large = [path for path in project.path.glob(".expcache/**/*") if path.is_file()]
    large = [
        path for path in large if path.stat().st_size > 1 << 20 and "cache.db" not in path.name
    ]
    assert large
    for path in large:
        path.unlink()
    project.run("--sweep-resume").assert_outcomes(passed=3, warnings=3)
    assert project.computed() == [1, 2, 3]
