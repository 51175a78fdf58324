"""Commands that look after the store: verify, backup, rm, gc; and completion, which reads it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import expcache

pytestmark = pytest.mark.usefixtures("study")
Call = Callable[..., Any]


def place_of(study: Path, experiment: str) -> Path:
    """Return the directory of an experiment."""
    [place] = (study / ".expcache" / "experiments").glob(f"{experiment}-*")
    return place


def test_verify_of_a_sound_store(call: Call) -> None:
    """All is counted, and the exit status is 0."""
    told = call("verify")
    assert told.out.splitlines()[1].endswith(" records, 0 damaged, 0 missing, 0 orphans")
    assert (told.err, told.status) == ("", 0)
    assert call("verify", "--json").json["sound"] is True


def test_verify_finds_damage(call: Call, study: Path) -> None:
    """What is damaged is named, and the exit status is 1."""
    (place_of(study, "study.length") / "cache.db").write_bytes(b"no database" * 100)
    told = call("verify")
    assert "\ndamaged: study.length: cannot read" in told.out
    assert told.err.startswith("What is damaged counts as missing: run its experiment again")
    assert told.status == 1
    tree = call("verify", "--json").json
    assert (tree["sound"], tree["damaged"][0]["experiment"]) == (False, "study.length")


def test_verify_removes_old_orphans(call: Call, study: Path) -> None:
    """Only on request, and only those that are old enough."""
    parts = place_of(study, "study.fit") / "parts"
    old, new = parts / "00" / "old", parts / "00" / "new"
    old.parent.mkdir(parents=True)
    for orphan in (old, new):
        orphan.write_bytes(b"left over")
    os.utime(old, (0, 0))
    assert f"orphan: {old}, " in call("verify").out
    told = call("verify", "--remove-orphans", "--older-than", "7d")
    assert f"removed: {old}\n" in told.out
    assert ((old.exists(), new.exists()), told.status) == ((False, True), 0)
    assert call("verify", "--json").json["orphans"][0]["path"] == str(new)


def test_an_age_needs_a_unit(call: Call) -> None:
    """A bare number is refused: days and seconds are too easily taken for each other."""
    told = call("verify", "--older-than", "7")
    assert "'7' is no age; give a number and a unit: 90m, 12h, 7d." in told.err
    assert told.status == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(call: Call, shell: str) -> None:
    """The script of a shell asks this command what there is."""
    assert "_EXPCACHE_COMPLETE" in call("completion", shell).out
    assert call("completion", shell, "--json").json["shell"] == shell


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["sta"], ["status"]),
        (["list", "--experiment", "study.l"], ["study.length"]),
        (["show", "--store", "nowhere", "a"], []),
        (["list", "--sta"], ["--status"]),
    ],
)
def test_completion(study: Path, typed: list[str], offered: list[str]) -> None:
    """Commands, options and names of the store are offered."""
    assert complete(study, *typed) == offered


def test_completion_of_ids(call: Call, study: Path) -> None:
    """Ids that begin as typed are offered."""
    run_id = call("ids", "-e", "length").out.strip()
    for name in ("show", "log", "explain"):
        assert complete(study, name, run_id[:3]) == [run_id]


@pytest.mark.parametrize(
    "typed",
    [["sweep"], ["launch"], ["render"], ["status"], ["explain"], ["run"], ["list", "--sweep"]],
)
def test_completion_of_files(study: Path, typed: list[str]) -> None:
    """Where a file can be named, bash is told to offer files."""
    assert answer(study, *typed, "stu") == "file,stu\n"


def complete(study: Path, *typed: str) -> list[str]:
    """Return what bash would be offered."""
    lines = answer(study, *typed).splitlines()
    return [line.partition(",")[2].partition("\t")[0] for line in lines if line]


def answer(study: Path, *typed: str) -> str:
    """Return the answer to the script of bash: a line of a kind and a word for each offer."""
    variables = {"COMP_WORDS": " ".join(["expcache", *typed]), "COMP_CWORD": str(len(typed))}
    script = "from expcache.cli import cli; cli(prog_name='expcache')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=study,
        env=os.environ | variables | {"_EXPCACHE_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_is_bash(call: Call) -> None:
    """The shell reads the script without complaint."""
    script = call("completion", "bash").out
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def ids(call: Call, *words: str) -> list[str]:
    """Return the ids that are selected."""
    return list(call("ids", *words).out.split())


def test_backup(call: Call, study: Path) -> None:
    """The copy is a store, with all that the other one has; it takes no other's place."""
    told = call("backup", "copy")
    assert (told.out.endswith(" records are in copy\n"), told.status) == (True, 0)
    assert ids(call, "--store", "copy") == ids(call)
    again = call("backup", "copy")
    assert again.err.startswith(
        f"cannot back up the store '{study / '.expcache'}' to 'copy': it ex"
    )
    assert again.status == 1
    assert call("backup", "other", "--link", "--json").json["sound"] is True


def test_rm_asks(call: Call, terminal: Call) -> None:
    """It shows what would go, asks, and removes nothing without a yes."""
    [run_id] = ids(call, "--failed")
    told = terminal("rm", "--failed", typed="n\n")
    assert f"  {run_id[:8]} failed study.fit(C=100, gamma=0.1, label='a b')" in told.out
    assert "Remove 1 run? [y/N]: " in told.out
    assert ("Nothing is removed." in told.out, told.status) == (True, 1)
    assert ids(call, "--failed") == [run_id]
    told = terminal("rm", "--failed", typed="y\n")
    assert ("Removed 1 record of 1 run, " in told.out, told.status) == (True, 0)
    assert (ids(call, "--failed"), len(ids(call))) == ([], 7)


def test_rm_without_anybody_to_ask(call: Call) -> None:
    """In a pipe it needs a word, and removes nothing without."""
    told = call("rm", "C=1")
    assert "nobody can be asked whether to remove them; say --yes, or --dry-run." in told.err
    assert (told.status, len(ids(call, "C=1"))) == (2, 2)
    told = call("rm", "C=1", "--dry-run")
    assert "\nThat is 2 records of 2 runs, " in told.out
    assert (told.status, len(ids(call, "C=1"))) == (0, 2)
    counted = told.out.splitlines()[-1].removeprefix("That is ")
    assert counted.endswith(", and what files they have.")
    assert f"Removed {counted.split(', and')[0]}." in call("rm", "C=1", "--yes").out
    assert ids(call, "C=1") == []


def test_rm_of_ids(call: Call) -> None:
    """Runs are named by the first digits of their ids; all else that is said has to fit."""
    first, second, *rest = ids(call, "-e", "fit")
    other = call("rm", first[:8], "C=100", "--yes")
    assert other.err.startswith(
        f"cannot remove run {first[:8]}: it does not fit what else is said."
    )
    assert other.status == 3
    tree = call("rm", first[:8], second, "--yes", "--json").json
    assert (tree["ids"], tree["records"], tree["dry_run"]) == ([first, second], 2, False)
    assert ids(call, "-e", "fit") == rest
    assert call("rm", first, "--yes").err.startswith(f"cannot find the run {first!r}: no id in")


def test_rm_of_nothing(call: Call) -> None:
    """Without a word of what is meant nothing goes, and what fits nothing is no error."""
    assert "say what to remove: an ID, NAME=VALUE or an option" in call("rm", "--yes").err
    told = call("rm", "C=7", "--yes")
    assert (told.out, told.status, len(ids(call))) == ("No stored run fits.\n", 0, 8)


def test_rm_of_a_running_run(call: Call) -> None:
    """What somebody computes is refused, and nothing is removed."""
    [failed] = call("list", "--failed", "--json").json["runs"]
    with expcache.use(".expcache") as store:
        claims = store.claim("study.fit", [f"{failed['id']}-{failed['code']}"])
        told = call("rm", "-e", "fit", "--yes")
        store.release("study.fit", claims.values())
    assert told.err.startswith(f"cannot delete run {failed['id']} of 'study.fit': it is being com")
    assert (told.status, len(ids(call))) == (1, 8)


def test_rm_of_a_damaged_record(call: Call, study: Path) -> None:
    """A record that cannot be read can be removed."""
    database = place_of(study, "study.length") / "cache.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE Cache SET value = x'00' WHERE length(key) = 65")
    connection.close()
    assert call("rm", "--status", "damaged", "--yes").status == 0
    assert ids(call, "-e", "length") == []


def test_gc_shows_and_removes(call: Call, study: Path) -> None:
    """What can go is shown; it goes when told, and only what is old enough."""
    text = (study / "study.py").read_text("utf-8")
    (study / "study.py").write_text(text.replace("len(text)", "-len(text)"), "utf-8")
    subprocess.run([sys.executable, "study.py"], check=True, capture_output=True)
    [now] = call("list", "-e", "length", "--json").json["runs"]
    words = ["gc", "-e", "length", "--keep-code", now["code"][:8]]
    assert call(*words).out == "There is nothing that can go.\n"
    words += ["--older-than", "0s"]
    told = call(*words)
    assert f"  study.length {now['id'][:8]}: it is of the code " in told.out
    assert "1 record (" in told.out
    assert told.err == "Nothing is removed; --yes removes it.\n"
    tree = call(*words, "--json").json
    assert (len(tree["records"]), tree["removed"]) == (1, None)
    assert "\nRemoved 1 record of 1 run, " in call(*words, "--yes").out
    assert len(call("show", now["id"], "--json").json["other_records"]) == 0


def test_gc_of_a_name_that_fits_several(call: Call) -> None:
    """One experiment is looked at, or all."""
    told = call("gc", "-e", "study.*")
    assert "'study.*' is the end of several experiments; give one of study.fit, " in told.err
    assert told.status == 2
