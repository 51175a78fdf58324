"""pandas objects as results: without pickle, to dtype, freq, names and attrs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from expcache._codec import Opaque, decode_value, describe, encode_value, restore, to_json

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")


def round_trip(value: object) -> Any:
    """Encode, pass through JSON text and fresh buffers, decode without trust."""
    encoded = encode_value(value)
    assert encoded.codec == "tree"
    parts = [bytearray(part) for part in encoded.parts]
    tree = json.loads(to_json(encoded.tree))
    return decode_value(encoded.codec, tree, parts, encoded.pickle, trust=False)


def _mixed() -> Any:
    return pd.DataFrame(
        {
            "float": [0.5, np.nan],
            "int": [1, 2],
            "text": ["a", None],
            "object": pd.Series([(1, 2), {"a": [1]}], dtype=object),
            "when": pd.date_range("2020", periods=2, tz="Europe/Berlin"),
            "kind": pd.Categorical(["b", "a"], categories=["b", "a", "c"], ordered=True),
            "Int64": pd.array([1, None], dtype="Int64"),
            "small": np.array([1, 2], dtype="int8"),
        },
        index=pd.Index(["x", "y"], name="row"),
    )


def _marked() -> Any:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"unit": ("m", 2)}
    frame.flags.allows_duplicate_labels = False
    return frame


FRAMES: dict[str, Callable[[], Any]] = {
    "empty": pd.DataFrame,
    "rows only": lambda: pd.DataFrame(index=[3, 1]),
    "columns only": lambda: pd.DataFrame(columns=["a", "b"]),
    "block": lambda: pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["a", "b"]),
    "mixed": _mixed,
    "marked": _marked,
    "duplicate columns": lambda: pd.DataFrame([[1, 2.5]], columns=["a", "a"]),
    "mixed labels": lambda: pd.DataFrame([[1, 2]], columns=["a", 1]),
    "multi": lambda: pd.DataFrame(
        {("a", 1): [1, 2], ("b", 2): [3, 4]},
        index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["n", None]),
    ),
}
SERIES: dict[str, Callable[[], Any]] = {
    "numbers": lambda: pd.Series([1.5, np.nan], name=("a", 1)),
    "objects": lambda: pd.Series([1, True, 1.0, None, "a", np.float32(1)], dtype=object),
    "object text": lambda: pd.Series(["a", "b"], dtype=object),
    "text": lambda: pd.Series(["a", None, "ä"]),
    "string": lambda: pd.Series(["a", None], dtype="string"),
    "boolean": lambda: pd.Series([True, None], dtype="boolean"),
    "Float32": lambda: pd.Series([1.5, None], dtype="Float32"),
    "seconds": lambda: pd.Series(np.array(["2020", "NaT"], "M8[s]")),
    "spans": lambda: pd.Series(pd.to_timedelta([1, None], unit="s")),
    "periods": lambda: pd.Series(pd.period_range("2020-01", periods=2, freq="M")),
    "intervals": lambda: pd.Series(pd.interval_range(0, 2, closed="left")),
    "categories of int": lambda: pd.Series([2, 1, 2], dtype="category"),
    "complex": lambda: pd.Series([1j, 2]),
    "half": lambda: pd.Series([1, 2], dtype="float16"),
}
INDEXES: dict[str, Callable[[], Any]] = {
    "range": lambda: pd.RangeIndex(1, 9, 3, name="n"),
    "numbers": lambda: pd.Index([3, 1], dtype="uint8"),
    "tuples": lambda: pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
    "days": lambda: pd.date_range("2020", periods=3, freq="D", name="day"),
    "months": lambda: pd.date_range("2020", periods=3, freq="MS", tz="Europe/Berlin"),
    "spans": lambda: pd.timedelta_range("1s", periods=3, freq="2s"),
    "periods": lambda: pd.period_range("2020", periods=3, freq="Q"),
    "intervals": lambda: pd.interval_range(0.0, 2.0),
    "categories": lambda: pd.CategoricalIndex(["a", None], categories=["b", "a"]),
    "multi": lambda: pd.MultiIndex.from_product([[1, 2], ["a"]], names=["x", "y"]),
}
ARRAYS: dict[str, Callable[[], Any]] = {
    "Int8": lambda: pd.array([1, None], dtype="Int8"),
    "text": lambda: pd.array(["a", None], dtype="string"),
    "dates": lambda: pd.date_range("2020", periods=2).array,
    "categories": lambda: pd.Categorical(["a"]),
    "numpy": lambda: pd.Series([1, 2]).array,
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_are_exact(name: str) -> None:
    """A frame comes back without a pickle: dtypes, labels, flags and attrs."""
    frame = FRAMES[name]()
    back = round_trip([frame])[0]
    pd.testing.assert_frame_equal(back, frame, check_exact=True, check_freq=True)
    assert back.attrs == frame.attrs
    assert back.flags == frame.flags


@pytest.mark.parametrize("name", SERIES)
def test_series_are_exact(name: str) -> None:
    """A series comes back without a pickle, with the exact type of each item."""
    series = SERIES[name]()
    back = round_trip(series)
    pd.testing.assert_series_equal(back, series, check_exact=True)
    assert [type(item) for item in back] == [type(item) for item in series]


@pytest.mark.parametrize("name", INDEXES)
def test_indexes_are_exact(name: str) -> None:
    """An index comes back without a pickle, with its class, names and frequency."""
    index = INDEXES[name]()
    back = round_trip({"i": index})["i"]
    pd.testing.assert_index_equal(back, index, exact=True, check_exact=True)
    assert back.names == index.names
    assert getattr(back, "freq", None) == getattr(index, "freq", None)


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_exact(name: str) -> None:
    """An array of pandas comes back without a pickle."""
    array = ARRAYS[name]()
    back = round_trip(array)
    assert type(back) is type(array)
    pd.testing.assert_extension_array_equal(back, array)


@pytest.mark.parametrize(
    "value",
    [
        pd.Timestamp("2020-01-01 00:00:00.000000001"),
        pd.Timestamp("2020-01-01", tz="UTC"),
        pd.Timestamp("2020-10-25 00:30", tz="UTC").tz_convert("Europe/Berlin"),
        pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert("Europe/Berlin"),
        pd.Timestamp("2020").as_unit("s"),
        pd.Timedelta("-1 days +3ns"),
        pd.Period("2020-01", "M"),
        pd.Interval(0, 1.5, closed="both"),
    ],
)
def test_scalars_are_exact(value: Any) -> None:
    """A scalar of pandas keeps its type, unit, zone and fold."""
    back = round_trip(value)
    assert type(back) is type(value)
    assert back == value
    assert repr(back) == repr(value)
    assert getattr(back, "unit", None) == getattr(value, "unit", None)
    assert getattr(back, "fold", None) == getattr(value, "fold", None)


def test_missing_values_stay_what_they_are() -> None:
    """NaT and NA are themselves again."""
    nat, na = round_trip([pd.NaT, pd.NA])
    assert nat is pd.NaT
    assert na is pd.NA


def test_two_frames_in_one_result() -> None:
    """The parts of several frames and arrays do not get mixed up."""
    value = {"a": pd.DataFrame({"x": [1.0]}), "b": np.arange(3), "c": pd.Series([2, 3])}
    back = round_trip(value)
    assert back["a"]["x"].tolist() == [1.0]
    assert back["b"].tolist() == [0, 1, 2]
    assert back["c"].tolist() == [2, 3]


def test_frame_within_a_frame() -> None:
    """A frame in a cell of a frame is kept as well."""
    outer = pd.Series([pd.Series([1, 2]), np.arange(2000)], dtype=object)
    back = round_trip([np.ones(2), outer])[1]
    assert back[0].tolist() == [1, 2]
    assert back[1].sum() == 1999000


@pytest.mark.parametrize("name", ["sparse", "holidays", "object"])
def test_what_pandas_does_not_rebuild_is_pickled(name: str) -> None:
    """What would not come back exactly falls to a pickle."""
    kinds: dict[str, Callable[[], Any]] = {
        "sparse": lambda: pd.Series(pd.arrays.SparseArray([0, 1])),
        "holidays": lambda: pd.date_range(
            "2020-01-01", periods=3, freq=pd.offsets.CustomBusinessDay(holidays=["2021-01-01"])
        ),
        "object": lambda: pd.Series([1, object], dtype=object),
    }
    value = kinds[name]()
    encoded = encode_value([value])
    assert encoded.codec == "pickle"
    back = decode_value("pickle", None, encoded.parts, encoded.pickle, trust=True)[0]
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_lost_content_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pandas that rebuilds a series with another dtype costs the tree, not the content."""
    genuine = pd.Series
    monkeypatch.setattr(
        "expcache._codec._frame._marked",
        lambda _reader, value, _tree: genuine(value.astype("float64")),
    )
    assert encode_value(pd.Series([1, 2])).codec == "pickle"


def test_small_frames_are_described_exactly() -> None:
    """A small frame as parameter restores; a large one is opaque."""
    small = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    pd.testing.assert_frame_equal(restore(json.loads(to_json(describe(small)))), small)
    assert isinstance(restore(describe(pd.DataFrame(np.zeros((500, 2))))), Opaque)
