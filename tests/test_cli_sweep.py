"""`expcache sweep` and `expcache run`: computing from the shell."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import expcache
from expcache.cli._ending import RefusedError
from expcache.cli._lines import assignment
from expcache.cli._value import params_lines, parse_value

Call = Callable[..., Any]

GROWTH = """
from pathlib import Path
from expcache import experiment, grid

@experiment
def grow(x, by=1, words=()):
    print("growing", x)
    with open("computed.txt", "a") as log:
        log.write(f"{x} ")
    if Path("interrupted.txt").exists() and x == 3:
        raise KeyboardInterrupt
    if Path("failing.txt").exists() and x == 2:
        raise ValueError("cannot grow 2")
    return x + by

sweep_grow = grow.sweep(grid(x=[1, 2, 3]))
"""
SPEC = 'experiment = "growth.py:grow"\ngrid.x = [1, 2, 3]\n'


@pytest.fixture
def growth(study: Path) -> Path:
    """A project with an experiment, a sweep of it, and the same sweep in a file; nothing stored."""
    (study / "growth.py").write_text(GROWTH)
    (study / "more.toml").write_text(SPEC)
    return study


def computed(place: Path) -> list[str]:
    """Return which points were computed since this was asked last."""
    log = place / "computed.txt"
    words = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return words


@pytest.mark.parametrize("target", ["more.toml", "growth.py:sweep_grow", "growth.py"])
def test_a_sweep_is_computed_once(growth: Path, process: Call, target: str) -> None:
    """The first call computes every point, the second none; both end well."""
    first = process("sweep", target)
    name = "more" if target == "more.toml" else "sweep_grow"
    assert first.status == 0
    assert first.out.splitlines()[-1] == f"{name}: 3 points, 3 done (3 of them now), 0 failed"
    assert computed(growth) == ["1", "2", "3"]
    again = process("sweep", target)
    assert again.out.splitlines()[-1] == f"{name}: 3 points, 3 done (0 of them now), 0 failed"
    assert computed(growth) == []


def test_failures_are_told_and_kept_until_they_are_retried(growth: Path, process: Call) -> None:
    """The exit status is 1; resume leaves a failure alone, retry-failed computes it alone."""
    (growth / "failing.txt").touch()
    first = process("sweep", "more.toml", "-j", "2")
    assert first.status == 1
    assert first.out.splitlines()[-1] == "more: 3 points, 2 done (2 of them now), 1 failed"
    assert "ValueError: cannot grow 2" in first.out
    assert re.fullmatch(
        r"To see why: expcache log \w{8}; --mode retry-failed tries again\.",
        first.err.splitlines()[-1],
    )
    assert sorted(computed(growth)) == ["1", "2", "3"]
    again = process("sweep", "more.toml")
    assert again.status == 1
    assert "2 done (0 of them now), 1 failed (1 of them before)" in again.out
    assert computed(growth) == []
    (growth / "failing.txt").unlink()
    assert process("sweep", "more.toml", "--mode", "retry-failed").status == 0
    assert computed(growth) == ["2"]
    assert process("sweep", "more.toml", "--mode", "overwrite").status == 0
    assert computed(growth) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("mode", "again"), [("resume", "the same command"), ("overwrite", "--mode resume")]
)
def test_an_interruption_tells_what_is_left(
    growth: Path, process: Call, mode: str, again: str
) -> None:
    """What was done is stored, and the command that goes on is named."""
    (growth / "interrupted.txt").touch()
    told = process("sweep", "more.toml", "--mode", mode)
    assert told.status == 130
    assert told.err.strip().splitlines()[-1] == (
        f"Interrupted: what is done is stored, and {again} goes on from there."
    )
    (growth / "interrupted.txt").unlink()
    again_told = process("sweep", "more.toml")
    assert again_told.out.endswith("3 done (1 of them now), 0 failed\n")


@pytest.mark.parametrize(
    ("width", "lines"),
    [(None, ["a=1, b=2, c=3", "a=1, b=4, c=3"]), (80, ["b=2, a=1, c=3", "b=4, a=1, c=3"])],
)
def test_params_that_differ_come_first_where_lines_are_cut(
    width: int | None, lines: list[str]
) -> None:
    """On a terminal, rows that differ look different; elsewhere params keep their order."""
    assert params_lines([{"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 4, "c": 3}], width) == lines


def test_a_dry_run_computes_and_writes_nothing(growth: Path, process: Call) -> None:
    """It tells which points would be computed, in each mode, and leaves the store alone."""
    (growth / "failing.txt").touch()
    process("sweep", "more.toml")
    computed(growth)
    (growth / "more.toml").write_text(SPEC.replace("3]", "3, 4]"))
    before = {path: path.read_bytes() for path in growth.glob(".expcache/*/cache.db")}
    told = process("sweep", "more.toml", "--dry-run")
    lines = [line.split()[1:3] for line in told.out.splitlines()[2:-1]]
    assert told.out.startswith(f"store {growth / '.expcache'}\n")
    assert lines == [["done", "skip"], ["failed", "skip"], ["done", "skip"], ["missing", "run"]]
    assert (
        told.out.splitlines()[-1]
        == "more: 4 points, 1 would run (1 missing), 3 would not (2 done, 1 failed)"
    )
    assert told.err == "What failed is not tried again; --mode retry-failed tries again.\n"
    for mode, count in (("retry-failed", 2), ("overwrite", 4)):
        tree = process("sweep", "more.toml", "--dry-run", "--json", "--mode", mode).json
        assert (tree["points"], tree["would_run"], len(tree["runs"])) == (4, count, 4)
    assert computed(growth) == []
    assert {path: path.read_bytes() for path in before} == before


def test_a_dry_run_waits_for_what_is_computed_now(growth: Path, process: Call) -> None:
    """What somebody computes would not be computed once more, whether or not it failed before."""
    (growth / "failing.txt").touch()
    process("sweep", "more.toml")
    failed = process("list", "--failed", "--json").json["runs"][0]
    with expcache.use(growth / ".expcache") as store:
        claims = store.claim("growth.grow", [f"{failed['id']}-{failed['code']}"])
        told = process("sweep", "more.toml", "--dry-run", "--mode", "retry-failed")
        store.release("growth.grow", claims.values())
    assert [line.split()[1:3] for line in told.out.splitlines()[2:-1]] == [
        ["done", "skip"],
        ["running", "wait"],
        ["done", "skip"],
    ]
    assert told.out.splitlines()[-1].endswith("0 would run, 3 would not (2 done, 1 running)")


def test_json_is_all_that_is_on_standard_output(growth: Path, process: Call) -> None:
    """What runs print goes to standard error then."""
    (growth / "failing.txt").touch()
    told = process("--json", "sweep", "more.toml")
    tree = told.json
    counts = [tree[name] for name in ("points", "done", "failed", "computed")]
    assert (told.status, tree["sweep"], tree["experiment"]) == (1, "more", "growth.grow")
    assert counts == [3, 2, 1, 3]
    assert [one["status"] for one in tree["runs"]] == ["done", "failed", "done"]
    assert tree["runs"][1]["error"] == "ValueError: cannot grow 2"
    assert tree["runs"][0]["params"] == {"x": 1, "by": 1, "words": []}
    assert "growing 1" in told.err


def test_the_store_is_the_one_that_is_named(growth: Path, process: Call) -> None:
    """--store holds for what the study computes."""
    told = process("sweep", "more.toml", "--store", "other")
    assert f"store {growth / 'other'}" in told.out.splitlines()
    assert process("list", "--store", "other").out.count("done") == 3


def test_one_run(growth: Path, process: Call) -> None:
    """Values are literals or texts; the result goes to standard output, the second time stored."""
    words = ("run", "growth.py:grow", "x=1.5", "by=1e1", 'words=["a b", null]')
    first = process(*words)
    assert (first.status, first.out) == (0, "growing 1.5\n11.5\n")
    assert " done, computed in " in first.err
    again = process(*words)
    assert (again.out, again.err.split(" ", 2)[2]) == ("11.5\n", "done, stored before\n")
    assert process(*words, "--refresh").out == "growing 1.5\n11.5\n"
    text = process("run", "growth.py:grow", "x=a b", "by=c", "--json")
    tree = json.loads(text.out)
    assert (tree["result"], tree["params"]["x"], tree["cached"]) == ("a bc", "a b", False)


def test_what_is_computed_is_tagged(growth: Path, process: Call) -> None:
    """--tag marks what a command computes, and nothing that was stored before."""
    assert process("run", "growth.py:grow", "x=1", "--tag", "first").status == 0
    assert process("sweep", "more.toml", "--tag", "night", "--tag", "v2").status == 0
    assert process("run", "growth.py:grow", "x=2", "--tag", "late").status == 0
    runs = process("list", "-e", "grow", "--json").json["runs"]
    told = {one["params"]["x"]: one["tags"] for one in runs}
    assert told == {1: ["first"], 2: ["night", "v2"], 3: ["night", "v2"]}
    assert process("list", "--tag", "night", "--tag", "v2").out.count("done") == 2


def test_runs_are_selected_by_their_launch(growth: Path, process: Call) -> None:
    """--launch takes the id that `show` tells, or its first characters, and refuses any other."""
    process("run", "growth.py:grow", "x=1")
    process("sweep", "more.toml")
    (one,) = process("list", "-e", "grow", "x=3", "--json").json["runs"]
    launch = process("show", one["id"], "--json").json["launch"]
    told = process("list", "-e", "grow", "--launch", launch[:-1], "--json").json["runs"]
    assert sorted(one["params"]["x"] for one in told) == [2, 3]
    wrong = process("list", "--launch", "never")
    assert wrong.status == 2
    assert "cannot look for the launch 'never': no run is of it. Give one of " in wrong.err


def test_one_failing_run(growth: Path, process: Call) -> None:
    """The traceback is on standard error, and the exit status is 1."""
    (growth / "failing.txt").touch()
    told = process("run", "growth.py", "x=2")
    assert told.status == 1
    assert told.err.splitlines()[-1] == "ValueError: cannot grow 2"


WRONG = {
    ("run", "growth.py:grow", "x"): "cannot run 'expcache run': 'x' is no value of a parameter; "
    "give NAME=VALUE, such as C=1. Type 'expcache run --help' to see how it is used.",
    ("run", "growth.py:grow", "x=1", "x=2"): "cannot run 'expcache run': 'x' is given twice. "
    "Type 'expcache run --help' to see how it is used.",
    (
        "run",
        "growth.py:grow",
        "y=1",
    ): "cannot call 'growth.grow': it has no parameter 'y'. Did you mean 'by'? "
    "Its parameters: x, by, words.",
    ("sweep", "more.toml", "-j", "-1"): "cannot run 'expcache sweep': invalid value for '-j' / "
    "'--jobs': '-1' is neither a number of processes nor 'auto'. "
    "Type 'expcache sweep --help' to see how it is used.",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_usage(growth: Path, process: Call, words: tuple[str, ...]) -> None:
    """The exit status is 2, the message a sentence, and nothing is computed."""
    told = process(*words)
    assert (told.status, told.err) == (2, WRONG[words] + "\n")
    assert computed(growth) == []


def test_a_file_that_is_wrong_or_not_there(growth: Path, process: Call) -> None:
    """The message names it."""
    told = process("sweep", "none.yaml")
    place = str(growth / "none.yaml")
    assert told.err == f"cannot read {place!r}: No such file or directory. Check the path.\n"
    assert told.status == 1


def test_a_study_that_cannot_be_imported_is_told(growth: Path, process: Call) -> None:
    """Its own error is in the message, without our frames."""
    (growth / "broken.py").write_text("1 / 0")
    (growth / "broken.toml").write_text('experiment = "broken.py:grow"')
    told = process("sweep", "broken.toml")
    assert told.status == 1
    assert "ZeroDivisionError: division by zero" in told.err.splitlines()[-1]
    assert "_specified.py" not in told.err


def test_points_become_lines_that_compute_them(growth: Path, process: Call) -> None:
    """--out computes nothing; each line, typed into a shell, is the run of one point."""
    (growth / "odd.toml").write_text(
        'experiment = "growth.py:grow"\nzip.x = ["1", "it\'s; $HOME", 1.5, true]\n'
        'zip.by = ["2", "a\\nb", 1e-3, 1]\nconstants.words = ["no", [1]]'
    )
    told = process("sweep", "odd.toml", "--out", "odd.runfile")
    assert (told.status, told.out) == (0, "4 commands are in odd.runfile\n")
    lines = (growth / "odd.runfile").read_text().splitlines()
    assert lines[2] == ("expcache run growth.py:grow x=1.5 by=0.001 'words=[\"no\", [1]]'")
    assert process("sweep", "odd.toml", "--out", "-").out.splitlines() == lines
    assert process("sweep", "odd.toml", "--out", "-", "--json").json["lines"] == lines
    assert computed(growth) == []
    for line in lines:
        assert process(*shlex.split(line)[1:]).status == 0
    assert process("sweep", "odd.toml", "--dry-run", "--json").json["would_run"] == 0


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
        lambda inner: st.one_of(
            st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(), inner)
        ),
        max_leaves=4,
    )
)
def test_values_are_written_so_that_they_are_read(value: Any) -> None:
    """Any literal goes through a command line unchanged."""
    assert repr(parse_value(assignment("x", value).removeprefix("x="))) == repr(value)


def test_infinity_is_written_inside_of_a_tuple() -> None:
    """What JSON would make a list of is written in Python, where infinity has no literal."""
    value = (None, float("-inf"), {"inf": [float("inf")]}, ())
    assert assignment("x", value) == "x=(None, -1e999, {'inf': [1e999]}, (),)"
    assert parse_value(assignment("x", value)[2:]) == value


def test_what_is_no_literal_is_refused_on_a_line() -> None:
    """The message names the value and the remedy."""
    with pytest.raises(RefusedError, match=r"cannot write x=datetime.date.*Run the sweep itself"):
        assignment("x", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("word", "library"),
    [("dask", "distributed"), ("slurm", "submitit"), ("ray", "ray"), ("mpi", "mpi4py")],
)
def test_a_missing_engine_is_told(
    growth: Path, call: Call, monkeypatch: pytest.MonkeyPatch, word: str, library: str
) -> None:
    """Without an engine's library nothing is computed, and the extra that brings it is told."""
    if find_spec(f"expcache._executor._{word}") is None:
        pytest.skip("there is no adapter")
    monkeypatch.setitem(sys.modules, library, None)
    told = call("sweep", "more.toml", "--executor", word)
    assert told.status != 0
    assert f"cannot compute with executor '{word}': {library} is not installed." in told.err
    assert f'Install "expcache[{word}]".' in told.err
    assert computed(growth) == []
