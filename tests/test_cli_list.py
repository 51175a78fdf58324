"""`expcache status` and `expcache list`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import expcache

pytestmark = pytest.mark.usefixtures("study")
Call = Callable[..., Any]


def spoil(database: Path, like: str = "%") -> None:
    """Overwrite the records of a database whose keys are like this."""
    with sqlite3.connect(database) as connection:
        connection.execute(
            "UPDATE Cache SET value = ? WHERE key LIKE ? AND length(key) IN (65, 66)", (b"x", like)
        )
    connection.close()


def test_status_counts_the_runs_of_each_experiment(call: Call, study: Path) -> None:
    """Runs with a result are done, those that only failed are failed."""
    told = call("status")
    assert told.out.splitlines()[0] == f"store {study / '.expcache'}"
    words = [line.split()[:5] for line in told.out.splitlines()[1:]]
    assert words[0] == ["experiment", "done", "failed", "running", "codes"]
    assert words[1:4] == [
        ["study.fit", "5", "1", "0", "1"],
        ["study.length", "1", "0", "0", "1"],
        ["study.train", "1", "0", "0", "1"],
    ]
    assert told.status == 0


def test_status_in_json(call: Call) -> None:
    """The counts, the codes and the time of the last record of each experiment."""
    fit, *others = call("status", "--json").json["experiments"]
    assert fit.pop("last").endswith("+00:00")
    facts = {"done": 5, "failed": 1, "running": 0, "queued": 0, "codes": 1, "damage": None}
    assert fit == {"experiment": "study.fit", **facts}
    assert [one["experiment"] for one in others] == ["study.length", "study.train"]


@pytest.mark.parametrize("name", ["study.length", "length", "*len*"])
def test_status_of_some_experiments(call: Call, name: str) -> None:
    """An experiment is meant by its name, the end of it, or a pattern."""
    told = call("status", "-e", name, "--json").json
    assert [one["experiment"] for one in told["experiments"]] == ["study.length"]


def test_an_unknown_experiment(call: Call, study: Path) -> None:
    """A name that no experiment has is no empty answer; the nearest is named."""
    told = call("status", "-e", "study.lenght")
    store = study / ".expcache"
    assert told.err == (
        f"cannot find the experiment 'study.lenght': it is not in the store {store}. "
        "Did you mean 'study.length'?\n"
    )
    assert told.status == 3


def test_a_running_run(call: Call) -> None:
    """What somebody computes now is running, with the params of its failure, if it has one."""
    failed, new = call("list", "--failed", "--json").json["runs"][0], "0" * 32
    with expcache.use(".expcache") as store:
        claims = store.claim(
            "study.fit", [f"{one}-{failed['code']}" for one in (failed["id"], new)]
        )
        told = call("list", "--status", "running", "--json").json["runs"]
        assert call("show", new).out.splitlines()[2].startswith("status      running, computed now")
        assert call("log", new).err.startswith("cannot show what run 00000000 printed: it is being")
        store.release("study.fit", claims.values())
    assert [(one["id"], one["params"]) for one in told] == [
        (failed["id"], failed["params"]),
        (new, {}),
    ]


def test_list_shows_each_run(call: Call) -> None:
    """One line a run: id, status, experiment, params."""
    head, *lines = call("list").out.splitlines()
    assert head.split() == ["id", "status", "experiment", "params", "runtime", "finished"]
    assert len(lines) == 8
    assert "  failed  study.fit     C=100, gamma=0.1, label='a b'  " in lines[5]
    assert call("list", "--json").json["runs"][5]["error"] == "ValueError: does not converge"


def test_list_of_one_experiment_leaves_its_name_out(call: Call) -> None:
    """The column says nothing where all runs are of one experiment."""
    head = call("list", "-e", "fit").out.splitlines()[0]
    assert head.split() == ["id", "status", "params", "runtime", "finished"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["C=10"], [(10, 0.001), (10, 0.1)]),
        (["C__ge=10", "gamma__lt=0.01"], [(10, 0.001), (100, 0.001)]),
        (["C__in=[1,100]", "gamma=1e-3"], [(1, 0.001), (100, 0.001)]),
        (["C=100", "label=a b"], [(100, 0.001), (100, 0.1)]),
        (["C=100", 'label="a b"', "--failed"], [(100, 0.1)]),
        (["--tag", "demo", "--limit", "2"], [(1, 0.001), (1, 0.1)]),
        (["-e", "fit", "--sort", "C", "--reverse", "-n", "1"], [(100, 0.1)]),
        (["-e", "fit", "--sort", "gamma", "-n", "3"], [(1, 0.001), (10, 0.001), (100, 0.001)]),
        (["--sort", "C", "-n", "1"], [(1, 0.001)]),
        (["C=7"], []),
        (["--tag", "other"], []),
        (["--code", "nothing"], []),
    ],
)
def test_list_selects(call: Call, words: list[str], expected: list[tuple[float, float]]) -> None:
    """Lookups, status, tag, code, order and limit narrow the list; an empty one is no error."""
    told = call("list", "--json", *words)
    found = [(one["params"]["C"], one["params"]["gamma"]) for one in told.json["runs"]]
    assert (found, told.status) == (expected, 0)


def test_an_empty_list_says_so(call: Call) -> None:
    """Where nothing fits, people are told so, beside the output."""
    told = call("list", "C=7")
    assert (told.out, told.err, told.status) == ("", "No stored run fits.\n", 0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["D=1"], "cannot look up 'D': there is no such parameter. The parameters are 'C', "),
        (["C"], "cannot run 'expcache list': 'C' is no value of a parameter; give NAME=VALUE"),
        (["C=1", "C=2"], "cannot run 'expcache list': 'C' is given twice; C__in=[...] takes"),
        (["--sort", "D"], "cannot run 'expcache list': there is no 'D' to sort by; there are id,"),
        (["-n", "0"], "cannot run 'expcache list': invalid value for '-n' / '--limit': 0 is not"),
        (["--fail"], "cannot run 'expcache list': no such option"),
    ],
)
def test_wrong_usage(call: Call, words: list[str], message: str) -> None:
    """What cannot be meant is refused with what could be."""
    told = call("list", *words)
    assert told.err.startswith(message)
    assert (told.out, told.status) == ("", 2)


def test_a_damaged_record_is_listed_as_damaged(call: Call, study: Path) -> None:
    """It hides neither itself nor the others."""
    [place] = (study / ".expcache" / "experiments").glob("study.fit-*")
    [run] = call("list", "--json", "C=10", "gamma=0.1").json["runs"]
    spoil(place / "cache.db", f"{run['id']}%")
    [told] = call("list", "--status", "damaged", "--json").json["runs"]
    assert (told["id"], told["status"], told["params"]) == (run["id"], "damaged", {})
    assert told["damage"].startswith(f"cannot read the record of run {run['id'][:8]}: it is no rec")
    assert len(call("list", "-e", "fit", "--json", "--sort", "C").json["runs"]) == 6


def test_a_damaged_database_hides_no_other(call: Call, study: Path) -> None:
    """One experiment cannot be read: the others are told, and the exit status is 1."""
    [place] = (study / ".expcache" / "experiments").glob("study.fit-*")
    (place / "cache.db").write_bytes(b"no database" * 100)
    for name in ("status", "list"):
        told = call(name)
        assert told.err.startswith(f"cannot read '{place / 'cache.db'}': file is not a database")
        assert "study.length" in told.out
        assert told.status == 1
