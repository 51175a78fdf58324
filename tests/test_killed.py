"""A process that is killed at any moment loses nothing that was acknowledged."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from expcache import load, use

ROUNDS = int(os.environ.get("EXPCACHE_ROUNDS", "8"))
"""More rounds are run by hand: EXPCACHE_ROUNDS=200."""

POINTS = 3000

SCRIPT = f"""
import sys, expcache
from expcache import experiment, grid

@experiment(name="fit", version="1")
def fit(x):
    return {{"x": x, "text": "v" * (x % 50)}}

with expcache.use(sys.argv[1]):
    for run in fit.sweep(grid(x=range({POINTS}))).as_completed():
        if not run.cached:
            print(run.id, run.params["x"], flush=True)
"""


def start(store: Path) -> subprocess.Popen[str]:
    """Start a serial sweep that prints each run once it is safe."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(store)], stdout=subprocess.PIPE, text=True
    )


def read_until_killed(process: subprocess.Popen[str], after: int) -> dict[str, int]:
    """Kill the process after some lines, and return all runs that it had acknowledged."""
    assert process.stdout is not None
    acknowledged: dict[str, int] = {}
    for count, line in enumerate(process.stdout):
        if count == after:
            process.send_signal(signal.SIGKILL)
        if line.endswith("\n"):
            run_id, x = line.split()
            acknowledged[run_id] = int(x)
    process.stdout.close()
    process.wait()
    return acknowledged


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """After many kills every acknowledged result is there and right, and a last run completes."""
    store = tmp_path / "store"
    chance = random.Random(7)
    acknowledged: dict[str, int] = {}
    for _ in range(ROUNDS):
        acknowledged |= read_until_killed(start(store), after=chance.randrange(1, 200))
    assert acknowledged
    with use(store) as opened:
        for run_id, x in acknowledged.items():
            assert load(run_id).result == {"x": x, "text": "v" * (x % 50)}
        assert opened.verify().sound
    rest = read_until_killed(start(store), after=-1)
    assert not rest.keys() & acknowledged.keys()
    with use(store) as opened:
        assert sum(key.count("-") == 1 for key in opened.keys("fit") if len(key) == 65) == POINTS
