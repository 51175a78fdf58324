"""A process that is killed while it looks after stored results leaves each step whole or undone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from expcache import Store, use
from expcache._acceptance import acceptances

ROUNDS = int(os.environ.get("EXPCACHE_ROUNDS", "8"))
"""More rounds are run by hand: EXPCACHE_ROUNDS=200."""

POINTS = 500

STUDY = f"""
import sys
from expcache import experiment, grid, use

def made(factor):
    @experiment(name="fit")
    def fit(x):
        return factor * x
    return fit

old, new = made(2), made(3)
use(sys.argv[1])
space = grid(x=range({POINTS}))
"""

COMPUTE = STUDY + "old.sweep(space).run()"

ACCEPT = (
    STUDY
    + """
for _ in range(int(sys.argv[2])):
    sweep = new.sweep(space)
    print("accepting", flush=True)
    acceptance = sweep.accept(reason="unchanged")
    print("accepted", flush=True)
    assert acceptance.undo()
    print("undone", flush=True)
"""
)

COUNT = (
    STUDY
    + """
status = new.sweep(space).status()
print(status["done"], status["stale"])
"""
)

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")


class Study:
    """The scripts of a study, each in a file: code needs a source."""

    def __init__(self, place: Path) -> None:
        """Keep scripts and store in one directory."""
        self.place = place
        self.store = place / "store"

    def command(self, script: str, *arguments: str) -> list[str]:
        """Return what runs a script."""
        path = self.place / "study.py"
        path.write_text(script)
        return [sys.executable, str(path), str(self.store), *arguments]

    def says(self, script: str) -> str:
        """Run a script to its end, and return what it says."""
        command = self.command(script)
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout

    def killed(self, script: str, after: int) -> list[str]:
        """Run a script, kill it after some lines, and return all lines that it wrote."""
        lines = []
        command = self.command(script, "1000")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.strip())
                if len(lines) == after:
                    process.send_signal(signal.SIGKILL)
        return lines


def test_kill_9_leaves_an_acceptance_whole_or_not_at_all(tmp_path: Path) -> None:
    """After any kill all points are accepted or none, as the last acknowledged step says."""
    study = Study(tmp_path)
    study.says(COMPUTE)
    chance = random.Random(3)
    for _ in range(ROUNDS):
        last = study.killed(ACCEPT, chance.randrange(1, 20))[-1]
        done, stale = map(int, study.says(COUNT).split())
        assert (done, stale) in {(POINTS, 0), (0, POINTS)}
        if last != "accepting":  # the step that was under way may have come to its end
            assert done == 0 or last == "accepted"
        with use(study.store) as opened:
            assert opened.verify().sound
            clear(opened)


def clear(store: Store) -> None:
    """Take all back that was accepted."""
    assert all(one.undo() for one in acceptances(store, "fit"))
    store.close()
