"""What older systems lose, mix up or do in silence: it does not happen here."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from expcache import experiment, grid, load, points
from expcache.errors import ParameterError

pytestmark = pytest.mark.usefixtures("isolated")


@pytest.fixture
def seen() -> list[Any]:
    """What was computed, in order."""
    return []


def test_an_exception_costs_its_own_point_alone(seen: list[Any]) -> None:
    """The points before and after one that raises are stored, and are not computed again."""

    @experiment(code="ignore")
    def invert(x: int) -> float:
        seen.append(x)
        return 1 / x

    runs = invert.sweep(grid(x=[1, 2, 0, 4])).run()
    assert [run.status for run in runs] == ["done", "done", "failed", "done"]
    invert.sweep(grid(x=[1, 2, 0, 4])).run()
    assert seen == [1, 2, 0, 4, 0]


def test_what_failed_is_tried_again_and_not_skipped_for_ever(
    seen: list[Any], tmp_path: Path
) -> None:
    """A failure is no result: the next call of the sweep tries it."""

    @experiment(code="ignore")
    def read(name: str) -> str:
        seen.append(name)
        return (tmp_path / name).read_text()

    sweep = read.sweep(grid(name=["a.txt"]))
    assert sweep.run()[0].status == "failed"
    (tmp_path / "a.txt").write_text("there")
    assert sweep.run().results == ["there"]
    assert seen == ["a.txt"] * 2


def test_other_functions_have_other_results() -> None:
    """Two functions of the same params share nothing, nor do values of other types or names."""
    np = pytest.importorskip("numpy")

    @experiment
    def double(x: Any) -> Any:
        return x * 2

    @experiment
    def triple(x: Any) -> Any:
        return x * 3

    assert (double(2), triple(2)) == (4, 6)
    assert double("2") == "22"
    assert len({double.id(one) for one in (1, "1", 1.5, np.mean, np.median, min, max)}) == 7


def test_a_result_may_be_named_like_a_parameter() -> None:
    """What a function returns never changes what it was given."""

    @experiment
    def shift(a: int) -> dict[str, int]:
        return {"a": a + 1}

    run = shift.sweep(grid(a=[1])).run()[0]
    assert (run.params, run.result) == ({"a": 1}, {"a": 2})
    assert shift.run(1).cached


def test_fewer_parameters_than_before_are_no_trouble(seen: list[Any]) -> None:
    """A sweep may name fewer parameters than what is stored has."""

    @experiment(code="ignore")
    def add(a: int, b: int = 0, c: int = 0) -> int:
        seen.append((a, b, c))
        return a + b + c

    add.sweep(grid(a=[1], b=[2], c=[3])).run()
    assert add.sweep(grid(a=[1])).run().results == [1]
    assert seen == [(1, 2, 3), (1, 0, 0)]
    with pytest.raises(ParameterError, match="'d'"):
        add.sweep(grid(a=[1], d=[2])).run()


def test_nothing_and_nan_reach_the_function_as_they_are() -> None:
    """None is None and NaN is a float, also in a sweep and when read back."""

    @experiment
    def kind(value: Any) -> str:
        return "none" if value is None else type(value).__name__

    runs = kind.sweep(grid(value=[None, math.nan, True, 1])).run()
    assert runs.results == ["none", "float", "bool", "int"]
    assert load(runs.ids[0]).params == {"value": None}
    assert math.isnan(load(runs.ids[1]).params["value"])


def test_none_is_a_result(seen: list[Any]) -> None:
    """A function that returns None has a result, and is not computed again."""

    @experiment(code="ignore")
    def nothing(x: int) -> None:
        seen.append(x)

    assert (nothing(1), nothing(1), seen) == (None, None, [1])
    assert nothing.run(1).done


def test_equal_points_are_computed_once(seen: list[Any]) -> None:
    """Points that are in a sweep twice are one run."""

    @experiment(code="ignore")
    def same(x: int) -> int:
        seen.append(x)
        return x

    assert same.sweep(points([{"x": 1}, {"x": 1}, {"x": 1}])).run().results == [1, 1, 1]
    assert seen == [1]


def test_axes_are_left_as_they_were_given() -> None:
    """Making a space edits nothing of what it is made of."""
    axes: dict[str, Any] = {"a": [1, 2], "b": "text", "c": 3}
    before = {name: list(value) if name == "a" else value for name, value in axes.items()}
    assert len(grid(**axes)) == 2
    assert axes == before
