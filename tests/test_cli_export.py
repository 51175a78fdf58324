"""`expcache ids` and `expcache table`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import expcache

pytestmark = pytest.mark.usefixtures("study")
Call = Callable[..., Any]


def test_ids_one_a_line(call: Call) -> None:
    """The ids are those of the list, in its order."""
    told = call("ids", "C__ge=10", "--sort", "C", "--reverse")
    listed = call("list", "C__ge=10", "--sort", "C", "--reverse", "--json").json["runs"]
    assert told.out.splitlines() == [one["id"] for one in listed]
    assert call("ids", "C=7").out == ""


@pytest.mark.parametrize("name", ["some.json", "some.txt", "some.py"])
def test_ids_in_a_file(call: Call, name: str) -> None:
    """`expcache.load` reads the file."""
    told = call("ids", "C=10", "--out", name)
    assert told.out == f"2 ids are in {name}\n"
    with expcache.use(".expcache"):
        assert [run.params["gamma"] for run in expcache.load(Path(name))] == [0.001, 0.1]
    assert call("ids", "C=10", "--json", "--out", name).json["path"] == name


def test_ids_of_a_sweep(call: Call, study: Path) -> None:
    """Only the points of a sweep, in its order; the sweep is looked for in a file."""
    (study / "part.py").write_text(
        "from study import fit\n"
        "sweep_part = fit.sweep([{'C': 100, 'gamma': 0.001}, {'C': 1, 'gamma': 0.1}, {'C': 5}])\n",
        "utf-8",
    )
    told = call("list", "--sweep", "part.py:sweep_part", "--json").json["runs"]
    assert [one["params"]["C"] for one in told] == [100, 1]
    assert call("ids", "--sweep", "part.py").out.splitlines() == [one["id"] for one in told]


def test_table_gives_params_and_results(call: Call) -> None:
    """A column for each parameter and each key of the result; failures have an error."""
    head, *rows = call("table", "-e", "fit").out.splitlines()
    names = ["id", "status", "C", "gamma", "label", "runtime", "accuracy", "error"]
    assert head.split() == names
    assert len(rows) == 6
    assert rows[-1].endswith("ValueError: does not converge")


def test_table_shows_the_first_line_of_an_error(call: Call) -> None:
    """A message of several lines does not tear the table; JSON has all of it."""
    with expcache.use(".expcache"):

        @expcache.experiment
        def fail(count: int) -> None:
            message = "first\nsecond"
            raise ValueError(message)

        fail.run(1)
    assert call("table", "-e", "*fail").out.splitlines()[1].endswith("ValueError: first")
    assert call("table", "-e", "*fail", "--json").json["rows"][0]["error"].endswith("\nsecond")


def test_table_of_several_experiments_names_them(call: Call) -> None:
    """Each row has the name of its experiment."""
    rows = call("table", "--json").json["rows"]
    assert [row["experiment"] for row in rows[-2:]] == ["study.length", "study.train"]
    assert list(rows[0])[:3] == ["id", "experiment", "status"]


def test_table_sorts_by_results(call: Call) -> None:
    """Results order rows, those without one last; columns are chosen in order."""
    words = ["-e", "fit", "--sort", "accuracy", "--columns", "accuracy,C", "--json"]
    rows = call("table", *words).json["rows"]
    assert [row["accuracy"] for row in rows] == [0.001, 0.01, 0.1, 0.1, 1.0, None]
    assert list(rows[0]) == ["accuracy", "C"]
    assert call("table", *words, "-n", "1").json["rows"] == [{"accuracy": 0.001, "C": 1}]


def test_table_of_facts(call: Call) -> None:
    """When, where and with which code runs were computed are columns on request."""
    words = ["-e", "fit", "C=1", "gamma=0.1", "--columns", "C,finished,host,tags,code"]
    [row] = call("table", *words, "--json").json["rows"]
    [run] = call("list", "-e", "fit", "C=1", "gamma=0.1", "--json").json["runs"]
    assert row["tags"] == ["demo"]
    assert (row["finished"], row["code"]) == (run["finished"], run["code"])
    assert call("table", *words).out.splitlines()[0].split() == words[-1].split(",")


def test_table_unpickles_nothing(call: Call, study: Path) -> None:
    """A pickled result is described."""
    [row] = call("table", "-e", "train", "--json").json["rows"]
    assert row["result"] == "<only described: __main__.Model(depth=3)>"
    assert not (study / "unpickled").exists()


def test_table_as_csv(call: Call) -> None:
    """What is printed, and what is in the file, are those of `RunSet.export`."""
    told = call("table", "-e", "fit", "-f", "csv").out
    rows = list(csv.DictReader(io.StringIO(told)))
    assert [row["C"] for row in rows] == ["1", "1", "10", "10", "100", "100"]
    assert call("table", "-e", "fit", "-o", "fit.csv").out == "6 rows are in fit.csv\n"
    assert Path("fit.csv").read_text("utf-8") == told


def test_table_as_json_lines(call: Call) -> None:
    """One object a line, also without the column of ids."""
    told = call("table", "-e", "fit", "-f", "jsonl", "--columns", "C,accuracy", "-n", "2").out
    assert list(map(json.loads, told.splitlines())) == [
        {"C": 1, "accuracy": 0.001},
        {"C": 1, "accuracy": 0.1},
    ]


def test_table_as_parquet(call: Call) -> None:
    """A file that other programs read as a table."""
    polars = pytest.importorskip("polars")
    call("table", "-e", "fit", "-o", "fit.parquet")
    assert polars.read_parquet("fit.parquet")["C"].to_list() == [1, 1, 10, 10, 100, 100]


@pytest.mark.parametrize(
    ("words", "message", "status"),
    [
        (["--columns", "D"], "cannot run 'expcache table': there is no column 'D'; there are", 2),
        (["-o", "fit.nc"], "cannot export to 'fit.nc': '.nc' is no format.", 2),
        (["-o", "a.csv", "-f", "text"], "cannot run 'expcache table': text is for people; a f", 2),
        (["-o", "no/a.csv"], "cannot write 'no/a.csv': No such file or directory. Give anot", 1),
    ],
)
def test_a_table_that_cannot_be(call: Call, words: list[str], message: str, status: int) -> None:
    """The reason names the file as it was given."""
    told = call("table", "-e", "fit", *words)
    assert told.err.startswith(message)
    assert told.status == status
