"""Commands that import the user's code: `expcache explain`, and `expcache status` of sweeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("study")
Call = Callable[..., Any]


def edit(study: Path) -> None:
    """Change the code of one experiment."""
    text = (study / "study.py").read_text("utf-8")
    changed = text.replace('"accuracy": C * gamma', '"accuracy": C * gamma * 2')
    (study / "study.py").write_text(changed, "utf-8")


def test_status_of_a_file(call: Call, study: Path) -> None:
    """The points of each sweep by their status under the present code; nothing is computed."""
    edit(study)
    told = call("status", "study.py")
    assert [line.split() for line in told.out.splitlines()[1:]] == [
        ["sweep", "points", "done", "stale", "failed", "running", "missing"],
        ["sweep", "6", "0", "5", "0", "0", "1"],
    ]
    [tree] = call("status", "study.py:sweep", "--json").json["sweeps"]
    assert (tree["sweep"], tree["points"], tree["stale"]) == ("sweep", 6, 5)


def test_status_of_a_file_in_another_store(call: Call, study: Path) -> None:
    """The code looks where `--store` says, and makes no store there."""
    [tree] = call("status", "study.py", "--store", "elsewhere", "--json").json["sweeps"]
    assert (tree["missing"], (study / "elsewhere").exists()) == (6, False)


def test_explain_of_a_sweep(call: Call, study: Path) -> None:
    """Why points are stored or not, those of one reason together."""
    edit(study)
    told = call("explain", "study.py:sweep").out
    assert told.startswith("sweep: 6 points, 0 stored, 6 not\n  5 points stale: function study.fit")
    [tree] = call("explain", "study.py", "--json").json["explanations"]
    assert (tree["points"], tree["misses"]) == (6, 6)
    assert tree["groups"][0]["example"]["differences"][0]["kind"] == "function"


def test_a_specification_is_asked_as_a_file_is(call: Call, study: Path) -> None:
    """What describes a sweep is counted, explained and selected by, like a sweep of Python."""
    text = 'experiment = "study.py:fit"\ngrid.C = [1, 7]\ngrid.gamma = 0.1\n'
    (study / "some.toml").write_text(text, "utf-8")
    [tree] = call("status", "some.toml", "--json").json["sweeps"]
    assert (tree["sweep"], tree["done"], tree["missing"]) == ("some", 1, 1)
    assert call("explain", "some.toml").out.startswith("some: 2 points, 1 stored, 1 not\n")
    assert call("ids", "--sweep", "some.toml").out == call("ids", "C=1", "gamma=0.1").out
    told = call("run", "some.toml", "C=1")
    assert told.err == (
        "cannot import 'some.toml': it is no file of Python. "
        "Type 'expcache sweep some.toml' to compute what it describes.\n"
    )


def test_explain_of_an_id(call: Call, study: Path) -> None:
    """The experiment is looked for in the file that it came from; the diff shows the change."""
    edit(study)
    run_id = call("ids", "C=10", "gamma=0.1").out.strip()
    told = call("explain", run_id[:8], "--diff").out
    assert told.startswith("miss: study.fit(C=10, gamma=0.1, label='a b') is stored for other code")
    assert "\n-    return {'accuracy': C * gamma}\n+    return {'accuracy': C * gamma * 2}" in told
    [tree] = call("explain", run_id, "--json", "--diff").json["explanations"]
    assert (tree["id"], tree["hit"], "@@" in tree["diff"]) == (run_id, False, True)


def test_explain_without_the_file(call: Call, study: Path) -> None:
    """Where the file is gone, another one can be named."""
    run_id = call("ids", "C=10", "gamma=0.1").out.strip()
    about = next((study / ".expcache" / "experiments").glob("study.fit-*")) / "experiment.json"
    tree = json.loads(about.read_text("utf-8"))
    tree["origin"] = {"file": str(study / "gone.py"), "relative": None}
    about.write_text(json.dumps(tree), "utf-8")
    told = call("explain", run_id)
    assert told.err == (
        f"cannot import the experiment 'study.fit': its file {str(study / 'gone.py')!r} is gone. "
        "Name a sweep that it is of: SPEC or FILE.py:SWEEP.\n"
    )
    assert told.status == 3


@pytest.mark.parametrize(
    ("target", "message", "status"),
    [
        ("nope.py", "cannot import 'nope.py': there is no such file. Give the path of a", 3),
        (
            "study.py:swep",
            "cannot find the sweep 'swep' in 'study.py': it is not there. Did you",
            3,
        ),
        ("empty.py", "cannot find a sweep in 'empty.py': there is none at the top of the", 3),
        ("needs.py", "cannot import 'needs.py': there is no module 'nothing_such'. Check", 3),
        ("ends.py", "cannot import 'ends.py': it ends the program (exit status 4). Put what", 1),
        ("json.py", "cannot import 'json.py': a module 'json' is there already. Give the", 1),
        ("some.toml:x", "cannot import 'some.toml': it is no file of Python. Type 'expcache sw", 1),
        ("no.such.module:x", "cannot import 'no.such.module': there is no module 'no'.", 3),
    ],
)
def test_code_that_cannot_be_imported(
    call: Call, study: Path, target: str, message: str, status: int
) -> None:
    """The reason is told in a sentence."""
    (study / "empty.py").touch()
    (study / "json.py").touch()
    (study / "needs.py").write_text("import nothing_such", "utf-8")
    (study / "ends.py").write_text("raise SystemExit(4)", "utf-8")
    told = call("explain", target)
    assert told.err.startswith(message)
    assert told.status == status


def test_code_that_fails(call: Call, study: Path) -> None:
    """The user's own lines are shown, and no others."""
    (study / "wrong.py").write_text("def f():\n    return 1 / 0\n\n\nf()\n", "utf-8")
    told = call("status", "wrong.py")
    assert 'wrong.py", line 5, in <module>' in told.err
    assert 'wrong.py", line 2, in f' in told.err
    assert told.err.count('  File "') == 2
    assert told.err.endswith(
        "cannot import 'wrong.py': ZeroDivisionError: division by zero. Correct the code.\n"
    )


def test_code_in_a_package(call: Call, study: Path) -> None:
    """A file of a package is imported under its dotted name, so that its own imports work."""
    (study / "lab").mkdir()
    (study / "lab" / "__init__.py").touch()
    (study / "lab" / "base.py").write_text("from study import fit\n", "utf-8")
    (study / "lab" / "points.py").write_text(
        "from .base import fit\nsweep_lab = fit.sweep([{'C': 1}])\n", "utf-8"
    )
    for target in ("lab/points.py", "lab.points:sweep_lab"):
        [tree] = call("status", target, "--json").json["sweeps"]
        assert (tree["sweep"], tree["done"]) == ("sweep_lab", 1)


def test_a_file_and_an_experiment(call: Call) -> None:
    """Both at once have no meaning."""
    told = call("status", "study.py", "-e", "fit")
    assert told.err.startswith("cannot run 'expcache status': give a file or -e, not both. Type")
    assert told.status == 2
