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

POINTS = 1000

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

MIGRATE = (
    STUDY
    + f"""
import os, signal
from expcache import Migration

@experiment(name="fit")
def renamed(y):
    return 3 * y

left, write = int(sys.argv[2]), Migration._write

def counted(migration, step):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return write(migration, step)

Migration._write = counted
migration = renamed.migrate(rename={{"x": "y"}})
print(len(migration), migration.there, flush=True)
print(migration.apply(), flush=True)
print(sum(run.result for run in renamed.sweep(grid(y=range({POINTS}))).plan().done))
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

    def says(self, script: str, killed_at: int = 0) -> str:
        """Run a script to its end, or until it kills itself, and return what it says."""
        command = self.command(script, str(killed_at))
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        assert done.returncode == (-signal.SIGKILL if killed_at else 0)
        return done.stdout

    def killed(self, script: str, after: int) -> list[str]:
        """Run a script, kill it after some lines, and return all lines that it wrote."""
        lines = []
        command = self.command(script, "1000")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.strip())
                if len(lines) == after:
                    process.kill()
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


def test_kill_9_leaves_each_migrated_record_whole_or_absent(tmp_path: Path) -> None:
    """After any kill the store is sound, and migrating again completes what was begun."""
    study = Study(tmp_path)
    study.says(COMPUTE)
    chance, there = random.Random(5), 0
    for _ in range(ROUNDS):
        told = study.says(MIGRATE, chance.randrange(2, 2 + POINTS // ROUNDS))
        left, there_now = map(int, told.split())
        assert left + there_now == POINTS
        assert there_now >= there
        there = there_now
        with use(study.store) as opened:
            assert opened.verify().sound
            opened.close()
    assert 0 < there < POINTS
    first, written, total = study.says(MIGRATE).splitlines()
    assert first.split() == [written, str(POINTS - int(written))]
    assert int(total) == sum(2 * x for x in range(POINTS))
    assert study.says(MIGRATE).splitlines()[0] == f"0 {POINTS}"
