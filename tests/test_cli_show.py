"""`expcache show` and `expcache log`."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import expcache
from expcache import command, use
from expcache.cli._show import _environment, _wrapped

pytestmark = pytest.mark.usefixtures("study")
Call = Callable[..., Any]


def the_id(call: Call, *words: str) -> str:
    """Return the id of the only run that is selected."""
    [run] = call("list", "--json", *words).json["runs"]
    return str(run["id"])


def test_show_tells_all_of_a_run(call: Call) -> None:
    """Experiment, params, result, times, code, tags and environment."""
    run_id = the_id(call, "C=10", "gamma=0.1")
    told = call("show", run_id[:6])
    lines = told.out.splitlines()
    assert lines[:3] == [f"run {run_id}", "experiment  study.fit", "status      done"]
    assert lines[3:6] == [
        "params      C = 10",
        "            gamma = 0.1",
        "            label = 'a b'",
    ]
    assert lines[6] == "result      accuracy = 1.0"
    labels = {line[:12].strip() for line in lines}
    assert labels >= {"finished", "code", "tags", "output", "environment"}
    assert told.status == 0


def test_show_in_json(call: Call) -> None:
    """The values are those of the record."""
    told = call("show", the_id(call, "C=10", "gamma=0.1"), "--json").json
    assert told["params"] == {"C": 10, "gamma": 0.1, "label": "a b"}
    assert (told["result"], told["whole"], told["error"]) == ({"accuracy": 1.0}, True, None)
    assert told["output"].startswith("fitting 10\n")
    assert told["environment"]["python"].startswith("3.")


def test_show_unpickles_nothing(call: Call, study: Path) -> None:
    """A pickled result is described, and no code of it runs."""
    run_id = the_id(call, "-e", "train")
    assert "(pickled; this is what is known of it without unpickling)" in call("show", run_id).out
    told = call("show", run_id, "--json").json
    assert (told["whole"], told["result"]["fields"]) == (False, {"depth": 3})
    assert not (study / "unpickled").exists()


def test_show_of_a_failure(call: Call) -> None:
    """The error is told, and there is no result."""
    run_id = the_id(call, "--failed")
    assert "error       ValueError: does not converge" in call("show", run_id).out
    told = call("show", run_id, "--json").json
    assert told["error"]["type"] == "ValueError"
    assert "result" not in told


def test_show_of_another_code(call: Call, study: Path) -> None:
    """All records of a run are named, and one is chosen by its code."""
    run_id = the_id(call, "-e", "length")
    text = (study / "study.py").read_text("utf-8")
    (study / "study.py").write_text(text.replace("len(text)", "-len(text)"), "utf-8")
    subprocess.run([sys.executable, "study.py"], check=True, capture_output=True)
    told = call("show", run_id, "--json").json
    [older] = told["other_records"]
    assert (told["result"], older["status"]) == (-4, "done")
    assert call("show", run_id, "--json", "--code", older["code"][:8]).json["result"] == 4
    lost = call("show", run_id, "--code", "zz")
    assert lost.err.startswith(f"cannot find a record of run {run_id[:8]} with code 'zz': there is")
    assert lost.status == 3


def test_log_tells_what_a_run_said(call: Call, study: Path) -> None:
    """Output, warnings, log records and traceback, in this order."""
    told = call("log", the_id(call, "--failed")).out
    assert told.startswith("--- output\nfitting 100\n")
    kinds = [line for line in told.splitlines() if line.startswith("--- ")]
    assert kinds == ["--- output", "--- warnings", "--- log records", "--- traceback"]
    assert "study.py:12: UserWarning: C is 100, gamma 0.1\n--- log" in told
    assert " WARNING fitting: careful with 100\n--- traceback\nTraceback (most rec" in told
    assert told.endswith("ValueError: does not converge\n")


def test_log_of_one_kind(call: Call) -> None:
    """What a run only printed stands alone."""
    with expcache.use(".expcache"):

        @expcache.experiment
        def speak(word: str) -> None:
            sys.stdout.write(f"{word}\n")

        run = speak.run("hello")
    assert call("log", run.id).out == "hello\n"


def test_log_tail(call: Call) -> None:
    """Only the last lines."""
    run_id = the_id(call, "--failed")
    assert call("log", run_id, "--tail", "1").out == "ValueError: does not converge\n"
    assert "\n" in call("log", run_id, "--json").json["output"].rstrip()
    assert "\n" not in call("log", run_id, "--tail", "1", "--json").json["output"].rstrip()


def test_log_of_a_silent_run(call: Call) -> None:
    """That there is nothing to show is told beside the output."""
    run_id = the_id(call, "-e", "length")
    told = call("log", run_id)
    note = f"Run {run_id[:8]} printed nothing, and did not warn, log or fail.\n"
    assert (told.out, told.err, told.status) == ("", note, 0)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("zz", "an id has 32 hex digits. Give one, or at least 6 of its first digits."),
        ("abc", "3 digits are too few. Give at least 6 of an id."),
        ("00000000", "no id in the store "),
    ],
)
@pytest.mark.parametrize("name", ["show", "log"])
def test_an_unknown_id(call: Call, name: str, words: str, reason: str) -> None:
    """An id that is none, or that nothing has, gives the exit status 3."""
    told = call(name, words)
    assert told.err.startswith(f"cannot find the run {words!r}: {reason}")
    assert told.status == 3


def test_files_of_a_run(call: Call) -> None:
    """The files that a run wrote are named; what a program printed into two of them is its log."""
    with expcache.use(".expcache"):

        @expcache.experiment
        def write(word: str) -> None:
            folder = expcache.current_run().directory
            (folder / "stdout.txt").write_text(f"{word}\n", "utf-8")
            (folder / "table.csv").write_text("1,2\n", "utf-8")

        run = write.run("hello")
    told = call("show", run.id)
    assert f"files       {run.directory}\n" in told.out
    assert "              table.csv (4 bytes)\n" in told.out
    assert call("show", run.id, "--json").json["files"] == ["stdout.txt", "table.csv"]
    assert call("log", run.id).out == "hello\n"


def test_a_damaged_record(call: Call, study: Path) -> None:
    """It is told of which run the record is."""
    run_id = the_id(call, "-e", "length")
    [place] = (study / ".expcache" / "experiments").glob("study.length-*")
    with sqlite3.connect(place / "cache.db") as connection:
        connection.execute("UPDATE Cache SET value = x'00' WHERE length(key) = 65")
    connection.close()
    for name in ("show", "log"):
        told = call(name, run_id)
        assert told.err.startswith(
            f"cannot read the record of run {run_id[:8]}: it is no record of"
        )
        assert told.status == 1


def test_a_result_whose_part_is_gone(call: Call) -> None:
    """All else of the run is shown, and the exit status is 1."""
    with expcache.use(".expcache") as store:

        @expcache.experiment
        def fill(size: int) -> bytes:
            return bytes(size)

        run = fill.run(2_000_000)
        [part] = Path(store.path).rglob("*.part")
    part.unlink()
    told = call("show", run.id)
    assert "result      cannot read the part " in told.out
    assert "\nfinished " in told.out
    assert told.status == 1
    tree = call("show", run.id, "--json").json
    assert (tree["result"], tree["whole"]) == (None, False)
    told = call("table", "-e", "*fill", "--json")
    assert (told.json["rows"][0]["status"], told.status) == ("damaged", 1)


def test_what_can_be_copied_is_not_broken() -> None:
    """A path stays in one piece, however narrow the terminal is; a text is wrapped at blanks."""
    path = "/a-long/path-to/something-5909c678/files"
    assert _wrapped(path, 12) == [path]
    assert _wrapped("two words and more", 12) == ["two words", "and more"]


def test_an_environment_that_is_not_known() -> None:
    """Of a program that ran without expcache, nothing is made up."""
    assert list(_environment({})) == ["not recorded"]


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_show_counts_what_log_prints(call: Call, study: Path) -> None:
    """The lines of a program are those of its files."""
    runs = command("echo one; echo two >&2; echo three", shell=True, name="says").sweep([{}])
    with use(study / ".expcache"):
        [run] = runs.run()
    assert f"output      3 lines: expcache log {run.id[:8]}\n" in call("show", run.id).out
