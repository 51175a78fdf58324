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

ROUNDS = int(os.environ.get("EXPCACHE_ROUNDS", "3"))
POINTS = 400
SECONDS = 10.0

STUDY = """
    import os, time
    from pathlib import Path
    from expcache import experiment, grid

    CALLS = os.open(Path(os.environ["FOLDER"]) / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @experiment(name="point", version=1)
    def point(x):
        os.write(CALLS, f"{x} {os.getpid()}\\n".encode())
        time.sleep(x % 4 / 2000)
        return {"x": x, "text": "v" * (x % 50)}

    sweep_point = point.sweep(grid(x=range(400)))
"""

SCRIPT = """
    import os, sys
    from pathlib import Path
    from study import sweep_point

    with open(Path(os.environ["FOLDER"]) / "acknowledged", "a") as acknowledged:
        for run in sweep_point.as_completed(jobs=2):
            if not run.cached and run.status == "done":
                acknowledged.write(f"{run.id} {run.params['x']}\\n")
                acknowledged.flush()
"""

LAST = """
    from study import sweep_point
    runs = sweep_point.run(jobs=2)
    assert [run.result for run in runs] == [{"x": x, "text": "v" * (x % 50)} for x in range(400)]
    print(sum(not run.cached for run in runs), sweep_point.status())
"""


@pytest.fixture
def project(marked: Marked) -> Marked:
    """A project with a sweep of many quick points."""
    marked.write("study.py", STUDY)
    marked.write("script.py", SCRIPT)
    marked.write("last.py", LAST)
    return marked


def _reached(process: subprocess.Popen[str], calls: Path, goal: int) -> bool:
    return process.poll() is not None or len(lines(calls)) >= goal


Storm = Callable[[Marked, "subprocess.Popen[str]", random.Random], None]


def kill_parent(project: Marked, process: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill the program at a random moment, most often while it computes."""
    calls = project.folder / "calls"
    goal = len(lines(calls)) + chance.randrange(-20, 120)
    until(partial(_reached, process, calls, goal))
    time.sleep(chance.random() * 0.003)
    process.kill()


def kill_workers(project: Marked, process: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill one process of the program after the other, but not the program."""
    calls = project.folder / "calls"
    while process.poll() is None:
        goal = len(lines(calls)) + chance.randrange(80)
        until(partial(_reached, process, calls, goal))
        others = [pid for pid in project.living() if pid != process.pid]
        if others:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(others), signal.SIGKILL)


def interrupt(project: Marked, process: subprocess.Popen[str], chance: random.Random) -> None:
    """Interrupt the program every few milliseconds until it has ended."""
    calls = project.folder / "calls"
    goal = len(lines(calls)) + chance.randrange(-20, 120)
    until(partial(_reached, process, calls, goal))
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(chance.randrange(1, 5) / 1000)


@pytest.mark.parametrize("storm", [kill_parent, kill_workers, interrupt])
def test_a_storm_loses_nothing(project: Marked, storm: Storm) -> None:
    """What was acknowledged is stored and right, nothing blocks, and the last run completes."""
    chance = random.Random(23)
    for _ in range(ROUNDS):
        process = project.start("script.py", stderr=subprocess.DEVNULL)
        storm(project, process, chance)
        process.wait(SECONDS)
        assert until(lambda: not project.living(), SECONDS), project.living()
        assert until(lambda: not project.left(), SECONDS), project.left()
    told = dict(line.split() for line in lines(project.folder / "acknowledged"))
    assert told
    project.check("acknowledged")
    computed, _, status = project.run("last.py").partition(" ")
    assert int(computed) <= POINTS - len(told)
    assert "'done': 400, 'stale': 0, 'failed': 0, 'running': 0, 'missing': 0" in status
