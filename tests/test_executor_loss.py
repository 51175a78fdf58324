"""A run that dies or hangs takes only itself along, and leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import executor_cells as cells
from executor_cells import Told, alive, local, told, until
from expcache._executor import LocalExecutor, _channel

METHODS = ["forkserver", "spawn", "fork"]
LIMIT = 0.3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX processes")


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    """One worker, started the usual way."""
    made = local()
    yield made
    made.stop()


CRASHES = [
    ((cells.raised, signal.SIGKILL), -signal.SIGKILL),
    ((cells.raised, signal.SIGTERM), -signal.SIGTERM),
    ((os._exit, 0), 0),
    ((os._exit, 3), 3),
    ((cells.segfault,), -signal.SIGSEGV),
    ((os.abort,), -signal.SIGABRT),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("crash", "exitcode"), CRASHES)
def test_a_crash_names_the_guilty_cell(method: Any, crash: tuple[Any, ...], exitcode: int) -> None:
    """A worker that dies tells which cell it was; what was computed before is not lost."""
    with local(start_method=method) as executor:
        batch = told(executor, (cells.same, 0), (cells.same, 1), crash, (cells.same, 3))
        assert batch.values == [0, 1]
        assert batch.lost is not None
        assert batch.lost[:3] == (2, "crash", exitcode)
        assert told(executor, (cells.same, 4)).values == [4]


def test_a_crash_keeps_what_was_printed(executor: LocalExecutor) -> None:
    """What a run printed before its process died is told with the loss, and where it died."""
    batch = told(executor, (print, "before"), (cells.leave_subprocess, cells.segfault))
    assert batch.lost is not None
    assert batch.lost.output.startswith("child ")
    assert "Segmentation fault" in batch.lost.output
    assert "in segfault" in batch.lost.output
    assert "before" not in batch.lost.output


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("endless", [cells.hang, cells.lock_up])
def test_a_time_limit_ends_any_run(method: Any, endless: Any) -> None:
    """A run is ended at its limit also when it hangs in C code; the others are unharmed."""
    with local(start_method=method) as executor:
        batch = told(executor, (cells.same, 0), (endless,), (cells.same, 2), limit=LIMIT)
        assert batch.values == [0]
        assert batch.lost is not None
        position, reason, exitcode, output, seconds, _ = batch.lost
        assert (position, reason, exitcode) == (1, "timeout", None)
        assert seconds >= LIMIT
        assert f"in {endless.__name__}" in output
        assert told(executor, (cells.same, 4), limit=LIMIT).values == [4]


def test_the_limit_is_that_of_one_cell(executor: LocalExecutor) -> None:
    """A batch may take longer than the limit of its cells."""
    naps = [(time.sleep, LIMIT / 2)] * 4
    assert told(executor, *naps, limit=LIMIT).lost is None


def test_an_idle_worker_may_die(executor: LocalExecutor) -> None:
    """A worker that is killed while it waits is replaced when there is work."""
    (first,) = told(executor, (cells.pid,)).values
    os.kill(first, signal.SIGKILL)
    (second,) = told(executor, (cells.pid,)).values
    assert first != second


@pytest.mark.parametrize("rounds", range(5))
def test_killing_workers_loses_at_most_what_they_ran(rounds: int) -> None:
    """Whenever workers are killed, each batch ends; only cells that were not begun are untold."""
    with local(2) as executor:
        batches = [Told(executor, *[(cells.pid,)] * 5) for _ in range(40)]
        for batch in batches[:20]:
            if values := batch.values:
                try:
                    os.kill(values[0], signal.SIGKILL)
                except ProcessLookupError:
                    continue
        for batch in batches:
            told = sorted(reply.position for reply in batch.end().replies)
            assert told == [*range(len(told))]
            assert batch.lost is None or batch.lost.position == len(told)


def test_a_worker_may_die_while_it_replies(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply that is cut short is lost with its cell, and is not taken for a reply."""
    (pid,) = told(executor, (cells.pid,)).values
    monkeypatch.setattr(_channel, "_TURN", 1 << 20)
    receive = _channel.Channel.receive
    killed: list[int] = []

    def cut_short(self: _channel.Channel) -> list[memoryview]:
        messages = receive(self)
        if self.taken > 1 << 21 and not killed:
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)
        return messages

    monkeypatch.setattr(_channel.Channel, "receive", cut_short)
    batch = told(executor, (cells.same, 0), (cells.fill, 100 << 20))
    monkeypatch.undo()
    assert batch.values == [0]
    assert batch.lost is not None
    assert batch.lost[:3] == (1, "crash", -signal.SIGKILL)


def test_a_run_that_forks_is_replied_to_once(executor: LocalExecutor) -> None:
    """A child process that comes back from the run as well ends there."""
    batch = told(executor, (cells.fork_and_return,), (cells.pid,))
    child, pid = batch.values
    assert child > 0
    assert until(lambda: not alive(child))
    assert told(executor, (cells.pid,)).values == [pid]


@pytest.mark.parametrize("method", METHODS)
def test_children_that_outlive_a_run_end_with_the_worker(method: Any) -> None:
    """What a run leaves running does not hold up other runs, and ends with the worker."""
    with local(start_method=method) as executor:
        forked, started = told(executor, (cells.fork_and_stay,), (cells.leave_subprocess,)).values
        assert alive(forked)
        assert alive(started)
        executor.stop()
    assert until(lambda: not alive(forked) and not alive(started))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("end", [(cells.hang,), (os._exit, 1)])
def test_children_of_a_lost_run_end_with_it(method: Any, end: tuple[Any, ...]) -> None:
    """A run that crashes or is ended at its limit leaves no subprocess running."""
    with local(start_method=method) as executor:
        batch = told(executor, (cells.leave_subprocess, *end), limit=1.0)
        found = re.match(r"child (\d+)", batch.lost.output if batch.lost else "")
        assert found is not None
        assert until(lambda: not alive(int(found[1])))


def test_threads_that_never_end_hold_nothing_up(executor: LocalExecutor) -> None:
    """A run may leave threads behind, daemons or not."""
    (count,) = told(executor, (cells.start_threads,)).values
    assert count == 3
    assert told(executor, (cells.same, 1)).values == [1]


@pytest.mark.parametrize("method", METHODS)
def test_runs_may_be_large(method: Any) -> None:
    """Large parameters, results and outputs go through whole; of outputs, the ends are kept."""
    with local(start_method=method) as executor:
        (size,) = told(executor, (len, bytes(100 << 20))).values
        assert size == 100 << 20
        batch = told(executor, (cells.fill, 200 << 20), (cells.shout, 100 << 20), (cells.same, 1))
        assert [reply.position for reply in batch.replies] == [0, 1, 2]
        assert len(batch.replies[0].value) == 200 << 20
        assert 1 << 20 <= len(batch.replies[1].output) < 2 << 20


@pytest.mark.parametrize("method", METHODS)
def test_ctrl_c_does_not_reach_workers(method: Any) -> None:
    """An interrupt of the worker's process group does not end a run."""
    with local(start_method=method) as executor:
        assert told(executor, (cells.interrupt_group,)).values == [True]


def test_memory_is_limited_for_each_run(executor: LocalExecutor) -> None:
    """A run that needs too much gets a MemoryError; its worker goes on."""
    executor._memory = 200 << 20
    calls = [(cells.fill, 400 << 20), (len, b"abc"), (cells.fill, 100 << 20), (cells.pid,)]
    error, size, filled, pid = told(executor, *calls).values
    assert isinstance(error, MemoryError)
    assert (size, len(filled)) == (3, 100 << 20)
    assert told(executor, (cells.pid,)).values == [pid]


def test_a_dead_fork_server_is_replaced(executor: LocalExecutor, tmp_path: Path) -> None:
    """When the fork server is killed, its workers end with it, and new ones get a new server."""
    from expcache._executor._server import server  # noqa: PLC0415 - this test alone

    batch = Told(executor, (cells.hang, str(tmp_path)))
    assert until(lambda: list(tmp_path.iterdir()))
    process = server()._process
    assert process is not None
    process.kill()
    batch.end()
    assert batch.lost is not None
    assert batch.lost[:3] == (0, "crash", None)
    assert told(executor, (cells.same, 1)).values == [1]
