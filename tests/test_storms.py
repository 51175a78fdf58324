"""Sweeps of worker processes that are killed and interrupted at any moment, again and again.

``EXPCACHE_ROUNDS`` repeats the storms more often than the usual suite does.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from marked import Marked, lines, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")

ROUNDS = int(os.environ.get("EXPCACHE_ROUNDS", "2"))
POINTS = 400
SECONDS = 30.0

STUDY = """
    import os, time
    from pathlib import Path
    from expcache import experiment, grid

    CALLS = os.open(Path(os.environ["FOLDER"]) / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @experiment(name="point", version=1)
    def point(x, number):
        os.write(CALLS, f"{x} {os.getpid()}\\n".encode())
        time.sleep(x % 4 / 2000)
        return {"x": x, "text": "v" * (x % 50)}

    def sweep_of(*numbers):
        return point.sweep(grid(x=range(400), number=numbers))
"""

SCRIPT = """
    import os, sys
    from pathlib import Path
    from study import sweep_of

    with open(Path(os.environ["FOLDER"]) / "acknowledged", "a") as acknowledged:
        for run in sweep_of(int(sys.argv[1])).as_completed(jobs=2):
            if not run.cached and run.status == "done":
                acknowledged.write(f"{run.id} {run.params['x']}\\n")
                acknowledged.flush()
"""

LAST = """
    import sys
    from study import sweep_of
    sweep = sweep_of(*range(int(sys.argv[1])))
    computed = 0
    for run in sweep.as_completed(jobs=2):
        computed += not run.cached
        x = run.params["x"]
        assert run.result == {"x": x, "text": "v" * (x % 50)}
    print(computed, sweep.status())
"""


@pytest.fixture
def project(marked: Marked) -> Marked:
    """A project with a sweep of many quick points."""
    marked.write("study.py", STUDY)
    marked.write("script.py", SCRIPT)
    marked.write("last.py", LAST)
    return marked


def _reached(process: subprocess.Popen[str], path: Path, goal: int) -> bool:
    return process.poll() is not None or len(lines(path)) >= goal


Storm = Callable[[Marked, "subprocess.Popen[str]", random.Random], None]


def kill_parent(project: Marked, process: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill the program at a random moment, most often while it computes."""
    acknowledged = project.folder / "acknowledged"
    goal = len(lines(acknowledged)) + chance.randrange(-10, 150)
    until(partial(_reached, process, acknowledged, goal))
    time.sleep(chance.random() * 0.003)
    process.kill()


def kill_workers(project: Marked, process: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill one process of the program after the other, but not the program."""
    calls = project.folder / "calls"
    while process.poll() is None:
        goal = len(lines(calls)) + chance.randrange(200)
        until(partial(_reached, process, calls, goal))
        others = [pid for pid in project.living() if pid != process.pid]
        if others:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(others), signal.SIGKILL)


def interrupt(project: Marked, process: subprocess.Popen[str], chance: random.Random) -> None:
    """Interrupt the program every few milliseconds until it has ended."""
    acknowledged = project.folder / "acknowledged"
    goal = len(lines(acknowledged)) + chance.randrange(-10, 150)
    until(partial(_reached, process, acknowledged, goal))
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(chance.randrange(1, 5) / 1000)


@pytest.mark.parametrize("storm", [kill_parent, kill_workers, interrupt])
def test_a_storm_loses_nothing(project: Marked, storm: Storm) -> None:
    """What was acknowledged is stored and right, nothing blocks, and the last run completes."""
    chance = random.Random(23)
    for number in range(ROUNDS):
        process = project.start("script.py", number, stderr=subprocess.DEVNULL)
        storm(project, process, chance)
        process.wait(SECONDS)
        assert until(lambda: not project.living(), SECONDS), project.living()
        assert until(lambda: not project.left(), SECONDS), project.left()
    told = dict(line.split() for line in lines(project.folder / "acknowledged"))
    assert told
    project.check("acknowledged")
    computed, _, status = project.run("last.py", ROUNDS).partition(" ")
    assert int(computed) <= POINTS * ROUNDS - len(told)
    assert f"'done': {POINTS * ROUNDS}, 'stale': 0, 'failed': 0, 'running': 0, " in status
    assert "'queued': 0, 'missing': 0" in status
