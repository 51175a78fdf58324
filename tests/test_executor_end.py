"""Nothing is left behind, however the workers, the executor or this process end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import executor_cells as cells
from executor_cells import Told, alive, local, told, until
from expcache._executor import Event, LocalExecutor
from expcache.errors import ExecutorError

METHODS = ["forkserver", "spawn", "fork"]
HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX processes")


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the executors of a test put their spool directories."""
    place = tmp_path / "spool"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """A directory where runs that began leave the number of their process."""
    place = tmp_path / "started"
    place.mkdir()
    return place


def pids(started: Path) -> list[int]:
    """Return the processes of the runs that have begun."""
    return [int(path.name) for path in started.iterdir()]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("endless", [cells.hang, cells.lock_up])
def test_stop_ends_endless_runs(method: Any, endless: Any, started: Path, spool: Path) -> None:
    """Stopping ends all runs, tells each batch as finished, and removes what workers wrote."""
    executor = local(2, start_method=method)
    batches = [Told(executor, (cells.same, i), (endless, str(started))) for i in range(4)]
    assert until(lambda: len(pids(started)) == 2)
    executor.stop()
    assert not any(map(alive, pids(started)))
    assert not list(spool.iterdir())
    for batch in batches:
        batch.end()
    assert [batch.lost for batch in batches] == [None] * 4
    assert [batch.values for batch in batches] == [[0], [1], [], []]
    executor.stop()


def test_stop_may_come_from_a_listener(started: Path) -> None:
    """An executor may be stopped by who is told of a batch."""
    executor = local(2)
    hanging = Told(executor, (cells.hang, str(started)))
    assert until(lambda: pids(started))
    batch = Told(executor, (cells.same, 1))

    def stop(event: Event) -> None:
        executor.stop()
        batch.events.put(event)

    batch.batch.tell = stop
    assert batch.values in ([1], [])
    assert hanging.end().lost is None


def test_a_stopped_executor_takes_nothing() -> None:
    """After stop or close, submitting is an error that says so."""
    for end, reason in (("stop", "it was stopped"), ("close", "it was closed")):
        executor = local(2)
        getattr(executor, end)()
        with pytest.raises(ExecutorError) as caught:
            Told(executor, (cells.pid,))
        assert str(caught.value) == (
            f"cannot submit to LocalExecutor(2): {reason}. Make a new LocalExecutor."
        )


def test_closing_lets_workers_finish(tmp_path: Path, spool: Path) -> None:
    """A closed executor computes what it has, then its workers leave."""
    go = tmp_path / "go"
    executor = local()
    first, second = Told(executor, (cells.wait_for, str(go))), Told(executor, (cells.pid,))
    executor.close()
    go.touch()
    assert first.values == [str(go)]
    (pid,) = second.values
    assert until(lambda: not alive(pid) and not list(spool.iterdir()))


def test_a_with_statement_waits() -> None:
    """Leaving the block waits until everything is done."""
    with local() as executor:
        batches = [Told(executor, (cells.same, number)) for number in range(20)]
    events = [batch.events.get_nowait() for batch in batches for _ in range(batch.events.qsize())]
    assert sum(event.finished for event in events) == 20


def test_an_exception_stops_the_executor(started: Path) -> None:
    """Leaving the block by an exception ends the runs."""
    batches: list[Told] = []

    def interrupted() -> None:
        with local() as executor:
            batches.append(Told(executor, (cells.hang, str(started))))
            assert until(lambda: pids(started))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not any(map(alive, pids(started)))
    assert batches[0].end().lost is None


def test_a_forgotten_executor_is_stopped(started: Path, spool: Path) -> None:
    """An executor that nobody refers to any more ends its workers."""
    executor = local()
    batch = Told(executor, (cells.hang, str(started)))
    assert until(lambda: pids(started))
    del executor
    assert batch.end().lost is None
    assert until(lambda: not list(spool.iterdir()))


def test_a_waiting_batch_can_be_cancelled(tmp_path: Path) -> None:
    """A batch that has not begun is never computed."""
    go, never = tmp_path / "go", tmp_path / "never"
    with local() as executor:
        first = Told(executor, (cells.wait_for, str(go)))
        second = Told(executor, (Path.touch, never))
        executor.cancel(second.batch)
        assert second.values == []
        go.touch()
        assert first.values == [str(go)]
    assert not never.exists()


def test_a_running_batch_can_be_cancelled(started: Path) -> None:
    """A batch that is computed now is ended; what it has finished is told, and nothing is lost."""
    with local() as executor:
        batch = Told(executor, (cells.same, 1), (cells.hang, str(started)))
        after = Told(executor, (cells.same, 2))
        assert until(lambda: pids(started))
        executor.cancel(batch.batch)
        assert batch.values == [1]
        assert batch.lost is None
        assert after.values == [2]
        executor.cancel(batch.batch)
        assert told(executor, (cells.same, 3)).values == [3]


def test_an_executor_stays_in_its_process() -> None:
    """In a fork of this process, an executor of this process says that it cannot be used."""
    with local() as executor:
        told(executor, (cells.pid,))
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            try:
                Told(executor, (cells.pid,))
            except ExecutorError as error:
                os.write(writing, str(error).encode())
            finally:
                executor.stop()
                os._exit(0)
        os.waitpid(child, 0)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as said:
            assert said.read() == (
                "cannot submit to LocalExecutor(1): it was made in another process. "
                "Make a new LocalExecutor."
            )
        assert told(executor, (cells.same, 1)).values == [1]


def test_a_fork_computes_with_an_executor_of_its_own() -> None:
    """A process that was forked while workers ran has its own fork server."""
    with local() as executor:
        told(executor, (cells.pid,))
        child = os.fork()
        if not child:
            status = 1
            try:
                with local() as own:
                    status = int(told(own, (cells.same, 0)).values[0])
            finally:
                from expcache._executor._server import server  # noqa: PLC0415 - no atexit here

                server().end()
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# other processes

PARENT = """
import select, sys
sys.path.insert(0, sys.argv[1])
import executor_cells as cells
method, started, how = sys.argv[2:]
executor = cells.local(2, start_method=method)
for _ in range(4):
    cells.Told(executor, (getattr(cells, how), started))
cells.until(lambda: len(cells.os.listdir(started)) == 2)
print("up", flush=True)
while not select.select([sys.stdin], [], [], 0.05)[0]:  # a signal just before it is not missed
    pass
"""


@pytest.fixture
def tag(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A variable that all processes of a test have in their environment; they end with it."""
    name = f"EXECUTOR_TEST_{os.getpid()}_{time.monotonic_ns()}"
    monkeypatch.setenv(name, "1")
    yield name
    for pid in tagged(name):
        os.kill(pid, signal.SIGKILL)


def tagged(tag: str) -> list[int]:
    """Return the processes that were started with the variable."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            mine = f"{tag}=".encode() in path.read_bytes()
        except OSError:
            continue
        if mine and alive(int(path.parent.name)):
            found.append(int(path.parent.name))
    return found


def parent(spool: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a process that computes."""
    return subprocess.Popen(
        [sys.executable, "-c", script, str(HERE), *arguments],
        env={**os.environ, "TMPDIR": str(spool)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("how", ["hang", "lock_up"])
@pytest.mark.parametrize("end", ["exit", "SIGKILL", "SIGTERM", "SIGINT", "group SIGINT"])
def test_no_process_outlives_the_parent(  # noqa: PLR0913, PLR0917 - three ways and three places
    method: str, how: str, end: str, started: Path, spool: Path, tag: str
) -> None:
    """Workers, what they run and the fork server end with the parent, whatever ends it."""
    with parent(spool, PARENT, method, str(started), how) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "up\n"
        running = pids(started)
        assert len(running) == 2
        if end == "exit":
            process.stdin.write("x")
            process.stdin.flush()
        elif end.startswith("group"):
            os.killpg(process.pid, signal.SIGINT)
        else:
            os.kill(process.pid, getattr(signal, end))
        process.wait(cells.PATIENCE)
        assert until(lambda: not tagged(tag) and not any(map(alive, running)))
        if end not in {"SIGKILL", "SIGTERM"} or method == "forkserver":
            assert until(lambda: not list(spool.iterdir()))


HANGING = """
import os, sys
sys.path.insert(0, sys.argv[1])
import executor_cells
os.register_at_fork(after_in_child=lambda: executor_cells.hang(sys.argv[3]))
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_that_never_begins_outlives_the_parent(
    end: signal.Signals, started: Path, spool: Path, tag: str
) -> None:
    """A forked worker ends with the parent also when it hangs before it can do anything."""
    with parent(spool, HANGING + PARENT, "fork", str(started), "hang") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        running = pids(started)
        assert until(lambda: all(os.getpgid(pid) == pid for pid in running))  # now it is guarded
        os.kill(process.pid, end)
        process.wait(cells.PATIENCE)
        assert until(lambda: not tagged(tag))


STORMED = """
import sys, os
sys.path.insert(0, sys.argv[1])
import executor_cells as cells, expcache._executor._ending, expcache._executor._server
print("up", flush=True)
cycles = 0
while cycles < 12:
    try:
        executor = cells.local(2, start_method=sys.argv[2])
        try:
            cells.told(executor, *[(cells.same, number) for number in range(cycles * 3)])
        finally:
            executor.stop()
    except KeyboardInterrupt:
        pass
    cycles += 1
print("down", flush=True)
"""


@pytest.mark.parametrize("method", METHODS)
def test_a_storm_of_interrupts_leaves_nothing(method: str, spool: Path, tag: str) -> None:
    """However often the parent is interrupted while it starts and stops, no process is left."""
    with parent(spool, STORMED, method) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        for number in range(2000):
            if process.poll() is not None:
                break
            os.kill(process.pid, signal.SIGINT)
            threading.Event().wait(0.001 * (1 + number % 4))
        process.wait(cells.PATIENCE)
        assert until(lambda: not tagged(tag))


def test_stopping_is_for_all_threads(started: Path) -> None:
    """A batch that comes while the executor ends is told as finished, or refused."""
    executor: LocalExecutor = local(2)
    finished: list[bool] = []

    def submit() -> None:
        while True:
            try:
                finished.append(told(executor, (cells.same, 1)).finished)
            except ExecutorError:
                return

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert until(lambda: len(finished) > 50)
    executor.stop()
    for thread in threads:
        thread.join(cells.PATIENCE)
        assert not thread.is_alive()
