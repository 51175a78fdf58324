"""A set of runs can be filtered, listed and turned into tables."""

from __future__ import annotations

from typing import Any

import pytest

from expcache import RunSet, errors, experiment, grid, points

pytestmark = pytest.mark.usefixtures("isolated")


def make_runs() -> RunSet[Any]:
    """Return the runs of a small grid with mapping results."""

    @experiment(name="fit", version="1")
    def fit(C: float, kernel: str = "rbf") -> dict[str, Any]:  # noqa: N803
        return {"accuracy": C / 10, "kernel": kernel.upper()}

    return fit.sweep(grid(C=[1, 5, 10], kernel=["rbf", "poly"])).run()


def test_lookups_select_runs() -> None:
    """`where` keeps the runs whose params match every lookup."""
    runs = make_runs()
    assert [r.params["C"] for r in runs.where(C__ge=5, kernel="rbf")] == [5, 10]
    assert len(runs.where(C__in=[1, 10])) == 4
    assert len(runs.where(kernel__ne="rbf", C__lt=5)) == 1


def test_unknown_lookups_are_refused() -> None:
    """A parameter or a comparison that does not exist is an error that lists the known ones."""
    runs = make_runs()
    with pytest.raises(errors.QueryError, match="The parameters are 'C', 'kernel'"):
        runs.where(gamma=1)
    with pytest.raises(errors.QueryError, match="C__near"):
        runs.where(C__near=1)


def test_a_set_of_runs_is_a_sequence() -> None:
    """Length, index, slice, iteration and ids agree."""
    runs = make_runs()
    assert len(runs) == 6
    assert runs[-1].id == runs.ids[-1]
    assert runs[1:3].ids == runs.ids[1:3]
    assert [run.id for run in runs] == runs.ids
    assert len(RunSet()) == 0
    assert repr(RunSet()) == "<RunSet of 0 runs>"
    assert len(RunSet().where(x=1)) == 0


def test_records_spread_mapping_results() -> None:
    """One flat mapping a run; a key that is taken gets a prefix."""
    runs = make_runs()
    record = runs.to_records()[1]
    assert list(record) == [
        "id",
        "status",
        "C",
        "kernel",
        "runtime",
        "accuracy",
        "result_kernel",
    ]
    assert record["id"] == runs[1].id
    assert (record["C"], record["kernel"], record["result_kernel"]) == (1, "poly", "POLY")


def test_records_of_other_results_and_failures() -> None:
    """A result that is no mapping stands under `result`, a failure has an error and no result."""

    @experiment(name="inverse", version="1")
    def inverse(x: int) -> float:
        return 1 / x

    done, failed = inverse.sweep(grid(x=[2, 0])).run().to_records()
    assert done["result"] == 0.5
    assert failed["status"] == "failed"
    assert failed["error"] == "ZeroDivisionError: division by zero"
    assert "result" not in failed


def test_a_frame_has_a_row_a_run() -> None:
    """The frame is indexed by id and keeps the kinds of its cells."""
    pd = pytest.importorskip("pandas")
    runs = make_runs()
    frame = runs.to_frame()
    assert list(frame.index) == runs.ids
    assert list(frame.columns) == ["status", "C", "kernel", "runtime", "accuracy", "result_kernel"]
    assert frame["accuracy"].dtype.kind == "f"
    assert frame.groupby("kernel")["accuracy"].max().to_dict() == {"poly": 1.0, "rbf": 1.0}
    assert isinstance(RunSet().to_frame(), pd.DataFrame)


def test_a_frame_rounds_no_integer() -> None:
    """Beside decimal numbers, one that has more digits than they can hold stays what it is."""
    pytest.importorskip("pandas")

    @experiment(name="large", version="1")
    def large(kind: int) -> Any:
        return 2**53 + 1 if kind else 0.5

    frame = large.sweep(grid(kind=[0, 1])).run().to_frame()
    assert frame["result"].tolist() == [0.5, 2**53 + 1]


def test_a_frame_keeps_none_apart_from_nan() -> None:
    """Cells of mixed kinds, such as None, arrays and lists, stay what they are."""
    pytest.importorskip("pandas")

    @experiment(name="keep", version="1")
    def keep(x: Any) -> Any:
        return {"x2": x}

    values = [None, float("nan"), [1, 2], (3,)]
    frame = keep.sweep(points([{"x": v} for v in values])).run().to_frame()
    cells = list(frame["x"])
    assert cells[0] is None
    assert cells[1] != cells[1]
    assert cells[2:] == [[1, 2], (3,)]


def test_results_of_a_failed_run_are_refused() -> None:
    """Reading all results when one run failed names that run."""

    @experiment(name="inverse", version="1")
    def inverse(x: int) -> float:
        return 1 / x

    runs = inverse.sweep(grid(x=[1, 0])).run()
    with pytest.raises(errors.RunFailedError, match=runs.ids[1][:8]):
        _ = runs.results
    assert [run.result for run in runs if run.done] == [1.0]
