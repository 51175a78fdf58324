"""Runs as files for other programs: whole or not there, and nothing is lost without a word."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import enum
import importlib.util
import io
import json
import math
import pathlib
import tempfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expcache import RunSet, errors, experiment, grid, points, use

pytestmark = pytest.mark.usefixtures("isolated")

NOON = dt.datetime(2024, 5, 1, 12, 0, 0, 5, tzinfo=dt.timezone(dt.timedelta(hours=2)))
FORMATS = ["csv", "json", "jsonl", "parquet"]
polars: Any = pytest.importorskip("polars")


class Colour(enum.Enum):
    """A choice."""

    RED = 1


@dataclasses.dataclass(frozen=True)
class Model:
    """A value with fields."""

    depth: int = 2


def runs_of(values: list[Any]) -> RunSet[Any]:
    """Return runs whose results are the values."""

    @experiment(name="give", version="1")
    def give(n: int) -> Any:
        return {"value": values[n]}

    runs: RunSet[Any] = give.sweep(grid(n=range(len(values))), name="gives").run()
    return runs


def exported(runs: RunSet[Any], kind: str) -> bytes:
    """Return the bytes of an export."""
    with tempfile.TemporaryDirectory() as place:
        path = pathlib.Path(place, f"runs.{kind}")
        runs.export(path)
        return path.read_bytes()


def values_of(runs: RunSet[Any]) -> list[Any]:
    """Return what JSON gives back of the results."""
    return [record["value"] for record in json.loads(exported(runs, "json"))]


def test_json_holds_the_records() -> None:
    """The file has the records of `to_records`, in order, in UTF-8."""
    runs = runs_of(["ü", 1, True, None, [1, {"a": 2.5}]])
    assert json.loads(exported(runs, "json")) == runs.to_records()
    assert "ü".encode() in exported(runs, "json")
    assert list(map(json.loads, exported(runs, "jsonl").splitlines())) == runs.to_records()
    assert json.loads(exported(RunSet(), "json")) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats() | st.integers() | st.text(st.characters(codec=None)), min_size=1))
def test_json_gives_back_equal_numbers(values: list[Any]) -> None:
    """Every finite float, every integer and every text is read back as it was, bit by bit."""
    with use(":memory:"):
        back = values_of(runs_of(values))
    for value, read in zip(values, back, strict=True):
        if isinstance(value, float) and not math.isfinite(value):
            assert (type(read), repr(float(read))) == (str, repr(value))
        else:
            assert (type(read), repr(read)) == (type(value), repr(value))


def test_what_json_lacks_has_a_documented_form() -> None:
    """Tuples, sets and arrays are lists, times ISO 8601, bytes base64, NaN and infinity texts."""
    np = pytest.importorskip("numpy")
    forms: list[tuple[Any, Any]] = [
        ((1, (2,)), [1, [2]]),
        ({3, 1, 2}, [1, 2, 3]),
        (np.array([[1.5, np.nan]]), [[1.5, "NaN"]]),
        (np.float32(0.5), 0.5),
        (np.datetime64("2024-05-01T12:00"), "2024-05-01T12:00"),
        (np.timedelta64(1500, "ms"), 1.5),
        ([-math.inf, math.inf], ["-Infinity", "Infinity"]),
        (b"ab\0", "YWIA"),
        (NOON, "2024-05-01T12:00:00.000005+02:00"),
        (NOON.date(), "2024-05-01"),
        (dt.timedelta(minutes=1), 60.0),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (Colour.RED, "RED"),
        (Model(3), {"depth": 3}),
        (1 + 2j, [1.0, 2.0]),
        ({1: "a", 2.5: "b"}, {"1": "a", "2.5": "b"}),
    ]
    assert values_of(runs_of([[value] for value, _ in forms])) == [[form] for _, form in forms]


@pytest.mark.parametrize("kind", FORMATS)
def test_what_has_no_form_is_refused_by_its_path(kind: str, tmp_path: pathlib.Path) -> None:
    """The error names the run, the path to the value and the remedy; nothing is written."""
    runs = runs_of([1, {"parts": [2, range(3), 4, Ellipsis]}])
    path = tmp_path / f"old.{kind}"
    path.write_bytes(b"as it was")
    with pytest.raises(errors.ExportError, match=r"give default=str") as caught:
        runs.export(path)
    assert f"value['parts'][3] of run {runs.ids[1]}" in str(caught.value)
    assert caught.value.path == "value['parts'][3]"
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(("old", "."))] == [
        path.name
    ]
    assert path.read_bytes() == b"as it was"
    runs.export(path, default=str)
    assert b"Ellipsis" in path.read_bytes()


def test_keys_that_would_fall_together_are_refused() -> None:
    """Two keys of one text would lose a value, and a key without a text has no form."""
    for value in ({1: "a", "1": "b"}, {(1, 2): "a"}):
        with pytest.raises(errors.ExportError, match="JSON has no form for the key"):
            exported(runs_of([[value]]), "json")


def test_csv_has_a_line_a_run() -> None:
    """Cells are plain where they can be; None is empty, and an empty text is in quotes."""
    values = [0.1, "", None, "a,b", "1", 1, True, "true", 'say "ü"\n', math.nan, -math.inf]
    text = exported(runs_of(values), "csv").decode()
    rows = [line.split(",", 4)[4] for line in text.replace('\n"', '~"').splitlines()]
    cells = ["value", "0.1", '""', "", '"a,b"', '"1"', "1", "true", '"true"']
    assert rows == [*cells, '"say ""ü""~"', "NaN", "-inf"]
    assert text.splitlines()[0] == "id,status,n,runtime,value"


def test_csv_reads_back() -> None:
    """The csv module reads every text as it was, and lists and mappings as JSON."""
    values = ["", "x\r\ny", ' "', [1, {"a": (0.1,)}], {"k": b"\0"}]
    text = exported(runs_of(values), "csv").decode()
    read = [row["value"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert read[:3] == values[:3]
    assert list(map(json.loads, read[3:])) == [[1, {"a": [0.1]}], {"k": "AA=="}]


def test_records_that_lack_a_name_leave_its_cell_empty() -> None:
    """A failed run has its error, and nothing in the columns of the results."""

    @experiment(name="inverse", version="1")
    def inverse(x: int) -> float:
        return 1 / x

    runs = inverse.sweep(grid(x=[0, 2]), name="inverses").run()
    failed, done = csv.DictReader(io.StringIO(exported(runs, "csv").decode()))
    assert (failed["error"], failed["result"]) == ("ZeroDivisionError: division by zero", "")
    assert (done["error"], done["result"]) == ("", "0.5")
    table = polars.read_parquet(exported(runs, "parquet"))
    assert table["result"].to_list() == [None, 0.5]
    assert table["error"].to_list() == ["ZeroDivisionError: division by zero", None]


@pytest.fixture(params=["pyarrow", "polars"])
def writer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let one library write Parquet, as if the other were not installed."""
    name: str = request.param
    pytest.importorskip(name)
    find = importlib.util.find_spec
    hidden = {"pyarrow", "polars"} - {name}
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n in hidden else find(n))
    return name


@pytest.mark.usefixtures("writer")
def test_parquet_has_typed_columns() -> None:
    """Columns of one kind keep it, with missing values; all others are JSON text."""
    day, naive = NOON.date(), NOON.replace(tzinfo=None)
    columns: dict[str, tuple[list[Any], Any, list[Any]]] = {
        "truth": ([True, None], polars.Boolean, [True, None]),
        "integer": ([2**60, 1], polars.Int64, [2**60, 1]),
        "number": ([1, 0.1], polars.Float64, [1.0, 0.1]),
        "infinite": ([math.inf, None], polars.Float64, [math.inf, None]),
        "text": (["ü", None], polars.String, ["ü", None]),
        "bytes": ([b"\0", b""], polars.Binary, [b"\0", b""]),
        "day": ([day, day], polars.Date, [day, day]),
        "time": ([naive, None], polars.Datetime("us"), [naive, None]),
        "instant": ([NOON, NOON], polars.Datetime("us", "UTC"), [NOON, NOON]),
        "length": ([dt.timedelta(1)] * 2, polars.Duration("us"), [dt.timedelta(1)] * 2),
        "list": ([(1, 2.5), []], polars.List(polars.Float64), [[1.0, 2.5], []]),
        "deep": ([[[1], []], None], polars.List(polars.List(polars.Int64)), [[[1], []], None]),
        "huge": ([2**70, 1], polars.String, [str(2**70), "1"]),
        "exact": ([2**60, 0.5], polars.String, [str(2**60), "0.5"]),
        "mixed": ([1, "a"], polars.String, ["1", '"a"']),
        "mapping": ([{"a": math.nan}, None], polars.String, ['{"a": "NaN"}', None]),
        "nothing": ([None, None], polars.String, [None, None]),
    }

    @experiment(name="rows", version="1")
    def row(n: int) -> dict[str, Any]:
        return {f"a {name}": cells[n] for name, (cells, _, _) in columns.items()}

    table = polars.read_parquet(exported(row.sweep(grid(n=[0, 1]), name="rows").run(), "parquet"))
    for name, (_, dtype, cells) in columns.items():
        assert (name, table.schema[f"a {name}"]) == (name, dtype)
        assert (name, table[f"a {name}"].to_list()) == (name, cells)


@pytest.mark.usefixtures("writer")
def test_parquet_keeps_arrays_and_nan() -> None:
    """An array is a list in a cell, and NaN is not taken for a missing value."""
    np = pytest.importorskip("numpy")
    table = polars.read_parquet(exported(runs_of([np.array([0.5, np.nan]), None]), "parquet"))
    first, second = table["value"].to_list()
    assert (first[0], second) == (0.5, None)
    assert math.isnan(first[1])


def test_without_a_writer_of_parquet_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither pyarrow nor polars is installed, the error says what to do."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"Install expcache\[parquet\], or export to .csv"):
        exported(runs_of([1]), "parquet")


def test_half_a_surrogate_pair_is_escaped_or_refused() -> None:
    """JSON escapes what UTF-8 cannot hold; CSV and Parquet refuse it."""
    runs = runs_of(["\ud800"])
    assert values_of(runs) == ["\ud800"]
    for kind in ("csv", "parquet"):
        with pytest.raises(errors.ExportError, match=r"value of run .* which is no Unicode"):
            exported(runs, kind)


def test_other_formats_are_refused(tmp_path: pathlib.Path) -> None:
    """An unknown ending is an error that lists those that are known; `format` overrules it."""
    runs = runs_of([1])
    with pytest.raises(errors.QueryError, match=r"'\.xlsx' is no format. Use one of \.csv, \.json"):
        runs.export(tmp_path / "runs.xlsx")
    with pytest.raises(errors.QueryError, match=r"Use to_xarray\(\)\.to_netcdf\(path\)"):
        runs.export(tmp_path / "runs.nc")
    runs.export(tmp_path / "runs.txt", format="json")
    assert json.loads((tmp_path / "runs.txt").read_bytes()) == runs.to_records()
    assert [each.name for each in tmp_path.iterdir() if "runs" in each.name] == ["runs.txt"]


@pytest.mark.parametrize("kind", FORMATS)
def test_params_are_written_in_every_form(kind: str) -> None:
    """Functions, classes, members and instances among the params have a form in each format."""

    @experiment(name="called", version="1")
    def called(x: Any) -> int:
        return 1

    values = [math.sqrt, Colour, Colour.RED, Model(), pathlib.PurePosixPath("a/b")]
    runs = called.sweep(points([{"x": value} for value in values]), name="calls").run()
    content = exported(runs, kind)
    assert all(word in content for word in (b"math.sqrt", b"Colour", b"RED", b"depth", b"a/b"))


def test_records_are_read_window_by_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large set asks the store once a window, not once a run."""
    runs = runs_of([1.5] * 1100)
    store = runs[0]._store
    many = store.get_many
    asked = []

    def get_many(name: str, keys: list[str]) -> Any:
        asked.append(len(keys))
        return many(name, keys)

    monkeypatch.setattr(store, "get_many", get_many)
    monkeypatch.setattr(store, "get", lambda *_: pytest.fail("a record was read by itself"))
    exported(RunSet(runs), "jsonl")
    assert sum(asked) == 1100
    assert len(asked) == 3
