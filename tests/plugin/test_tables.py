"""What is told of points: properties, words, rows."""

from __future__ import annotations

import pytest

from pytest_expcache._status import (
    PointReport,
    Tally,
    plan_line,
    plan_table,
    table,
    tally_table,
    word_of,
)


def told(point: str, status: str, *, seconds: float = 1.0, check: str = "") -> PointReport:
    """Return the report of a test of the sweep ``s``."""
    return PointReport(point, "s", status, seconds, check)


def tally_of(*reports: PointReport, selected: int = 0) -> Tally:
    """Return a tally that took in the reports."""
    tally = Tally()
    tally.select(["s"] * selected)
    for report in reports:
        tally.add(report)
    return tally


@pytest.mark.parametrize("check", ["", "test_it"])
def test_a_report_survives_as_properties(check: str) -> None:
    """What a test tells of its point is read back from its properties as it was."""
    report = told("a", "computed", seconds=0.25, check=check)
    assert PointReport.from_properties([("mine", 1), *report.to_properties()]) == report


def test_properties_are_texts_and_numbers() -> None:
    """Xdist carries nothing else, and it is what junit files show."""
    properties = told("a", "cached", check="test_it").to_properties()
    assert properties == [
        ("expcache.id", "a"),
        ("expcache.sweep", "s"),
        ("expcache.status", "cached"),
        ("expcache.seconds", 1.0),
        ("expcache.check", "test_it"),
    ]


def test_other_tests_tell_nothing() -> None:
    """A test without a point has no report of one."""
    assert PointReport.from_properties([("mine", 1)]) is None


@pytest.mark.parametrize(
    ("report", "cached"),
    [
        (told("a", "cached"), True),
        (told("a", "computed"), False),
        (told("a", "cached", check="test_it"), False),
    ],
)
def test_only_the_sweep_itself_is_cached(report: PointReport, cached: bool) -> None:  # noqa: FBT001  # a parameter
    """CACHED stays in the category passed; a check that passed did run."""
    word = ("passed", "c", ("CACHED", {"cyan": True})) if cached else None
    assert word_of(report.to_properties()) == word


def test_a_row_counts_each_point_once() -> None:
    """Points that were computed, read, failed, skipped and never reached make the row."""
    tally = tally_of(
        told("a", "computed", seconds=2),
        told("a", "cached", seconds=2, check="test_it"),
        told("b", "cached", seconds=3),
        told("c", "failed", seconds=0.5),
        told("d", "skipped", seconds=0),
        selected=6,
    )
    assert tally.rows() == [["s", "6", "1", "1", "2", "2", "2.50", "3.00"]]
    assert tally.summary() == "4 of 6 selected points still lack a result"


def test_a_point_that_was_not_reached_has_the_result_that_is_stored() -> None:
    """A session that stops early says nothing of a point: the store does, unless a test told."""
    tally = tally_of(told("a", "failed"), told("b", "computed", seconds=2), selected=5)
    tally.stored = {"s": {"a", "b", "c", "d"}}
    assert tally.rows() == [["s", "5", "1", "2", "1", "1", "3.00", "0.00"]]
    assert tally.summary() == "2 of 5 selected points still lack a result"


def test_a_rerun_that_succeeds_takes_the_failure_back() -> None:
    """The last attempt counts."""
    assert tally_of(told("a", "failed"), told("a", "computed")).rows()[0][1:5] == list("1100")


def test_without_sweeps_there_is_no_table() -> None:
    """A session without sweeps prints nothing."""
    assert tally_table(Tally()) == []


def test_the_table_of_a_session() -> None:
    """The table reads without colour, on 80 columns."""
    assert tally_table(tally_of(told("a", "computed"), selected=1)) == [
        "sweep  points  computed  cached  failed  missing  s computed  s saved",
        "s           1         1       0       0        0        1.00     0.00",
        "0 of 1 selected points still lack a result",
    ]


def test_the_table_of_a_plan() -> None:
    """Every status has its column."""
    assert plan_table({"s": {"done": 2, "missing": 10}}) == [
        "sweep  points  done  stale  failed  running  missing",
        "s          12     2      0       0        0       10",
    ]


def test_a_long_name_leaves_the_table_on_80_columns() -> None:
    """The name is cut, the numbers are not."""
    lines = table(("sweep", "points"), [["x" * 100, "1234567"]])
    assert lines[1] == "x" * 68 + "...  1234567"


def test_the_line_before_the_tests() -> None:
    """The line names the points, what is stored, and what went wrong before."""
    counts = {"s": {"done": 12, "failed": 3, "missing": 4}, "t": {"stale": 1}}
    assert plan_line(counts) == "sweeps: 20 points, 12 cached, 1 stale, 3 failed before"
    assert plan_line({"s": {"missing": 1}}) == "sweeps: 1 point, 0 cached"
