"""The small parts of executors: somebody else's pools, processors, sizes."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import executor_cells as cells
from executor_cells import Told
from expcache._executor import Executor, FuturesExecutor, LocalExecutor, Lost, executor_for
from expcache._executor._cpus import _quota, usable_cpus
from expcache._executor._limit import size_of
from expcache.errors import ExecutorError


def wrapped(executor: Any) -> FuturesExecutor:
    """Return an executor of plain calls."""
    return FuturesExecutor(executor, compute=cells.compute, unpack=pickle.loads)


class Broken:
    """An executor whose futures never give a result."""

    def __init__(self, error: BaseException | None) -> None:
        """Fail with the error; without one, never end."""
        self.error = error
        self.futures: list[Future[Any]] = []

    def submit(self, *_: Any) -> Future[Any]:
        """Return a future."""
        future: Future[Any] = Future()
        self.futures.append(future)
        if self.error is not None:
            future.set_exception(self.error)
        return future

    def map(self, *_: Any) -> None:
        """Look like an executor."""


def test_any_pool_computes() -> None:
    """A concurrent.futures pool computes batches, and stays its owner's."""
    with ThreadPoolExecutor(3) as pool:
        executor = wrapped(pool)
        assert isinstance(executor, Executor)
        assert (executor.jobs, executor.shares_files) == (3, False)
        batches = [Told(executor, (cells.same, i), (cells.same, i + 1)) for i in range(20)]
        assert [batch.values for batch in batches] == [[i, i + 1] for i in range(20)]
        executor.close()
        executor.stop()
        assert pool.submit(int).result() == 0


def test_pools_are_recognised() -> None:
    """What has `submit` and `map` is wrapped; jobs are its own, else one for each processor."""
    executor = executor_for(1, Broken(None))
    assert isinstance(executor, FuturesExecutor)
    assert executor.jobs == usable_cpus()


def test_a_broken_pool_names_a_single_cell() -> None:
    """If a future fails, a batch of one is lost; of a larger one, nobody knows the guilty."""
    executor = wrapped(Broken(RuntimeError("a process died")))
    lost = Told(executor, (cells.same, 1)).end().lost
    assert lost == Lost(0, "crash", None, "", 0.0, "RuntimeError: a process died")
    batch = Told(executor, (cells.same, 1), (cells.same, 2)).end()
    assert (batch.replies, batch.lost) == ([], None)


@pytest.mark.parametrize("end", ["cancel", "stop"])
def test_a_pool_forgets(end: str) -> None:
    """A batch that is cancelled or stopped is told as finished once, whatever comes of it."""
    pool = Broken(None)
    executor = wrapped(pool)
    batch = Told(executor, (cells.same, 1))
    pool.futures[0].set_running_or_notify_cancel()
    executor.cancel(batch.batch) if end == "cancel" else executor.stop()
    assert batch.values == []
    pool.futures[0].set_result(b"")
    assert batch.events.empty()


def test_a_pool_that_was_shut_down_says_so() -> None:
    """What a pool says when it takes no more is passed on."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ExecutorError) as caught:
        Told(wrapped(pool), (cells.same, 1))
    assert str(caught.value) == (
        "cannot submit to a ThreadPoolExecutor: RuntimeError: cannot schedule new futures after "
        "shutdown. Make a new one."
    )
    executor = wrapped(pool)
    executor.close()
    with pytest.raises(ExecutorError) as caught:
        Told(executor, (cells.same, 1))
    assert str(caught.value) == (
        "cannot submit to a ThreadPoolExecutor: it was closed. Make a new one."
    )


def test_the_first_submits_may_come_at_once() -> None:
    """Threads that submit to a new executor at the same moment share its workers."""
    barrier = threading.Barrier(8)
    with cells.local(1) as executor:

        def submit() -> None:
            barrier.wait()
            found.extend(cells.told(executor, (cells.pid,)).values)

        found: list[int] = []
        threads = [threading.Thread(target=submit) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "150000 100000"}, 1.5),
        ({"a/b/cpu.max": "50000 100000", "a/cpu.max": "200000 100000"}, 0.5),
        ({"a/b/cpu.max": "max 100000"}, None),
        ({"cpu/a/b/cpu.cfs_quota_us": "-1", "cpu/a/b/cpu.cfs_period_us": "100000"}, None),
        ({"cpu/a/b/cpu.cfs_quota_us": "300000", "cpu/a/b/cpu.cfs_period_us": "100000"}, 3.0),
        ({}, None),
    ],
)
def test_a_container_pays_for_some_processors(
    files: dict[str, str], expected: float | None, tmp_path: Path
) -> None:
    """The tightest quota of all enclosing control groups counts, of either version."""
    membership = tmp_path / "cgroup"
    membership.write_text("4:cpu,cpuacct:/a/b\n0::/a/b\n")
    root = tmp_path / "root"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    assert _quota(membership, root) == expected
    assert _quota(tmp_path / "missing", root) is None


def test_auto_is_one_for_each_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is as many workers as processors are usable, at least one."""
    assert LocalExecutor().jobs == LocalExecutor("auto").jobs == usable_cpus() >= 1
    monkeypatch.setattr("expcache._executor._cpus._quota", lambda *_: 0.1)
    assert usable_cpus() == 1


@pytest.mark.parametrize(
    ("memory", "size"),
    [
        (None, None),
        (5, 5),
        ("7", 7),
        ("500M", 500_000_000),
        ("1.5 GB", 1_500_000_000),
        ("2GiB", 2 << 30),
        ("3k", 3000),
    ],
)
def test_sizes_are_read(memory: Any, size: int | None) -> None:
    """Memory is a number of bytes, or a text with a unit."""
    assert size_of(memory) == size


@pytest.mark.parametrize("memory", ["much", "", "5X", -1, 0, True, "0M", 1.5j])
def test_what_is_no_size_is_refused(memory: Any) -> None:
    """Anything else is an error when the executor is made."""
    with pytest.raises(ValueError, match="not a size") as caught:
        LocalExecutor(1, memory=memory)
    assert str(caught.value) == (
        f"cannot limit memory to {memory!r}: it is not a size. "
        'Give a number of bytes, or a text like "500M" or "2G".'
    )
