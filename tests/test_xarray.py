"""Runs as an xarray Dataset: params are coordinates, results are variables, holes are explained."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expcache import RunSet, errors, experiment, grid, points, star, use, zipped

np = pytest.importorskip("numpy")
xr = pytest.importorskip("xarray")
pytest.importorskip("pandas")

pytestmark = pytest.mark.usefixtures("isolated")


def runs_of(function: Any, space: Any) -> RunSet[Any]:
    """Return the runs of an experiment over a space."""
    made = experiment(name="made", version="1")(function)
    runs: RunSet[Any] = made.sweep(space, name="made").run()
    return runs


def measure(C: float, kernel: str, steps: int = 3) -> dict[str, Any]:  # noqa: N803
    """Return values of several kinds, or fail at one place."""
    if C == 5 and kernel == "poly":
        raise ValueError(kernel)
    return {"score": C / 10, "count": int(C), "high": C > 2, "text": kernel.upper()}


SPACE = grid(C=[10, 1, 5], kernel=["rbf", "poly"])


def test_params_that_vary_are_dimensions() -> None:
    """Numbers are sorted along their dimension, texts stand as they appeared, constants are one."""
    made = runs_of(measure, SPACE).to_xarray()
    assert made["score"].dims == ("C", "kernel")
    assert made["C"].values.tolist() == [1, 5, 10]
    assert made["kernel"].values.tolist() == ["rbf", "poly"]
    assert made["steps"].item() == 3
    assert made.sel(C=10, kernel="poly")["score"].item() == 1.0
    assert made.sel(C=slice(1, 5)).sizes["C"] == 2
    assert made.attrs == {"experiment": "made"}


def test_holes_are_missing_values_that_are_explained() -> None:
    """A failed run is missing in every result, and its status, error and id are there."""
    runs = runs_of(measure, SPACE)
    made = runs.to_xarray()
    hole = made.sel(C=5, kernel="poly")
    results = ("score", "count", "high", "text")
    assert all(bool(hole[name].isnull()) for name in results)
    assert (hole["status"].item(), hole["error"].item()) == ("failed", "ValueError: poly")
    assert hole["id"].item() == runs.where(C=5, kernel="poly")[0].id
    assert [made[name].dtype.kind for name in results] == ["f", "f", "O", "O"]
    whole = runs.where(kernel="rbf").to_xarray()
    assert [whole[name].dtype.kind for name in results] == ["f", "i", "b", "U"]


def test_a_hole_costs_a_large_integer_nothing() -> None:
    """Integers that no float holds stay integers beside a hole, as objects."""

    def big(n: int) -> int:
        return 2**53 + 1 if n else 1 // n

    made = runs_of(big, grid(n=[0, 1])).to_xarray()
    assert made["result"].sel(n=1).item() == 2**53 + 1


def test_durations_of_any_unit_are_durations() -> None:
    """Those of numpy and those of Python go together."""
    runs = runs_of(
        lambda kind: np.timedelta64(5, "s") if kind else dt.timedelta(seconds=1), grid(kind=[0, 1])
    )
    made = runs.to_xarray()["result"]
    assert made.dtype.kind == "m"
    assert (made.values / np.timedelta64(1, "s")).tolist() == [1, 5]


def test_points_that_are_no_grid_leave_holes() -> None:
    """Zipped points, and a star, fill some places of the cube and leave the others missing."""

    def total(a: int, b: int) -> int:
        return a + b

    made = runs_of(total, zipped(a=[1, 2], b=[10, 20])).to_xarray()
    assert made["result"].sel(a=2, b=20).item() == 22
    assert int(made["result"].count()) == int(made["status"].count()) == 2
    about = runs_of(total, star({"a": 1, "b": 1}, a=[2, 3], b=[5])).to_xarray()
    assert about.sizes == {"a": 3, "b": 2}
    assert int(about["result"].count()) == 4


def test_a_flat_dimension_has_a_place_for_each_run() -> None:
    """`dims=("point",)` keeps the order of the runs, with their params as coordinates."""
    runs = runs_of(measure, SPACE)
    made = runs.to_xarray(dims=("point",))
    assert made["score"].dims == made["C"].dims == ("point",)
    assert made["id"].values.tolist() == runs.ids
    assert made["C"].values.tolist() == [10, 10, 1, 1, 5, 5]


def test_params_that_follow_from_others_are_coordinates_over_them() -> None:
    """With `dims`, the other params that vary become coordinates over the named ones."""

    def total(a: int, b: int) -> int:
        return a + b

    runs = runs_of(total, zipped(a=[1, 2, 3], b=[10, 20, 30]))
    made = runs.to_xarray(dims=["a"])
    assert made["result"].dims == made["b"].dims == ("a",)
    assert made["b"].values.tolist() == [10, 20, 30]


def test_two_runs_at_one_place_are_refused() -> None:
    """Both runs are named, and so is what tells them apart."""
    runs = runs_of(measure, SPACE)
    with pytest.raises(errors.ExportError, match=r"both at C=10\. Leave one.*dims=\('point',\)"):
        runs.to_xarray(dims=["C"])
    with pytest.raises(errors.ExportError, match=f"{runs.ids[0]} and {runs.ids[0]}"):
        RunSet([*runs, runs[0]]).to_xarray()
    doubled = RunSet([*runs, runs[0]]).to_xarray(dims=("point",))
    assert doubled.sizes["point"] == 7


def test_unknown_dimensions_are_refused() -> None:
    """A dimension that is no parameter is an error that lists those that are."""
    runs = runs_of(measure, SPACE)
    with pytest.raises(errors.QueryError, match=r"no parameter 'gamma'.*'C', 'kernel', 'steps'"):
        runs.to_xarray(dims=["gamma"])
    with pytest.raises(errors.QueryError, match="a name stands there twice"):
        runs.to_xarray(dims=["C", "C"])


def test_a_cube_that_is_nearly_empty_is_refused() -> None:
    """Far more places than runs are an error before any memory is taken; a flat one works."""

    def total(a: int, b: int, c: int) -> int:
        return a + b + c

    runs = runs_of(total, zipped(a=range(200), b=range(200), c=range(200)))
    with pytest.raises(errors.ExportError, match=r"a x b x c has 8,000,000 places for 200 values"):
        runs.to_xarray()
    assert runs.to_xarray(dims=("point",))["result"].sum().item() == 59700


def test_arrays_get_dimensions_of_their_own() -> None:
    """Arrays and lists of numbers stand behind the dimensions of the runs, short ones padded."""

    def arrays(n: int) -> dict[str, Any]:
        return {
            "square": np.full((2, 2), n, dtype="float32"),
            "folds": [n, n + 0.5],
            "ragged": np.arange(n),
            "named": {"nested": [1]},
        }

    made = runs_of(arrays, grid(n=[1, 2])).to_xarray()
    assert made["square"].dims == ("n", "square_dim_0", "square_dim_1")
    assert made["square"].dtype == np.float32
    assert made["folds"].values.tolist() == [[1, 1.5], [2, 2.5]]
    np.testing.assert_array_equal(made["ragged"].values, [[0, np.nan], [0, 1]])
    assert made["named"].values.tolist() == [{"nested": [1]}] * 2


def series(n: int) -> Any:
    """Return an array with labels that depend on the parameter."""
    times = xr.DataArray([0, 1, n], dims="time", attrs={"units": "s"})
    return xr.DataArray(
        np.arange(3.0) * n,
        dims="time",
        coords={"time": times, "site": "here", "seed": n * 7},
        attrs={"units": "K", "of": n},
        name="heat",
    )


def test_labelled_arrays_keep_their_labels() -> None:
    """A DataArray keeps name, dims, coordinates, units and attributes; labels are united."""
    made = runs_of(series, grid(n=[2, 3])).to_xarray()
    assert made["heat"].dims == ("n", "time")
    assert made["time"].values.tolist() == [0, 1, 2, 3]
    assert made["time"].attrs == {"units": "s"}
    assert made["heat"].attrs == {"units": "K"}
    for n in (2, 3):
        kept = made["heat"].sel(n=n).dropna("time")
        np.testing.assert_array_equal(kept.values, series(n).values)
        np.testing.assert_array_equal(kept["time"].values, series(n)["time"].values)
    assert made["site"].item() == "here"
    assert made["seed"].dims == ("n",)
    assert made["seed"].values.tolist() == [14, 21]


def test_a_dataset_gives_its_variables() -> None:
    """A Dataset as result is one variable for each of its own, and keeps its attributes."""

    def table(n: int) -> Any:
        variables = {"a": ("x", [1.0, n]), "b": (("x", "y"), np.full((2, 2), n))}
        return xr.Dataset(variables, coords={"x": [0, 1]}, attrs={"title": "both", "n": n})

    made = runs_of(table, grid(n=[1, 2])).to_xarray()
    assert made.attrs == {"experiment": "made", "title": "both"}
    assert made["b"].dims == ("n", "x", "y")
    one = made[["a", "b"]].sel(n=2, drop=True)
    xr.testing.assert_equal(one.reset_coords(drop=True), table(2))


def test_names_that_are_taken_get_a_prefix() -> None:
    """A result, or a dimension of one, that is called like a parameter is told apart."""

    def clash(time: int, status: str = "x") -> dict[str, Any]:
        array = xr.DataArray([1.0, 2.0], dims="time", coords={"time": [0, 1]})
        return {"time": time * 2, "curve": array}

    made = runs_of(clash, grid(time=[1, 2])).to_xarray()
    assert made["result_time"].dims == ("time",)
    assert made["curve"].dims == ("time", "result_result_time")
    assert made["param_status"].item() == "x"


def test_params_that_are_no_labels_show_their_words() -> None:
    """Mappings, lists, None and functions are labelled by a short text, different ones apart."""
    long = [list(range(40)), [*range(39), 77]]

    def size(x: Any) -> int:
        return 0 if x is None else len(x)

    made = runs_of(size, points([{"x": v} for v in [{"a": 1}, None, (3,), *long]])).to_xarray()
    labels = made["x"].values.tolist()
    assert labels[:3] == ["{'a': 1}", "None", "(3,)"]
    assert len(set(labels)) == 5
    assert made["result"].sel(x="{'a': 1}").item() == 1


def test_few_runs_make_a_dataset_too() -> None:
    """One run has no dimension, and no runs make an empty Dataset."""
    one = runs_of(measure, grid(C=[1], kernel=["rbf"])).to_xarray()
    assert not one.sizes
    assert (one["C"].item(), one["text"].item()) == (1, "RBF")
    assert not RunSet().to_xarray().variables


def test_without_xarray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where xarray is missing, the error says what to install."""
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"Install expcache\[xarray\]"):
        RunSet().to_xarray()


def test_a_text_may_end_in_nul() -> None:
    """Texts are whole, also where numpy's own would lose their end."""
    labels = runs_of(measure, grid(C=[1], kernel=["a", "a\0"])).to_xarray()
    assert labels.indexes["kernel"].tolist() == ["a", "a\0"]
    assert labels["text"].values.tolist() == ["A", "A\0"]
    assert runs_of(measure, grid(C=[1, 2], kernel=["a\0"])).to_xarray()["kernel"].item() == "a\0"


# xarray, asked for the label of one place, gives it without the NULs at its end.
WORDS = st.text(max_size=4).filter(lambda text: not text.endswith("\0"))
VALUES = st.one_of(
    st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=4, unique=True),
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=4, unique=True),
    st.lists(WORDS, min_size=1, max_size=4, unique=True),
    st.just([False, True]),
)


@settings(max_examples=40, deadline=None)
@given(VALUES, VALUES)
def test_a_full_grid_equals_the_frame_by_label(a: list[Any], b: list[Any]) -> None:
    """At the labels of each row of the frame, the Dataset has the values of that row."""

    def join(a: Any, b: Any) -> dict[str, Any]:
        return {"both": f"{a!r} {b!r}", "length": len(repr(a)), "half": len(repr(b)) / 2}

    with use(":memory:"):
        runs = runs_of(join, grid(a=a, b=b))
        made, frame = runs.to_xarray(), runs.to_frame()
    columns = ["both", "length", "half", "status", "runtime"]
    for row_id, row in frame.iterrows():
        chosen = {name: row[name] for name in ("a", "b") if name in made.dims}
        place = made.sel(chosen)
        assert place["id"].item() == row_id
        assert [place[name].item() for name in columns] == [row[name] for name in columns]
        assert [place[name].item() for name in ("a", "b")] == [row["a"], row["b"]]
