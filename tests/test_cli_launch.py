"""`expcache launch`: the commands of a runfile, from the shell."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="runfiles need /bin/sh")

Call = Callable[..., Any]

LINES = """# three of them
echo one >> ran; echo printed; echo told >&2
test -e mended
  # the last
echo 'it is' "$((1 + 1))" >> ran
"""


@pytest.fixture
def lines(study: Path) -> Path:
    """A project with a runfile, of which one command fails until a file is there."""
    (study / "some.runfile").write_text(LINES)
    return study


def ran(place: Path) -> list[str]:
    """Return what the commands left since this was asked last."""
    log = place / "ran"
    told = sorted(log.read_text().splitlines()) if log.exists() else []
    log.unlink(missing_ok=True)
    return told


def test_a_launch_resumes_retries_and_overwrites(lines: Path, process: Call) -> None:
    """The exit status is 1 while a command has failed; each mode runs what it says."""
    first = process("launch", "some.runfile", "-j", "2")
    assert (first.status, ran(lines)) == (1, ["it is 2", "one"])
    assert first.out.splitlines()[-1] == "some: 3 points, 2 done (2 of them now), 1 failed"
    assert first.out.splitlines()[-2].split() == [
        first.err.split("log ")[1].partition(";")[0],
        *["test", "-e", "mended", "ended", "with", "exit", "status", "1"],
    ]
    again = process("launch", "some.runfile")
    assert (again.status, ran(lines)) == (1, [])
    (lines / "mended").touch()
    retried = process("launch", "some.runfile", "--mode", "retry-failed")
    assert (retried.status, ran(lines)) == (0, [])
    assert retried.out.splitlines()[-1] == "some: 3 points, 3 done (1 of them now), 0 failed"
    assert process("launch", "some.runfile", "--mode", "overwrite").status == 0
    assert ran(lines) == ["it is 2", "one"]


def test_only_a_new_line_runs(lines: Path, process: Call) -> None:
    """A line that is appended is the only one that is computed."""
    (lines / "mended").touch()
    process("launch", "some.runfile")
    ran(lines)
    (lines / "some.runfile").write_text(LINES + "echo new >> ran")
    told = process("launch", "some.runfile", "--json").json
    assert ran(lines) == ["new"]
    assert (told["points"], told["computed"], told["failed"]) == (4, 1, 0)


def test_what_a_command_printed_is_found_by_its_id(lines: Path, process: Call) -> None:
    """`expcache log` shows both streams."""
    process("launch", "some.runfile")
    runs = process("list", "-e", "runfile", "--json").json["runs"]
    first = next(one for one in runs if one["params"]["line"].startswith("echo one"))
    shown = process("log", first["id"][:8]).out.splitlines()
    assert {"printed", "told"} <= set(shown)
    failed = process("list", "--failed", "-e", "runfile").out
    assert "test -e mended" in failed


def test_an_interrupted_launch_goes_on(lines: Path, process: Call) -> None:
    """Ctrl-C ends what is under way and loses nothing that was done; the rest runs next time."""
    (lines / "some.runfile").write_text(
        "echo first >> ran\n[ -e mended ] || { echo >> begun; exec sleep 600; }; "
        "echo second >> ran\n"
    )
    mark = lines / "begun"
    os.mkfifo(mark)
    launch = subprocess.Popen(
        [sys.executable, "-m", "expcache", "launch", "some.runfile"],
        cwd=lines,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    mark.read_text()  # waits until the second command has begun
    os.killpg(launch.pid, signal.SIGINT)
    assert launch.wait() == 130
    assert ran(lines) == ["first"]
    (lines / "mended").touch()
    assert process("launch", "some.runfile").status == 0
    assert ran(lines) == ["second"]


def test_a_sweep_of_commands_becomes_a_runfile(lines: Path, process: Call) -> None:
    """Its lines are the commands, quoted, and a launch of them does the same."""
    (lines / "b.toml").write_text(
        'program = "sh show.sh"\n[parameters]\n'
        'alpha = {values = [1, 2]}\nword = {value = "it\'s; a"}\n'
    )
    (lines / "show.sh").write_text('echo "$@" >> ran\n')
    process("sweep", "b.toml", "--out", "b.runfile")
    assert ran(lines) == []
    assert (lines / "b.runfile").read_text().splitlines() == [
        f"""sh show.sh --alpha={alpha} --word='it'"'"'s; a'""" for alpha in (1, 2)
    ]
    assert process("launch", "b.runfile").status == 0
    told = ran(lines)
    assert told == ["--alpha=1 --word=it's; a", "--alpha=2 --word=it's; a"]
    assert process("sweep", "b.toml").status == 0
    assert ran(lines) == told


def test_one_run_of_a_program(lines: Path, process: Call) -> None:
    """Words behind -- are a program and its arguments; it is the run of the line of these words."""
    words = ("sh", "-c", 'echo "$0|$1"; echo >> ran', "a  b", "--json")
    first = process("run", "--", *words)
    assert (first.status, first.out) == (0, "a  b|--json\n")
    again = process("run", "--", *words)
    assert (again.out, again.err.split(" ", 2)[2]) == ("a  b|--json\n", "done, stored before\n")
    assert process("run", "--json", "--", *words).json["result"]["stdout"] == "a  b|--json\n"
    (lines / "same.runfile").write_text(shlex.join(words))
    assert process("launch", "same.runfile", "--json").json["computed"] == 0
    assert process("run", "--refresh", "--", *words).out == "a  b|--json\n"
    assert ran(lines) == ["", ""]


def test_one_failing_run_of_a_program(lines: Path, process: Call) -> None:
    """The exit status is 1, and standard error says how the program ended."""
    told = process("run", "--", "sh", "-c", "echo why >&2; exit 4")
    assert told.status == 1
    assert "ended with exit status 4" in told.err
    assert "why" in told.err


def test_a_run_of_nothing(process: Call) -> None:
    """Neither a function nor a program is wrong usage."""
    for words in (("run",), ("run", "--")):
        told = process(*words)
        assert told.err == (
            "cannot run 'expcache run': nothing to run is given; give FILE.py:FUNCTION, "
            "or -- PROGRAM ARGUMENTS. Type 'expcache run --help' to see how it is used.\n"
        )
        assert told.status == 2


def test_a_specification_is_no_runfile(lines: Path, process: Call) -> None:
    """The message says what to use instead."""
    told = process("launch", "b.toml")
    assert told.err == (
        f"cannot read {str(lines / 'b.toml')!r}: it describes a sweep, and is no runfile. "
        "Use expcache sweep, or expcache.specification.\n"
    )
    assert told.status == 1
