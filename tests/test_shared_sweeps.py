"""One sweep, wanted by many programs at once: each point is computed once, by whoever is there.

``EXPCACHE_ROUNDS`` takes more programs than the usual suite does.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, Sweep, experiment, grid
from marked import Marked, lines, stop, until
from plugin_project import plugin_arguments

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")

ALL = "EXPCACHE_ROUNDS" in os.environ
POINTS = 400 if ALL else 120

STUDY = """
    import os, time
    from pathlib import Path
    from expcache import experiment, grid

    FOLDER = Path(os.environ["FOLDER"])
    CALLS = os.open(FOLDER / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @experiment(name="point", version=1)
    def point(x):
        os.write(CALLS, f"{x} {os.getpid()}\\n".encode())
        time.sleep(0.002)
        return x * x

    sweep_point = point.sweep(grid(x=range(int(os.environ['POINTS']))))

    @sweep_point.check
    def test_point(run):
        assert run.result == run.params["x"] ** 2
"""

HELD = """
    import os, time
    from pathlib import Path
    from expcache import experiment, grid

    FOLDER = Path(os.environ["FOLDER"])

    @experiment(name="held", version=1)
    def held(x):
        (FOLDER / f"begun-{os.environ['NAME']}").touch()
        while not (FOLDER / f"go-{os.environ['NAME']}").exists():
            time.sleep(0.005)
        return os.environ["NAME"]

    sweep_held = held.sweep(grid(x=[1]))
"""

MANY = """
    import os, sys, time
    from study import FOLDER, sweep_point

    (FOLDER / f"ready-{os.getpid()}").touch()
    while not (FOLDER / "go").exists():
        time.sleep(0.001)
    runs = sweep_point.run(jobs=int(sys.argv[1]))
    assert runs.results == [x * x for x in range(int(os.environ['POINTS']))]
    print(sum(not run.cached for run in runs))
"""

ONE = """
    import json, sys
    from kept import sweep_held

    claim = sweep_held[0].claim
    print(json.dumps({
        "status": sweep_held.status()["running"],
        "run": sweep_held[0].status,
        "claim": None if claim is None else [claim.host, claim.pid, claim.since],
    }), flush=True)
    for run in sweep_held.as_completed(jobs=int(sys.argv[1])):
        print(json.dumps([run.cached, run.status, run.result]), flush=True)
"""


@pytest.fixture
def project(marked: Marked, monkeypatch: pytest.MonkeyPatch) -> Marked:
    """A project with a sweep of many short points, and one of a point that is held."""
    marked.write("study.py", STUDY)
    monkeypatch.setenv("POINTS", str(POINTS))
    marked.write("kept.py", HELD)
    marked.write("many.py", MANY)
    marked.write("one.py", ONE)
    return marked


def wanting(project: Marked, jobs: int, name: str, lease: str = "60") -> subprocess.Popen[str]:
    """Start a program that wants the point that is held."""
    environment = {"NAME": name, "EXPCACHE_LEASE": lease}
    return project.start("one.py", jobs, env=environment, stdout=subprocess.PIPE)


def said(process: subprocess.Popen[str]) -> Any:
    """Return what a program says next."""
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def begun(project: Marked, name: str) -> bool:
    """Wait until a program has begun to compute."""
    return until((project.folder / f"begun-{name}").exists)


def test_many_programs_compute_each_point_once(project: Marked) -> None:
    """Programs that start together on one sweep, with workers or without, share the work."""
    jobs = [1, 2] * (4 if ALL else 2)
    programs = [project.start("many.py", each, stdout=subprocess.PIPE) for each in jobs]
    assert until(lambda: len(list(project.folder.glob("ready-*"))) == len(programs))
    (project.folder / "go").touch()
    computed = [int(program.communicate()[0]) for program in programs]
    assert sum(computed) == POINTS
    assert sum(number > 0 for number in computed) > 1
    calls = [line.split() for line in lines(project.folder / "calls")]
    assert sorted(int(x) for x, _ in calls) == list(range(POINTS))


def test_pytest_and_scripts_share_a_sweep(project: Marked) -> None:
    """Pytest with two processes, with workers, as it is, and a script: each point once."""
    pytest.importorskip("xdist")
    test = ["-m", "pytest", *plugin_arguments(), "-q", "-p", "no:cacheprovider", "study.py"]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    programs = [
        project.start("many.py", 1, **quiet),
        *([project.start(*test, **quiet)] if ALL else []),
        project.start(*test, "-n", "2", **quiet),
        project.start(*test, "--sweep-jobs", "2", **quiet),
    ]
    (project.folder / "go").touch()
    printed = [program.communicate()[0] for program in programs]
    assert [program.returncode for program in programs] == [0] * len(programs), printed
    calls = [int(line.split()[0]) for line in lines(project.folder / "calls")]
    assert sorted(calls) == list(range(POINTS))


@pytest.mark.parametrize("jobs", [(1, 2), (2, 1)])
def test_who_waits_is_given_the_stored_run(project: Marked, jobs: tuple[int, int]) -> None:
    """While one program computes, another sees who does, waits, and computes nothing itself."""
    first = wanting(project, jobs[0], "first")
    assert said(first) == {"status": 0, "run": "missing", "claim": None}
    assert begun(project, "first")
    second = wanting(project, jobs[1], "second")
    seen = said(second)
    assert (seen["status"], seen["run"]) == (1, "running")
    host, pid, since = seen["claim"]
    assert (host, pid) == (socket.gethostname(), first.pid)
    assert 0 <= time.time() - since < 60
    (project.folder / "go-first").touch()
    assert said(first) == [False, "done", "first"]
    assert said(second) == [True, "done", "first"]
    assert not (project.folder / "begun-second").exists()


@pytest.mark.parametrize("jobs", [(1, 2), (2, 1)])
def test_a_killed_program_is_taken_over(project: Marked, jobs: tuple[int, int]) -> None:
    """Who waited for a program that was killed computes the point at once."""
    first = wanting(project, jobs[0], "first", lease="3600")
    assert begun(project, "first")
    second = wanting(project, jobs[1], "second", lease="3600")
    assert said(second)["run"] == "running"
    first.kill()
    assert begun(project, "second")
    (project.folder / "go-second").touch()
    assert said(second) == [False, "done", "second"]


@pytest.mark.parametrize("jobs", [(1, 2), (2, 1)])
def test_a_late_result_is_not_written(project: Marked, jobs: tuple[int, int]) -> None:
    """A program that was stopped for too long gives, and leaves, what the other has stored."""
    first = wanting(project, jobs[0], "first", lease="0.5")
    assert begun(project, "first")
    said(first)
    stop(first, project.folder)
    second = wanting(project, jobs[1], "second", lease="0.5")
    assert begun(project, "second")
    (project.folder / "go-second").touch()
    assert said(second)["run"] == "running"
    assert said(second) == [False, "done", "second"]
    (project.folder / "go-first").touch()
    first.send_signal(signal.SIGCONT)
    cached, status, result = said(first)
    assert (status, result) == ("done", "second")
    assert cached
    third = wanting(project, 1, "third")
    assert said(third)["run"] == "done"
    assert said(third) == [True, "done", "second"]


def declared(count: int) -> Sweep[int]:
    """Return a sweep of points whose code a user answers for."""

    @experiment(version=1)
    def declared(x: int) -> int:
        return x

    return declared.sweep(grid(x=range(count)))


def test_looking_for_declared_runs_reads_no_claims(
    isolated: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep of missing points does not ask for each of them who computes what."""
    asked: list[str] = []

    def claims(_: Store, name: str) -> dict[str, Any]:
        asked.append(name)
        return {}

    monkeypatch.setattr(type(isolated), "claims", claims)
    assert declared(50).run().results == list(range(50))
    assert not asked


def test_looking_for_declared_runs_asks_once_for_many(
    isolated: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether older results stand for missing points is asked of a window, not of each point."""
    asked: list[str] = []
    kind = type(isolated)

    def counted(name: str) -> Any:
        method = getattr(kind, name)

        def call(*args: Any) -> Any:
            asked.append(name)
            return method(*args)

        return call

    for name in ("keys", "keys_of", "get"):
        monkeypatch.setattr(kind, name, counted(name))
    assert declared(200).run(jobs=2).results == list(range(200))
    assert len(asked) < 150
