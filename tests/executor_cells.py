"""Cells for the executor's tests: plain calls instead of packed experiments."""

from __future__ import annotations

import ctypes
import os
import pickle
import queue
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from expcache._executor import Batch, Event, Executor, LocalExecutor, Lost

PATIENCE = 120.0


class Answer(NamedTuple):
    """What came of one call."""

    position: int
    value: Any
    output: str


def pack(*calls: tuple[Any, ...]) -> bytes:
    """Pack calls, each a function and its arguments."""
    return pickle.dumps(calls)


def replies(payload: bytes, watch: Any) -> Iterator[Answer]:
    """Call one by one, as the real function computes cells."""
    for position, (function, *arguments) in enumerate(pickle.loads(payload)):
        with watch.captured() as output:
            watch.begin(position)
            try:
                value = function(*arguments)
            except Exception as error:  # noqa: BLE001 - as an outcome
                value = error
            finally:
                watch.end(position)
        yield Answer(position, value, output.text)


def compute(payload: bytes) -> bytes:
    """Do the same for executors of somebody else."""

    class Nobody:
        def begin(self, position: int) -> None: ...
        def end(self, position: int) -> None: ...
        def captured(self) -> Any:
            from expcache._capture import captured  # noqa: PLC0415 - rarely

            return captured()

    return pickle.dumps(list(replies(payload, Nobody())))


def local(jobs: int = 1, **options: Any) -> LocalExecutor:
    """Return an executor of such calls."""
    executor = LocalExecutor(jobs, **options)
    executor._replies = "executor_cells:replies"
    return executor


class Told:
    """What was told of one batch."""

    def __init__(
        self, executor: Executor, *calls: tuple[Any, ...], limit: float | None = None
    ) -> None:
        """Submit some calls."""
        self.events: queue.Queue[Event] = queue.Queue()
        self.batch = Batch(pack(*calls), len(calls), limit, self, self.events.put)
        self.replies: list[Any] = []
        self.lost: Lost | None = None
        self.finished = False
        executor.submit(self.batch)

    def next(self) -> Event:
        """Wait for the next event."""
        event = self.events.get(timeout=PATIENCE)
        assert event.batch is self.batch
        assert not self.finished
        self.replies += event.replies
        self.lost = event.lost or self.lost
        self.finished = event.finished
        return event

    def end(self) -> Told:
        """Wait for the last event."""
        while not self.finished:
            self.next()
        return self

    @property
    def values(self) -> list[Any]:
        """What the calls returned, by position."""
        return [reply.value for reply in sorted(self.end().replies)]


def told(executor: Executor, *calls: tuple[Any, ...], limit: float | None = None) -> Told:
    """Submit some calls and wait until they are finished."""
    return Told(executor, *calls, limit=limit).end()


def alive(pid: int) -> bool:
    """Tell whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(fact: Callable[[], Any], patience: float = PATIENCE) -> bool:
    """Wait for a fact to come true."""
    deadline = time.monotonic() + patience
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


# what runs do


def same(value: Any) -> Any:
    """Return the argument."""
    return value


def pid() -> int:
    """Return the worker's number."""
    return os.getpid()


def raised(sign: int) -> bool:
    """Get a signal."""
    os.kill(os.getpid(), sign)
    return True


def segfault() -> None:
    """Read what is not there."""
    ctypes.string_at(0)


def lock_up(started: str | None = None) -> None:
    """Hang in C code that holds the interpreter lock."""
    if started is not None:
        Path(started, str(os.getpid())).touch()
    re.match(r"(a+)+$", "a" * 60 + "b")


def hang(started: str | None = None) -> None:
    """Sleep for ever."""
    if started is not None:
        Path(started, str(os.getpid())).touch()
    time.sleep(3600)


def wait_for(path: str) -> str:
    """Return when a file is there."""
    until(Path(path).exists)
    return path


def fork_and_return() -> int:
    """Come back twice."""
    return os.fork()


def fork_and_stay() -> int:
    """Leave a child behind."""
    child = os.fork()
    if not child:
        time.sleep(3600)
    return child


def leave_subprocess(then: Callable[..., Any] | None = None, *arguments: Any) -> int:
    """Leave a subprocess behind, whose number is printed; then perhaps do something else."""
    code = "import time; time.sleep(3600)"
    child = subprocess.Popen([sys.executable, "-c", code])
    print("child", child.pid)  # noqa: T201 - so that it is known after a crash
    child.returncode = 0  # no complaint that it is still running
    if then is not None:
        then(*arguments)
    return child.pid


def start_threads() -> int:
    """Leave threads that never end."""
    for daemon in (True, False):
        threading.Thread(target=time.sleep, args=(3600,), daemon=daemon).start()
    return threading.active_count()


def shout(size: int) -> None:
    """Print much."""
    for _ in range(size >> 20):
        print("x" * (1 << 20))  # noqa: T201 - that is what it does


def fill(size: int) -> bytes:
    """Return much."""
    return bytes(size)


def surroundings(name: str) -> tuple[str | None, str, list[str]]:
    """Return what a run sees of the process."""
    return os.environ.get(name), str(Path.cwd()), sys.path


def draw() -> float:
    """Return a random number."""
    return random.random()


def interrupt_group() -> bool:
    """Send Ctrl-C to all processes of the worker's group."""
    os.killpg(0, signal.SIGINT)
    return True


def main_module() -> dict[str, Any]:
    """Return what the worker's `__main__` is."""
    return {name: vars(sys.modules["__main__"]).get(name) for name in ("__file__", "mark")}
