"""A sweep computes what is missing, keeps each result at once, and can be looked at first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, Sweep, errors, experiment, grid, points, zipped

pytestmark = pytest.mark.usefixtures("isolated")

Square = Callable[..., tuple[Any, list[int]]]


def make_square() -> tuple[Any, list[int]]:
    """Return an experiment and the list of its calls."""
    calls: list[int] = []

    @experiment(name="square", version="1")
    def square(x: int, power: int = 2) -> int:
        calls.append(x)
        return int(x**power)

    return square, calls


def test_a_sweep_computes_each_point_once() -> None:
    """A second run computes nothing and gives the same results in the order of the points."""
    square, calls = make_square()
    sweep = square.sweep(grid(x=range(5)))
    first, second = sweep.run(), sweep.run()
    assert first.results == second.results == [0, 1, 4, 9, 16]
    assert calls == [0, 1, 2, 3, 4]
    assert [run.cached for run in first] == [False] * 5
    assert [run.cached for run in second] == [True] * 5


def test_points_share_runs_with_calls() -> None:
    """A sweep finds what a call has stored, and a call what a sweep has."""
    square, calls = make_square()
    square(3)
    square.sweep(grid(x=[3, 4])).run()
    assert square(4) == 16
    assert calls == [3, 4]


def test_any_mappings_are_a_space() -> None:
    """A list of mappings is as good as `points` of it; a bare mapping is refused."""
    square, _ = make_square()
    assert square.sweep([{"x": 2}, {"x": 3}]).run().results == [4, 9]
    with pytest.raises(errors.SpaceError, match="cannot"):
        square.sweep({"x": [1, 2]})


def test_equal_points_are_computed_once() -> None:
    """A point that occurs twice in one sweep is computed once and read twice."""
    square, calls = make_square()
    runs = square.sweep(points([{"x": 2}, {"x": 3}, {"x": 2}, {"x": 2, "power": 2}])).run()
    assert runs.results == [4, 9, 4, 4]
    assert calls == [2, 3]


def test_a_sweep_can_be_looked_at_before_it_runs(isolated: Store) -> None:
    """Ids, params and status of every point are there, and nothing is computed or written."""
    square, calls = make_square()
    sweep = square.sweep(grid(x=[1, 2]))
    assert len(sweep) == 2
    assert [run.params for run in sweep] == [{"x": 1, "power": 2}, {"x": 2, "power": 2}]
    assert [run.id for run in sweep] == sweep.ids == [square.id(1), square.id(2)]
    assert [run.index for run in sweep] == [0, 1]
    assert sweep[0].status == "missing"
    assert sweep[-1].id == sweep.ids[-1]
    assert [run.id for run in sweep[:1]] == sweep.ids[:1]
    assert (sweep[0].done, sweep[0].runtime, sweep[0].error) == (False, None, None)
    assert (sweep[0].started, sweep[0].host, sweep[0].environment) == (None, None, {})
    assert (sweep[0].output, sweep[0].tags, sweep[0].attempts) == ("", (), [])
    assert sweep.status()["missing"] == 2
    assert calls == []
    assert isolated.experiments() == []


def test_a_missing_run_has_no_result() -> None:
    """Asking for a result that is not computed yet says how to get it."""
    square, _ = make_square()
    run = square.sweep(grid(x=[1]))[0]
    with pytest.raises(errors.UnknownIdError) as caught:
        _ = run.result
    assert str(caught.value) == (
        f"cannot give the result of run {run.id} of 'square': it is not computed yet."
        " Compute it first: run.compute()."
    )


def test_a_handle_sees_what_is_computed_after_it_was_made() -> None:
    """A run made before the sweep ran shows its result afterwards."""
    square, _ = make_square()
    sweep = square.sweep(grid(x=[3]))
    run = sweep[0]
    assert run.status == "missing"
    sweep.run()
    assert (run.status, run.result) == ("done", 9)


def make_inverse() -> tuple[Any, list[int]]:
    """Return an experiment that fails at 0, and the list of its calls."""
    calls: list[int] = []

    @experiment(name="inverse", version="1")
    def inverse(x: int) -> float:
        calls.append(x)
        return 1 / x

    return inverse, calls


def test_a_failing_point_does_not_stop_the_others() -> None:
    """The failed point is a failed run, all others have their results."""
    inverse, _ = make_inverse()
    runs = inverse.sweep(grid(x=[1, 0, 2])).run()
    assert [run.status for run in runs] == ["done", "failed", "done"]
    assert repr(runs) == "<RunSet of 3 runs: 2 done, 1 failed>"


def test_failed_points_are_retried_unless_kept() -> None:
    """A failure is computed again by default, and left alone with `failed="keep"`."""
    inverse, calls = make_inverse()
    sweep = inverse.sweep(grid(x=[1, 0]))
    sweep.run()
    kept = sweep.run(failed="keep")
    assert calls == [1, 0]
    assert [(run.status, run.cached) for run in kept] == [("done", True), ("failed", True)]
    sweep.run()
    assert calls == [1, 0, 0]


def test_errors_raise_stops_at_the_first_failure() -> None:
    """With `errors="raise"` the exception comes out, and what was computed before is kept."""
    inverse, calls = make_inverse()
    sweep = inverse.sweep(grid(x=[1, 0, 2]))
    with pytest.raises(ZeroDivisionError):
        sweep.run(errors="raise")
    assert calls == [1, 0]
    assert sweep.plan().statuses == ["done", "failed", "missing"]


def test_refresh_computes_again_and_replaces() -> None:
    """`refresh=True` computes every point although it is stored."""
    square, calls = make_square()
    sweep = square.sweep(grid(x=[1, 2]))
    sweep.run()
    assert [run.cached for run in sweep.run(refresh=True)] == [False, False]
    assert calls == [1, 2, 1, 2]
    assert len(square.runs()) == 2


def test_a_failing_refresh_costs_nothing() -> None:
    """When a refreshed point fails, the stored result stays."""
    fail: list[bool] = []

    @experiment(name="flaky", version="1")
    def flaky(x: int) -> int:
        if fail:
            raise OSError("gone")
        return x

    sweep = flaky.sweep(grid(x=[1]))
    sweep.run()
    fail.append(True)
    assert [run.status for run in sweep.run(refresh=True)] == ["failed"]
    assert sweep.run().results == [1]


@pytest.mark.parametrize("option", ["failed", "errors"])
def test_a_misspelt_policy_is_refused(option: str) -> None:
    """An unknown word for a policy is an error that lists the words."""
    square, _ = make_square()
    sweep = square.sweep(grid(x=[1]))
    with pytest.raises(ValueError, match=rf"cannot run with {option}='skip': no such policy. Use"):
        sweep.run(**{option: "skip"})


def test_an_interrupted_sweep_loses_nothing_and_goes_on() -> None:
    """Ctrl-C ends the sweep, finished points stay, and the next run computes the others."""
    calls: list[int] = []

    @experiment(name="stopped", version="1")
    def stopped(x: int) -> int:
        calls.append(x)
        if x == 3 and len(calls) == 4:
            raise KeyboardInterrupt
        return x

    sweep = stopped.sweep(grid(x=range(6)))
    with pytest.raises(KeyboardInterrupt):
        sweep.run()
    assert sweep.plan().statuses == ["done"] * 3 + ["missing"] * 3
    assert sweep.run().results == list(range(6))
    assert calls == [0, 1, 2, 3, 3, 4, 5]


def test_abandoning_the_iterator_keeps_what_was_computed() -> None:
    """Leaving `as_completed` early keeps every computed point."""
    square, calls = make_square()
    sweep = square.sweep(grid(x=range(10)))
    for run in sweep.as_completed():
        if run.index == 2:
            break
    assert sweep.status()["done"] >= 3
    assert sweep.status()["done"] == len(calls)


def test_as_completed_gives_every_point_with_its_index() -> None:
    """Each run comes once, stored ones as well as computed ones."""
    square, _ = make_square()
    square(1)
    sweep = square.sweep(grid(x=range(3)))
    assert sorted((run.index, run.result) for run in sweep.as_completed()) == [
        (0, 0),
        (1, 1),
        (2, 4),
    ]


def test_more_points_than_a_window_are_all_computed() -> None:
    """A sweep of many windows is complete, in order, and computed once."""
    square, calls = make_square()
    sweep = square.sweep(grid(x=range(1500)))
    assert sweep.run().results == [x * x for x in range(1500)]
    assert sweep.run().results == [x * x for x in range(1500)]
    assert len(calls) == 1500


def test_adding_a_space_computes_only_what_is_new() -> None:
    """An extended sweep keeps its first points and computes the added ones."""
    square, calls = make_square()
    sweep = square.sweep(grid(x=[1, 2]), name="sweep_square")
    sweep.run()
    longer = sweep.add(grid(x=[2, 3]))
    assert longer.run().results == [1, 4, 4, 9]
    assert calls == [1, 2, 3]
    assert longer.name == "sweep_square"


def test_where_selects_by_full_params() -> None:
    """A lookup sees the defaults of the experiment too, and refuses what it does not know."""
    square, _ = make_square()
    sweep = square.sweep(grid(x=[1, 2, 3]))
    assert [run.params["x"] for run in sweep.where(x__ge=2)] == [2, 3]
    assert len(sweep.where(power=2)) == 3
    with pytest.raises(errors.QueryError, match="y"):
        sweep.where(y=1)


def test_a_point_with_an_unknown_parameter_is_refused() -> None:
    """A point that does not fit the experiment is an error before anything runs."""
    square, calls = make_square()
    with pytest.raises(
        errors.ParameterError, match="cannot call 'square': it has no parameter 'y'"
    ):
        square.sweep(zipped(x=[1], y=[2])).run()
    assert calls == []


sweep_named = make_square()[0].sweep(grid(x=[1]))
sweep_named.__test__ = False


def test_a_sweep_is_named_after_its_variable() -> None:
    """Without a name of its own a sweep has that of its module-level variable."""
    square, _ = make_square()
    assert sweep_named.name == "sweep_named"
    assert square.sweep(grid(x=[1]), name="sweep_other").name == "sweep_other"
    assert square.sweep(grid(x=[1])).name == "sweep_square"
    assert repr(sweep_named).startswith("<Sweep sweep_named of square over ")


def test_to_pytest_a_sweep_looks_like_a_function() -> None:
    """A sweep has the attributes of a test function, and the place where it was made."""
    square, _ = make_square()
    wrapped = sweep_named.__wrapped__
    assert sweep_named.__name__ == "sweep_named"
    assert sweep_named.__module__ == __name__
    assert square.sweep(grid(x=[1])).__test__ is True
    assert not hasattr(Sweep, "__test__")
    assert wrapped.__code__.co_filename == __file__
    line = (
        Path(__file__).read_text(encoding="utf-8").splitlines()[wrapped.__code__.co_firstlineno - 1]
    )
    assert line.startswith("sweep_named =")


def test_a_function_checks_one_sweep() -> None:
    """`check` marks the function and gives it back; a second sweep is refused."""
    square, _ = make_square()
    sweep = square.sweep(grid(x=[1]))

    def positive(run: Any) -> None:
        assert run.result > 0

    assert sweep.check(positive) is positive
    with pytest.raises(errors.SpaceError, match=r"it already checks 'sweep_square'. Write one"):
        sweep_named.check(positive)


def test_the_plan_sorts_points_by_status() -> None:
    """Done, failed and missing points are told apart without computing anything."""
    inverse, calls = make_inverse()
    sweep = inverse.sweep(grid(x=[1, 0, 2]))
    inverse.run(1)
    inverse.run(0)
    plan = sweep.plan()
    assert len(plan) == 3
    told = {"done": 1, "stale": 0, "failed": 1, "running": 0, "queued": 0, "missing": 1}
    assert plan.counts == told
    assert [run.params["x"] for run in plan.missing] == [2]
    assert [run.params["x"] for run in plan.failed] == [0]
    assert [run.params["x"] for run in plan.done] == [1]
    assert (len(plan.stale), len(plan.running), len(plan.queued)) == (0, 0, 0)
    assert repr(plan) == "<Plan of 3 points: 1 done, 1 failed, 1 missing>"
    assert calls == [1, 0]


def test_code_that_changed_makes_points_stale_and_loses_nothing() -> None:
    """After an edit the points are stale and computed again; going back hits the old results."""
    calls: list[int] = []

    def make(offset: int) -> Any:
        @experiment(name="edited")
        def edited(x: int) -> int:
            calls.append(x)
            return x + offset

        return edited.sweep(grid(x=[1]))

    old, new = make(10), make(20)
    assert old.run().results == [11]
    assert new.plan().statuses == ["stale"]
    with pytest.raises(errors.UnknownIdError, match="it is stored for other code only"):
        _ = new[0].result
    assert new.run().results == [21]
    assert old.run().results == [11]
    assert calls == [1, 1]
