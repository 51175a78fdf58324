"""Worker processes compute batches, wherever and however they are started."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import executor_cells as cells
from executor_cells import Told, alive, local, told, until
from expcache._executor import (
    Batch,
    Event,
    Executor,
    LocalExecutor,
    _start,
    _worker_process,
    executor_for,
)
from expcache._executor._process import Process
from expcache.errors import ExecutorError

METHODS = ["forkserver", "spawn", "fork"]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX processes")


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    """One worker, started the usual way."""
    made = local()
    yield made
    made.stop()


@pytest.mark.parametrize("method", METHODS)
def test_every_way_of_starting_computes(method: Any) -> None:
    """Whichever way the workers are started, each cell is replied to once."""
    with local(2, start_method=method) as executor:
        batches = [Told(executor, *[(cells.same, i) for i in range(n)]) for n in (1, 5, 30)]
        assert [batch.values for batch in batches] == [[0], [*range(5)], [*range(30)]]


@pytest.mark.parametrize("method", METHODS)
def test_runs_are_computed_elsewhere(method: Any) -> None:
    """A worker is another process, and the same for all batches that one worker gets."""
    with local(start_method=method) as executor:
        first, second = (told(executor, (cells.pid,)).values for _ in range(2))
    assert first == second != [os.getpid()]


def test_several_workers_compute_at_a_time(tmp_path: Path) -> None:
    """As many batches are computed at a time as there are jobs."""
    names = [str(tmp_path / name) for name in "ab"]
    with local(2) as executor:
        crossed = [
            Told(executor, (Path.touch, Path(mine)), (cells.wait_for, other))
            for mine, other in (names, names[::-1])
        ]
        assert [batch.values[1] for batch in crossed] == names[::-1]


def test_batches_begin_in_turn(executor: LocalExecutor, tmp_path: Path) -> None:
    """What is submitted first is computed first."""
    go = tmp_path / "go"
    order: list[Any] = []

    def note(event: Event) -> None:
        replies: list[Any] = list(event.replies)
        order.extend(reply.value for reply in replies)

    executor.submit(Batch(cells.pack((cells.wait_for, str(go))), 1, None, None, note))
    for number in range(5):
        executor.submit(Batch(cells.pack((cells.same, number)), 1, None, None, note))
    last = Told(executor, (cells.same, "last"))
    go.touch()
    assert last.values == ["last"]
    assert order == [str(go), *range(5)]


def test_a_short_run_is_told_although_a_long_one_follows(
    executor: LocalExecutor, tmp_path: Path
) -> None:
    """Replies are not held back until the next cell of the batch is done."""
    go = tmp_path / "go"
    shorts = [(cells.same, number) for number in range(20)]
    batch = Told(executor, *shorts, (cells.wait_for, str(go)))
    while len(batch.replies) < len(shorts):
        batch.next()
    go.touch()
    assert batch.values == [*range(20), str(go)]


def test_many_threads_share_an_executor() -> None:
    """Each driver gets the events of its own batches, and nothing else."""
    found: dict[int, list[Any]] = {}

    def drive(executor: LocalExecutor, number: int) -> None:
        batches = [Told(executor, (cells.same, number), (cells.same, i)) for i in range(20)]
        found[number] = [batch.values for batch in batches]

    with local(2) as executor:
        threads = [threading.Thread(target=drive, args=(executor, number)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: [[number, i] for i in range(20)] for number in range(4)}


def test_what_runs_print_is_theirs(executor: LocalExecutor) -> None:
    """The output of a run is captured below Python, and does not mix with that of others."""
    batch = told(executor, (print, "one"), (os.system, "echo two"), (cells.same, 3))
    assert [reply.output for reply in batch.replies] == ["one\n", "two\n", ""]


@pytest.mark.parametrize("method", METHODS)
def test_workers_find_themselves_where_the_parent_is(
    method: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environment, directory and path are those of the parent when the worker starts."""
    told(warm := local(start_method=method), (cells.pid,))
    warm.stop()
    monkeypatch.setenv("EXECUTOR_TEST", "now")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "more"))
    with local(start_method=method) as executor:
        (found,) = told(executor, (cells.surroundings, "EXECUTOR_TEST")).values
    assert found == ("now", str(tmp_path), sys.path)


def test_libraries_do_not_take_all_processors(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numeric libraries get their share of the processors, unless the user has said how many."""
    monkeypatch.setattr("expcache._executor._crew.usable_cpus", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "5")
    executor._jobs = 2
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    values = told(executor, *((cells.surroundings, name) for name in names)).values
    assert [value[0] for value in values] == ["4", "5"]


def test_forked_workers_draw_their_own_numbers() -> None:
    """Workers that are copies of one process do not draw the same random numbers."""
    with local(start_method="fork") as one, local(start_method="fork") as other:
        assert told(one, (cells.draw,)).values != told(other, (cells.draw,)).values


class Waiting:
    """Something that is not to be finalized in a copy of its process."""

    def __init__(self, finalized: Path) -> None:
        """Be part of a circle."""
        self.finalized, self.circle = finalized, self

    def __del__(self) -> None:
        """Leave a note of where it happened."""
        self.finalized.write_text(str(os.getpid()))


def test_forked_workers_leave_the_garbage_of_their_parent(tmp_path: Path) -> None:
    """What the parent has yet to collect is not finalized in a worker, which lacks its threads."""
    told(forking := local(start_method="fork"), (cells.same, 0))  # whatever that needs is there
    gc.disable()
    try:
        Waiting(tmp_path / "finalized")
        with local(start_method="fork") as executor:
            told(executor, (gc.collect,))
        assert not (tmp_path / "finalized").exists()
        gc.collect()
        assert (tmp_path / "finalized").read_text() == str(os.getpid())
    finally:
        gc.enable()
        forking.stop()


@pytest.mark.parametrize("method", METHODS)
def test_a_script_needs_no_main_guard(method: str, tmp_path: Path) -> None:
    """No worker runs the user's script again, and none has its globals as `__main__`."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys; sys.path.insert(0, sys.argv[1]); print('ran')\n"
        "mark = 1\n"
        "import executor_cells as cells\n"
        "executor = cells.local(start_method=sys.argv[2])\n"
        "print(cells.told(executor, (cells.same, 7)).values)\n"
        "executor.stop()\n"
    )
    command = [sys.executable, str(script), str(Path(__file__).parent), method]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("ran\n[7]\n", "")


def test_a_failing_listener_harms_nobody_else(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception of `tell` is reported as that of a thread, and the executor goes on."""
    seen: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)

    def fail(event: Event) -> None:
        raise ValueError(event.finished)

    executor.submit(Batch(cells.pack((cells.same, 1)), 1, None, None, fail))
    assert told(executor, (cells.same, 2)).values == [2]
    assert {args.exc_type for args in seen} == {ValueError}


def test_workers_that_cannot_start_are_given_up(executor: LocalExecutor) -> None:
    """After three workers that died before they could begin, the batches are refused."""
    executor._replies = "executor_cells:nothing_of_this_name"
    first, second = Told(executor, (cells.pid,)), Told(executor, (cells.pid,))
    for batch in (first, second):
        (refusal,) = batch.end().replies
        assert refusal.reason == "import"
        assert refusal.message.startswith(
            "cannot start a worker process: it ended 3 times before it could begin. "
            "Compute with jobs=1, or see what it said last:\nTraceback"
        )
        assert "nothing_of_this_name" in refusal.message


def begins_late(monkeypatch: pytest.MonkeyPatch, times: int) -> list[Process]:
    """Let the first workers never begin, and have no patience with them; return all."""
    begun: list[Process] = []

    def start(method: str, output: str) -> tuple[socket.socket, Process]:
        sock, process = _start.start(method, output)
        late = len(begun) < times
        monkeypatch.setattr(_worker_process, "START_SECONDS", 0.0 if late else 60.0)
        if late:
            assert until(lambda: process.ended() or process._pid)  # type: ignore[attr-defined]
            process.send(signal.SIGSTOP)
        begun.append(process)
        return sock, process

    monkeypatch.setattr(_worker_process, "start", start)
    return begun


@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_never_begins_is_replaced(
    method: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that hangs before it can begin, as a copy of threads may, holds nothing up."""
    begun = begins_late(monkeypatch, 1)
    with local(start_method=method) as executor:
        assert told(executor, (cells.same, 1)).values == [1]
        assert len(begun) == 2
        assert not alive(begun[0]._pid)  # type: ignore[attr-defined]


def test_workers_that_never_begin_are_given_up(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three workers that hung before they could begin, the batches are refused."""
    begins_late(monkeypatch, 3)
    (refusal,) = told(executor, (cells.pid,)).replies
    assert refusal.message.startswith("cannot start a worker process: it ended 3 times ")
    assert refusal.message.endswith("It was ended, since it had not begun in 0 seconds.")
    assert told(executor, (cells.same, 2)).values == [2]


def test_executors_are_recognised() -> None:
    """An executor of ours is taken as it is; without one, worker processes are prepared."""
    given = LocalExecutor(3)
    assert executor_for(1, given) is given
    made = executor_for(2, None)
    assert isinstance(made, Executor)
    assert (type(made), made.jobs, made.shares_files) == (LocalExecutor, 2, True)
    with pytest.raises(ExecutorError) as caught:
        executor_for(2, 7)
    assert str(caught.value) == (
        "cannot compute with 7: it is no executor. "
        "Give an expcache.LocalExecutor or a concurrent.futures.Executor."
    )


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True, "many", None])
def test_jobs_are_a_number(jobs: Any) -> None:
    """Less than one worker, or none at all, is refused."""
    with pytest.raises(ValueError, match="no number of workers") as caught:
        LocalExecutor(jobs)
    assert str(caught.value) == (
        f"cannot compute with jobs={jobs!r}: it is no number of workers. "
        'Give a number from 1 on, or "auto".'
    )


def test_ways_of_starting_are_known() -> None:
    """A start method that is not there is refused, with those that are."""
    with pytest.raises(ValueError, match="no such way") as caught:
        LocalExecutor(1, start_method="thread")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "cannot start workers by 'thread': there is no such way here. "
        "Use one of 'forkserver', 'spawn', 'fork'."
    )
