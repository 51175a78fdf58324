"""Commands that look after the store: `expcache verify`; and completion, which reads it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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


def complete(study: Path, *typed: str) -> list[str]:
    """Return what bash would be offered."""
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
    return [line.partition(",")[2].partition("\t")[0] for line in done.stdout.splitlines() if line]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_is_bash(call: Call) -> None:
    """The shell reads the script without complaint."""
    script = call("completion", "bash").out
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
