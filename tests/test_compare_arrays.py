"""How arrays and tables differ: in shape, type, number and size."""

# ruff: noqa: E501 - two values and their words in one line

from __future__ import annotations

from typing import Any

import pytest

from expcache import compare

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")


def text_of(old: object, new: object, **tolerance: float) -> str:
    """Return the differences, a line each, or "same"."""
    found = compare(old, new, **tolerance)
    return "\n".join(map(str, found.differences)) or "same"


def masked(*values: int) -> Any:
    """Return an array whose second element is masked."""
    return np.ma.array(values, mask=[0, 1, 0])


LARGEST = 2**63 - 1
ARRAYS: list[tuple[Any, Any, str]] = [
    (np.arange(3.0), np.arange(3.0), "same"),
    (np.array([1, np.nan]), np.array([1, np.nan]), "same"),
    (np.array(["2020", "NaT"], "M8[s]"), np.array(["2020", "NaT"], "M8[s]"), "same"),
    (np.asfortranarray(np.eye(3)), np.ascontiguousarray(np.eye(3)), "same"),
    (masked(1, 2, 3), masked(1, 9, 3), "same"),
    (np.array([1, [2, np.nan]], object), np.array([1, [2, np.nan]], object), "same"),
    (np.datetime64("NaT", "s"), np.datetime64("NaT", "s"), "same"),
    (np.zeros((2, 3)), np.zeros((3, 2)), "value: shape (2, 3) -> (3, 2)"),
    (np.arange(3), np.arange(3.0), "value: dtype int64 -> float64"),
    (
        np.array([1.0, 2.0, 4.0]),
        np.array([1.5, 2.0, 5.0]),
        ("value: 2 of 3 elements differ; largest difference 1 at [2] (4.0 -> 5.0);"
        " largest relative 0.5 at [0] (1.0 -> 1.5)"),
    ),
    (
        np.array([[0, 1], [2, 3]], "f4"),
        np.array([[0, 1], [2, 4]], "f8"),
        ("value: dtype float32 -> float64; 1 of 4 elements differ; largest difference 1 at [1, 1]"
        " (3.0 -> 4.0), relative 0.333"),
    ),
    (
        np.array([LARGEST, 0]),
        np.array([-LARGEST, 0]),
        ("value: 1 of 2 elements differ; largest difference 1.84e+19 at [0]"
        f" ({LARGEST} -> -{LARGEST}), relative 2"),
    ),
    (
        np.array([0], "u1"),
        np.array([255], "u1"),
        "value: 1 of 1 elements differ; largest difference 255 at [0] (0 -> 255)",
    ),
    (
        np.array([np.nan, 1, np.inf]),
        np.array([0.0, 1.0, 1.0]),
        "value: 2 of 3 elements differ; first at [0] (nan -> 0.0)",
    ),
    (
        np.array([complex(1, np.nan)]),
        np.array([complex(2, np.nan)]),
        "value: 1 of 1 elements differ; first at [0] ((1+nanj) -> (2+nanj))",
    ),
    (np.array(5), np.array(6), "value: 1 of 1 elements differ; largest difference 1 (5 -> 6), relative 0.2"),
    (np.array(["a", "b"]), np.array(["a", "c"]), "value: 1 of 2 elements differ; first at [1] ('b' -> 'c')"),
    (np.array(["2020"], "M8[D]"), np.array(["NaT"], "M8[D]"), "value: 1 of 1 elements differ; first at [0] (2020-01-01 -> NaT)"),
    (np.array(["a"]), np.array([1]), "value: dtype <U1 -> int64"),
    (masked(1, 2, 3), masked(1, 2, 4), "value: 1 of 3 elements differ; largest difference 1 at [2] (3 -> 4), relative 0.333"),
    (np.array([1, [2]], object), np.array([1, [3]], object), "value[1][0]: 2 -> 3 (difference 1, relative 0.5)"),
    (
        np.array([(1, 2.0)], [("a", int), ("b", float)]),
        np.array([(1, 3.0)], [("a", int), ("b", float)]),
        "value['b']: 1 of 1 elements differ; largest difference 1 at [0] (2.0 -> 3.0), relative 0.5",
    ),
    (np.float32(1), np.float32(2), f"value: {np.float32(1)!r} -> {np.float32(2)!r} (difference 1, relative 1)"),
    (np.float64(1), 1.0, "value: numpy.float64 " + f"{np.float64(1)!r} -> float 1.0"),
    (np.bool_(1), np.bool_(0), f"value: {np.bool_(1)!r} -> {np.bool_(0)!r}"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), ARRAYS, ids=lambda value: str(value)[:30])
def test_arrays(old: object, new: object, words: str) -> None:
    """Of arrays is told what of them differs, how many elements, the largest and where it is."""
    assert text_of(old, new) == words


@pytest.mark.parametrize(
    ("new", "tolerance", "same"),
    [
        ([1.001, 1000.0], {"rtol": 1e-2}, True),
        ([1.1, 1000.0], {"rtol": 1e-2}, False),
        ([1.0, 1009.0], {"rtol": 1e-2}, True),
        ([1.0, 1000.1], {"atol": 0.2}, True),
        ([1.0, np.inf], {"rtol": 1e9}, False),
        ([np.nan, 1000.0], {"rtol": 1e9}, False),
    ],
)
def test_tolerance_of_elements(new: list[float], tolerance: dict[str, float], same: object) -> None:
    """Finite elements may differ by ``atol + rtol * abs(old)``, each by its own."""
    assert compare(np.array([1.0, 1000.0]), np.array(new), **tolerance).same is same


def make_table(**columns: Any) -> Any:
    """Return a small table with columns of many types, some of them replaced."""
    content: dict[str, Any] = {
        "x": [1.0, 2.0, np.nan],
        "s": ["a", None, "c"],
        "n": pd.array([1, None, 3], dtype="Int64"),
        "c": pd.Categorical(["a", "b", "a"]),
        "t": pd.to_datetime(["2020-01-01", None, "2020-01-03"], utc=True),
    }
    return pd.DataFrame(content | columns, index=["u", "v", "w"])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "same"),
        (
            {"x": [1.0, 4.0, np.nan]},
            "value['x']: 1 of 3 rows differ; largest difference 2 at row 'v' (2.0 -> 4.0), relative 1",
        ),
        ({"s": ["a", None, "d"]}, "value['s']: 1 of 3 rows differ; first at row 'w' ('c' -> 'd')"),
        (
            {"n": pd.array([1, None, 4], dtype="Int64")},
            f"value['n']: 1 of 3 rows differ; first at row 'w' ({np.int64(3)!r} -> {np.int64(4)!r})",
        ),
        (
            {"c": pd.Categorical(["a", "b", "a"], categories=["b", "a"], ordered=True)},
            "value['c']: dtype category of other categories",
        ),
        ({"x": [1, 2, 3]}, "value['x']: dtype float64 -> int64; 1 of 3 rows differ; first at row 'w' (nan -> 3)"),
        ({"y": [1, 2, 3]}, "value.columns: 'y' new"),
    ],
)  # fmt: skip
def test_tables(columns: dict[str, Any], words: str) -> None:
    """Of tables is told which columns differ, in how many rows, and in which one most."""
    assert text_of(make_table(), make_table(**columns)) == words


def test_labels_of_tables() -> None:
    """Rows, their labels, columns that are gone or have changed places are differences too."""
    table = make_table()
    assert text_of(table, table.iloc[:2]) == "value: 3 rows -> 2 rows"
    assert text_of(table, table.drop(columns="x")) == "value.columns: 'x' gone"
    assert text_of(table[["x", "s"]], table[["s", "x"]]) == "value.columns: 'x', 's' -> 's', 'x'"
    renamed = table.rename(index={"u": "z"})
    assert text_of(table, renamed) == "value.index: 1 of 3 rows differ; first at row 0 ('u' -> 'z')"
    assert text_of(table.x, table.x.rename("y")) == "value.name: 'x' -> 'y'"
    assert text_of(table.x, table.x[:2]) == "value: 3 rows -> 2 rows"
    assert text_of(table.x.array, table.x.array) == "same"
    twice = pd.concat([table[["x"]], table[["x"]]], axis=1)
    assert text_of(twice, twice.copy()) == "same"


def test_polars_tables() -> None:
    """Tables of polars are compared in the same way."""
    pl = pytest.importorskip("polars")
    old = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert text_of(old, old.clone()) == "same"
    assert text_of(old, old.with_columns(a=pl.Series([1, 3]))) == (
        "value['a']: 1 of 2 rows differ; largest difference 1 at row 1 (2 -> 3), relative 0.5"
    )
    assert text_of(old, old.with_columns(b=pl.Series(["x", "y"]))) == (
        "value['b']: 1 of 2 rows differ; first at row 1 (None -> 'y')"
    )
    assert text_of(old, old.with_columns(a=pl.col("a").cast(pl.Int8))) == (
        "value['a']: dtype Int64 -> Int8"
    )
    assert text_of(old, old[:1]) == "value['a']: 2 rows -> 1 rows\nvalue['b']: 2 rows -> 1 rows"
