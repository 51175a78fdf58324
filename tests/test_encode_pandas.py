"""Canonical bytes of pandas', polars' and torch's tables, and of field classes of libraries."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from expcache._encode import encode
from expcache.errors import IdentityError

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")


def table() -> Any:
    """Return a frame of many kinds of columns."""
    return pd.DataFrame(
        {
            "i": [1, 2],
            "t": ["x", None],
            "c": pd.Categorical(["u", "v"]),
            "d": pd.date_range("2020", periods=2, tz="UTC"),
            "m": pd.array([1, None], dtype="Int64"),
            "s": pd.array(["q", None], dtype="string"),
            "f": [1.5, np.nan],
        },
    )


def late_column() -> Any:
    """Return a frame whose columns lie in several blocks."""
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    frame["b"] = [3.0, 4.0]
    return frame


def asked(frame: Any) -> Any:
    """Return the frame after its caches were filled."""
    frame.index.is_unique, frame.index.get_loc(0), frame["i"]
    return frame


def nulls(*values: object) -> Any:
    """Return an object column."""
    return pd.Series(list(values), dtype=object)


EQUAL = {
    "copy": (table(), table().copy()),
    "pickle": (table(), pickle.loads(pickle.dumps(table()))),
    "caches": (table(), asked(table())),
    "blocks": (late_column(), pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})),
    "range index": (pd.Series([1], index=pd.RangeIndex(1)), pd.Series([1], index=np.array([0]))),
    "text labels": (pd.Index(["a", "b"], dtype=object), pd.Index(["a", "b"], dtype="string")),
    "levels": (
        pd.MultiIndex.from_tuples([("a", 1), ("b", 2), ("c", 3)])[:2],
        pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]),
    ),
    "missing content": (
        pd.array([1, None], dtype="Int64"),
        pd.array([1, 2], dtype="Int64").take([0, -1], allow_fill=True),
    ),
    "storage": (pd.array([True, None]), pd.array([True, pd.NA], dtype="boolean")),
    "timestamp": (pd.Timestamp(5, unit="s"), pickle.loads(pickle.dumps(pd.Timestamp(5, unit="s")))),
}

DIFFERENT: dict[str, tuple[Any, ...]] = {
    "frame": (
        pd.DataFrame({"a": [1], "b": [2]}),
        pd.DataFrame({"b": [2], "a": [1]}),
        pd.DataFrame({"a": [1.0], "b": [2]}),
        pd.DataFrame({"a": [1], "b": [2]}, index=[1]),
        pd.DataFrame({"a": [1], "b": [2]}).rename_axis("n"),
        pd.DataFrame({"a": [1], "b": [2]}).rename_axis(columns="n"),
        {"a": [1], "b": [2]},
        pd.DataFrame(),
        pd.DataFrame(index=[0]),
    ),
    "series": (
        pd.Series([1]),
        pd.Series([1], name="a"),
        pd.Series([1], index=[1]),
        pd.Series([1], dtype="Int64"),
        pd.Series([1], dtype="i4"),
        pd.Series([True]),
        pd.Index([1]),
        pd.DataFrame([1]),
        np.array([1]),
        [1],
    ),
    "null objects": (nulls(None, 1), nulls(np.nan, 1), nulls(pd.NA, 1), nulls(pd.NaT, 1)),
    "categories": (
        pd.Categorical(["a"], ["a", "b"]),
        pd.Categorical(["a"], ["b", "a"]),
        pd.Categorical(["a"], ["a", "b"], ordered=True),
        pd.Series(["a"]).array,
    ),
    "masked": (
        pd.array([1, None], dtype="Int64"),
        pd.array([None, 1], dtype="Int64"),
        pd.array([1, 1], dtype="Int64"),
        pd.array([1, None], dtype="Int32"),
        pd.array([1, None], dtype="Float64"),
    ),
    "text": (
        pd.array(["a", None], dtype="string"),
        pd.array(["a", ""], dtype="string"),
        pd.array([None, "a"], dtype="string"),
    ),
    "index": (
        pd.Index([1]),
        pd.Index([1.0]),
        pd.Index(["a"]),
        pd.Index(["a"], name="n"),
        pd.Index([]),
        pd.MultiIndex.from_tuples([("a",)]),
        pd.MultiIndex.from_tuples([("a", 1)]),
        pd.MultiIndex.from_tuples([("a", 1)], names=["n", None]),
    ),
    "dates": (
        pd.DatetimeIndex(["2020-01-01"]),
        pd.DatetimeIndex(["2020-01-01"], tz="UTC"),
        pd.DatetimeIndex(["2020-01-01"]).as_unit("ms"),
        pd.PeriodIndex(["2020-01-01"], freq="D"),
        pd.PeriodIndex(["2020-01"], freq="M"),
        pd.TimedeltaIndex(["1s"]),
    ),
    "scalars": (
        pd.NaT,
        pd.NA,
        None,
        float("nan"),
        pd.Timestamp(0),
        pd.Timestamp(0, tz="UTC"),
        pd.Timestamp(0).as_unit("s"),
        pd.Timestamp(0).to_pydatetime(),
        pd.Timedelta(0),
        pd.Timedelta(1),
        pd.Period("2020-01", "M"),
        pd.Period("2020-01", "D"),
        pd.Interval(0, 1),
        pd.Interval(0, 1, closed="left"),
    ),
    "intervals": (
        pd.interval_range(0, 2),
        pd.interval_range(0, 2, closed="left"),
        pd.interval_range(0, 3),
    ),
    "sparse": (
        pd.arrays.SparseArray([0, 1]),
        pd.arrays.SparseArray([1, 0]),
        pd.arrays.SparseArray([0, 1], fill_value=1),
    ),
    "dtypes": (
        pd.CategoricalDtype(["a"]),
        pd.CategoricalDtype(["b"]),
        pd.CategoricalDtype(["a"], ordered=True),
        pd.Int64Dtype(),
        pd.DatetimeTZDtype("ns", "UTC"),
    ),
    "attrs": (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}).assign(b=1)),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_equal(one: object, other: object) -> None:
    """Blocks, caches, storage and the sharing of levels do not count."""
    assert encode(one) == encode(other)


@pytest.mark.parametrize("values", DIFFERENT.values(), ids=DIFFERENT)
def test_different(values: tuple[object, ...]) -> None:
    """Dtypes, labels, names, order, missing values and their kind count."""
    assert len({encode(value) for value in values}) == len(values)


def test_attrs() -> None:
    """What a user notes on a frame counts, for a function can read it."""
    plain, noted = table(), table()
    noted.attrs["unit"] = "m"
    assert encode(plain) != encode(noted)


def test_path() -> None:
    """A refused object in a column is found."""
    frame = pd.DataFrame({"a": [1], "b": [object()]})
    with pytest.raises(IdentityError, match=r"identify value\.iloc\[:, 1\]\[0\]: an object has"):
        encode(frame)


def test_changed_row_of_many() -> None:
    """A large frame is never sampled."""
    frame = pd.DataFrame({"a": np.zeros(200_000)})
    before = encode(frame)
    frame.loc[77_777, "a"] = 1.0
    assert encode(frame) != before


def test_subclass() -> None:
    """A subclass of a frame, and the attributes that it lists, count."""

    class Noted(pd.DataFrame):  # type: ignore[misc, name-defined]
        """A frame with an attribute of its own."""

        _metadata = ["note"]  # noqa: RUF012 - pandas' own convention

    one, other = Noted({"a": [1]}), Noted({"a": [1]})
    object.__setattr__(one, "note", "x")
    object.__setattr__(other, "note", "y")
    values = (one, other, pd.DataFrame({"a": [1]}))
    assert len({encode(value) for value in values}) == 3


def test_polars() -> None:
    """Column names, dtypes, order and values count; chunks do not; queries are refused."""
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"], "c": [1.5, 2.0]})
    chunked, whole = (pl.concat([frame, frame], rechunk=rechunk) for rechunk in (False, True))
    assert encode(chunked) == encode(whole)
    values = (
        frame,
        frame.select("b", "a", "c"),
        frame.rename({"a": "z"}),
        frame.cast({"a": pl.Int32}),
        frame.with_columns(a=pl.lit(0)),
        frame["a"],
        frame["b"],
        frame["a"].fill_null(0),
        chunked,
    )
    assert len({encode(value) for value in values}) == len(values)
    with pytest.raises(IdentityError, match=r"LazyFrame has no canonical form\. Collect it first"):
        encode(frame.lazy())


def test_attrs_classes() -> None:
    """Instances of attrs classes are identified by the fields that they compare."""
    attrs = pytest.importorskip("attrs")
    model = attrs.make_class("Model", {"x": attrs.field(), "y": attrs.field(eq=False)})
    assert encode(model(1, 2)) == encode(model(1, 3)) != encode(model(2, 2))
    other = attrs.make_class("Other", {"x": attrs.field(), "y": attrs.field(eq=False)})
    assert encode(model(1, 2)) != encode(other(1, 2))


def test_pydantic_models() -> None:
    """Fields and extras of a model count, private attributes do not, secrets are refused."""
    pydantic = pytest.importorskip("pydantic")

    class Model(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        """A field, a private attribute, and room for extras."""

        model_config = pydantic.ConfigDict(extra="allow")
        x: int
        _seen: int = 0

    used = Model(x=1)
    used._seen = 3
    assert encode(Model(x=1)) == encode(used)
    assert len({encode(value) for value in (Model(x=1), Model(x=2), Model(x=1, y=2))}) == 3
    with pytest.raises(IdentityError, match=r"value\['key'\]: a SecretStr has no .* Leave the"):
        encode(Model(x=1, key=pydantic.SecretStr("open sesame")))


def test_torch() -> None:
    """Dtype, shape and values of a tensor count; strides and gradients do not."""
    torch = pytest.importorskip("torch")
    square = torch.arange(4.0).reshape(2, 2)
    assert encode(square) == encode(square.T.contiguous().T)
    assert encode(square) == encode(square.clone().requires_grad_())
    values = (
        square,
        square.T,
        square.double(),
        square.bfloat16(),
        square.reshape(4),
        square.numpy(),
    )
    assert len({encode(value) for value in values}) == len(values)
    with pytest.raises(IdentityError, match="tensor that is sparse"):
        encode(square.to_sparse())
