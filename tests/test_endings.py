"""However a program ends while its workers compute: nothing acknowledged is lost, nothing is left.

``EXPCACHE_ROUNDS`` tries each end with each way of starting workers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import executor_cells as cells
from expcache._executor import LocalExecutor
from expcache._executor._channel import send
from expcache._executor._frame import HOLD_SECONDS
from expcache._query import is_result
from expcache._store import open_store
from marked import Marked, lines, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")

ALL = "EXPCACHE_ROUNDS" in os.environ
POINTS = 23
QUICK = 20
SECONDS = 90.0
"""How long an end may take on a loaded machine; it takes a tenth of a second."""

STUDY = """
    import os, re, subprocess, time
    from pathlib import Path
    from expcache import experiment, grid, zipped

    FOLDER = Path(os.environ["FOLDER"])

    @experiment(name="point", version=1)
    def point(x, how):
        with open(FOLDER / "calls", "a") as calls:
            calls.write(f"{x}\\n")
        if how == "quick" or (FOLDER / "go").exists():
            return x * x
        (FOLDER / f"begun-{x}").touch()
        if how == "sleep":
            time.sleep(1000)
        elif how == "lock":  # C code that holds the interpreter lock
            re.match(r"(a+)+$", "a" * 60 + "b")
        elif how == "child":
            subprocess.run(["sleep", "1000"])

    sweep_point = point.sweep(zipped(x=range(23), how=["quick"] * 20 + ["sleep", "lock", "child"]))
"""

READ = """
    import sys
    from expcache import LocalExecutor, as_completed
    from study import FOLDER, sweep_point

    def read(completed):
        with open(FOLDER / sys.argv[2], "a") as acknowledged:
            for run in completed:
                if not run.cached:
                    acknowledged.write(f"{run.id}\\n")
                    acknowledged.flush()

    if sys.argv[1] == "run":
        sweep_point.run(jobs=3)
    elif sys.argv[1] == "jobs":
        read(as_completed(sweep_point, jobs=3))
    else:
        with LocalExecutor(3, start_method=sys.argv[1]) as executor:
            read(as_completed(sweep_point, executor=executor))
"""


@pytest.fixture
def project(marked: Marked) -> Marked:
    """A project whose sweep has many quick points and three that end only if told."""
    marked.write("study.py", STUDY)
    marked.write("script.py", READ)
    return marked


@pytest.fixture
def terminal(project: Marked) -> Iterator[Any]:
    """Start a program on a terminal; what it prints there is read and forgotten."""
    opened: list[int] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], int]:
        process, ours = project.on_terminal(*arguments, env={"TERM": "xterm"})
        opened.extend((ours, project.device))
        threading.Thread(target=_drain, args=(os.dup(ours), project.printed), daemon=True).start()
        return process, ours

    yield start
    project.end()
    for descriptor in opened:
        os.close(descriptor)


def _drain(terminal: int, printed: list[bytes]) -> None:
    try:
        while text := os.read(terminal, 1 << 16):
            printed.append(text)
    except OSError:
        os.close(terminal)


def stored(project: Marked) -> int:
    """Return how many results are in the store."""
    store = open_store(project.folder / "store")
    try:
        return sum(map(is_result, store.keys("point")))
    finally:
        store.close()


def computing(project: Marked, acknowledged: int) -> None:
    """Wait until all that is quick is acknowledged, or stored, and the rest has begun."""

    def counts() -> tuple[int, ...]:
        begun = len(list(project.folder.glob("begun-*")))
        return begun, *(len(lines(project.folder / name)) for name in ("calls", "acknowledged"))

    wanted = POINTS - QUICK, POINTS, acknowledged
    # What nobody reads is told by nothing but the store.
    if not until(lambda: counts() == wanted and (acknowledged or stored(project) == QUICK)):
        pytest.fail(f"{counts()} {project.living()} {b''.join(project.printed).decode()}")


def end(process: subprocess.Popen[str], terminal: int, how: str) -> None:
    """Do what ends the program."""
    for number, one in enumerate(how.split()):
        if number:
            time.sleep(0.01)  # as impatient as anybody is
        if one == "^C":
            os.write(terminal, b"\x03")
        else:
            process.send_signal(getattr(signal, one))


def check_status(project: Marked, status: int, wanted: int, *, twice: bool) -> None:
    """Look how a program ended: by the signal, or, where a second one came, as one that says so.

    Where another thread evaluates text, as ``import`` may, while an uncaught interrupt ends the
    program, CPython forgets the interrupt and leaves with status 1 (``run_eval_code_obj``).
    """
    if status == wanted:
        return

    def said() -> bytes:
        return b"".join(project.printed).strip()

    assert twice, (status, said())
    assert status == 1, (status, said())
    assert until(lambda: said().endswith(b"KeyboardInterrupt"), SECONDS), said()


ENDS = [
    ("^C", -signal.SIGINT),
    ("SIGINT", -signal.SIGINT),
    ("SIGTERM", -signal.SIGTERM),
    ("SIGHUP", -signal.SIGHUP),
    ("SIGKILL", -signal.SIGKILL),
    ("^C ^C", -signal.SIGINT),
    ("SIGINT SIGINT", -signal.SIGINT),
]
USUAL = {
    "jobs": {"^C", "SIGTERM", "SIGKILL", "^C ^C"},
    "forkserver": {"SIGINT"},
    "spawn": {"SIGKILL"},
    "fork": {"SIGINT", "SIGKILL"},
    "run": {"^C"},
}


@pytest.mark.parametrize(
    ("mode", "how", "status"),
    [
        (mode, *one)
        for mode, usual in USUAL.items()
        for one in ENDS
        if one[0] in usual or (ALL and mode != "run")
    ],
)
def test_nothing_is_lost_and_nothing_is_left(
    project: Marked, terminal: Any, mode: str, how: str, status: int
) -> None:
    """Whatever ends a program, its processes and files end with it, and what was told is stored."""
    process, ours = terminal("script.py", mode, "acknowledged")
    before = termios.tcgetattr(project.device)
    computing(project, 0 if mode == "run" else QUICK)
    end(process, ours, how)
    assert until(lambda: not project.living(), SECONDS), project.living()
    check_status(project, process.wait(), status, twice=" " in how)
    assert until(lambda: not project.left(), SECONDS), project.left()
    assert termios.tcgetattr(project.device) == before
    acknowledged = project.check("acknowledged")
    (project.folder / "calls").rename(project.folder / "earlier")
    (project.folder / "go").touch()
    project.run("script.py", mode, "later")
    assert sorted(map(int, lines(project.folder / "calls"))) == [20, 21, 22]
    assert not acknowledged & set(lines(project.folder / "later"))


def test_closing_a_terminal_ends_its_program(project: Marked) -> None:
    """A terminal that is closed takes along the program and all of its workers."""
    process, ours = project.on_terminal("script.py", "jobs", "acknowledged", env={"TERM": "dumb"})
    computing(project, QUICK)
    os.close(ours)
    assert until(lambda: not project.living(), SECONDS), project.living()
    assert process.wait() == -signal.SIGHUP
    assert until(lambda: not project.left(), SECONDS), project.left()
    os.close(project.device)
    assert len(project.check("acknowledged")) == QUICK


def held_up(payload: bytes, watch: Any) -> Iterator[Any]:
    """Compute as the tests' cells do, in a worker that is held up whenever it sends."""

    def slowly(*parts: Any) -> None:
        send(*parts)
        time.sleep(0.8 * HOLD_SECONDS)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("expcache._executor._worker.send", slowly)
        yield from cells.replies(payload, watch)


def test_a_reply_is_told_while_a_long_run_follows(tmp_path: Path) -> None:
    """What a worker holds back is found, though the worker was slow to send what was before."""
    executor = LocalExecutor(1)
    executor._replies = "test_endings:held_up"
    go = str(tmp_path / "go")
    pause = 0.75 * HOLD_SECONDS
    calls = [(cells.same, 0), (time.sleep, 0), (cells.same, 2), (time.sleep, pause)]
    batch = cells.Told(executor, *calls, (cells.same, 4), (cells.wait_for, go))
    told: set[int] = set()
    while told != {0, 1, 2, 3, 4}:
        replies: list[Any] = batch.events.get(timeout=cells.PATIENCE).replies
        told |= {reply.position for reply in replies}
    executor.stop()
