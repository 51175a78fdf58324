"""What adapters of engines are made of, with a small engine that computes in this process."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import engine_subjects as subjects
from executor_cells import until
from expcache import as_completed, experiment, grid
from expcache._completion._pace import Pace
from expcache._executor import Batch, Engine, Event, Where, _beside, compute
from expcache.errors import ExecutorError

pytestmark = pytest.mark.usefixtures("isolated")


class Depot(Engine):
    """An engine that collects batches until no more come, and then computes all of them."""

    word = "the depot"
    elsewhere = apart = False
    ahead = 10_000

    def __init__(self, **resources: Any) -> None:
        """Begin with nothing collected."""
        super().__init__(resources)
        self.collected: list[tuple[Batch, bytes, Future[bytes]]] = []
        self.asked: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        self.left: list[bool] = []

    @property
    def jobs(self) -> int:
        """Compute one after the other."""
        return 1

    def begin(self, batch: Batch, content: bytes, resources: Mapping[str, Any]) -> Any:
        """Collect a batch."""
        self.asked.append(dict(resources))
        future: Future[bytes] = Future()
        self.collected.append((batch, content, future))
        return future

    def flush(self) -> None:
        """Compute what was collected."""
        if self.collected:
            self.sizes.append(len(self.collected))
        for batch, content, future in [self.collected.pop(0) for _ in list(self.collected)]:
            if future.set_running_or_notify_cancel():
                self.meet(batch, content, future)

    def meet(self, batch: Batch, content: bytes, future: Future[bytes]) -> None:
        """Compute one."""
        del batch
        future.set_result(compute(content))

    def leave(self, *, now: bool) -> None:
        """Note it."""
        self.left.append(now)


class Trickling(Depot):
    """An engine that computes one after the other, and tells of each at once."""

    ahead = 8
    batch_seconds = 0.0

    def __init__(self, *, together: bool) -> None:
        """Say whether it rather gets much than often."""
        super().__init__()
        self.together = together
        self.taken: list[tuple[Batch, bytes, Future[bytes]]] = []

    def flush(self) -> None:
        """Take what was collected, and compute one of all that was taken."""
        if self.collected:
            self.sizes.append(len(self.collected))
        self.taken += self.collected
        self.collected.clear()
        self.meet(*self.taken.pop(0))


class Losing(Depot):
    """An engine whose first batch of some size is lost with its machine."""

    lost = 0
    size = 1

    def meet(self, batch: Batch, content: bytes, future: Future[bytes]) -> None:
        """Lose the first, and tell of it from another thread."""
        if self.lost or batch.size < self.size:
            return super().meet(batch, content, future)
        self.lost += 1
        thread = threading.Thread(target=self.lose, args=(batch, "its machine is gone"))
        thread.start()
        return thread.join()


class Beside(Depot):
    """An engine whose process has workers of ours beside it."""

    apart = True


@experiment
def device(x: int) -> str | None:
    """Return what the engine has set."""
    del x
    return os.environ.get("ENGINE_DEVICE")


@experiment(resources={"cpus": 4})
def heavy(x: int) -> int:
    """Ask for resources."""
    return x


@experiment
def light(x: int) -> int:
    """Ask for nothing."""
    return x


def test_what_is_collected_begins_at_once() -> None:
    """An engine that collects is given all there is before it is told to begin."""
    depot = Depot()
    runs = light.sweep(grid(x=range(700))).run(executor=depot)
    assert runs.results == list(range(700))
    assert depot.sizes == [700]


def test_resources_reach_the_engine() -> None:
    """Each batch asks for what is configured, and before it for what its experiment says."""
    depot = Depot(cpus=1, partition="main")
    several = [*heavy.sweep(grid(x=[1, 2])), *light.sweep(grid(x=[1, 2]))]
    assert len(list(as_completed(several, executor=depot))) == 4
    asked = sorted(one["cpus"] for one in depot.asked)
    assert asked == [1, 1, 4, 4]
    assert {one["partition"] for one in depot.asked} == {"main"}


@pytest.mark.parametrize("resources", [3, ["cpus"], {1: 2}])
def test_resources_have_names(resources: Any) -> None:
    """What is no mapping of names is refused."""
    with pytest.raises(ValueError, match="they have no names") as caught:
        experiment(resources=resources)
    assert str(caught.value) == (
        f"cannot make an experiment with resources={resources!r}: they have no names. "
        'Give a dictionary such as {"cpus": 4}.'
    )


def test_resources_are_no_part_of_the_id() -> None:
    """What a run asks of an engine changes neither its id nor its code."""
    other = experiment(resources={"cpus": 9})(heavy.__wrapped__)
    assert (other.id(1), other.code) == (heavy.id(1), heavy.code)


def test_a_lost_run_says_why() -> None:
    """A run that is lost fails with what the engine says, once, and is not computed again."""
    depot = Losing()
    runs = light.sweep(grid(x=[1, 2])).run(executor=depot)
    assert [run.status for run in runs] == ["failed", "done"]
    assert str(runs[0].error) == (
        f"expcache.errors.CrashError: cannot compute run {runs[0].id} of "
        f"'{light.name}': its machine is gone. Run it again."
    )


def test_a_lost_run_is_tried_again_if_asked() -> None:
    """The policy for retries is ours, and a loss is a failure like any other."""
    run = light.sweep(grid(x=[1])).run(executor=Losing(), retries=1)[0]
    assert (run.result, len(run.attempts)) == (1, 2)


def test_runs_that_were_lost_together_are_sent_one_by_one() -> None:
    """Of several runs that are lost nobody knows which it was: all are computed again."""
    depot = Losing()
    depot.batch_seconds, depot.ahead, depot.size = 3600.0, 1, 2
    sweep = light.sweep(grid(x=range(40)))
    assert sweep.run(executor=depot).results == list(range(40))
    assert depot.lost == 1


def test_a_late_answer_is_ignored() -> None:
    """What an engine brings after it has told of a loss changes nothing."""
    depot, told = Depot(), list[Event]()
    batch = Batch(b"", 1, None, None, told.append)
    depot.submit(batch)
    depot.lose(batch, "it is gone")
    depot.collected[0][2].set_exception(RuntimeError("late"))
    depot.lose(batch, "again")
    assert [(one.lost and one.lost.why, one.finished) for one in told] == [("it is gone", True)]


def test_a_cancelled_future_is_a_loss() -> None:
    """What somebody else cancels at the engine is lost, what we forget is only finished."""
    depot, told = Depot(), list[Event]()
    batches = [Batch(b"", 1, None, None, told.append) for _ in range(3)]
    for batch in batches:
        depot.submit(batch)
    depot.collected[0][2].cancel()
    depot.forget(batches[1])
    depot.cancel(batches[2])
    assert [one.lost and one.lost.why for one in told] == ["CancelledError", None, None]
    assert all(one.finished for one in told)


def test_the_engine_tells_where_a_batch_is() -> None:
    """News of where a batch stands is passed on while it is not finished."""
    depot, told = Depot(), list[Event]()
    batch = Batch(b"", 1, None, None, told.append)
    depot.submit(batch)
    depot.tell_where(batch, Where("running", "node7", "17_3"))
    depot.cancel(batch)
    depot.tell_where(batch, Where("running"))
    assert [(one.where, one.finished) for one in told] == [
        (Where("running", "node7", "17_3"), False),
        (None, True),
    ]


@pytest.mark.parametrize(("together", "sizes"), [(True, [8, 5, 5, 5, 1]), (False, [8, *[1] * 16])])
def test_what_is_sent_together_is_sent_in_halves(
    together: bool,  # noqa: FBT001 - a parameter of a test
    sizes: list[int],
) -> None:
    """An executor that rather gets much than often gets more when less than half is left."""
    engine = Trickling(together=together)
    runs = light.sweep(grid(x=range(24))).run(executor=engine)
    assert (runs.results, engine.sizes) == (list(range(24)), sizes)


@pytest.mark.parametrize("now", [True, False])
def test_an_engine_is_left_once(now: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """The engine is left when the last batch is done, or at once when it is stopped."""
    depot, told = Depot(), list[Event]()
    depot.submit(Batch(b"", 1, None, None, told.append))
    if now:
        depot.stop()
    else:
        depot.close()
        assert not depot.left
        depot.flush()
    depot.close()
    depot.stop()
    assert depot.left == [now]
    with pytest.raises(ExecutorError) as caught:
        depot.submit(Batch(b"", 1, None, None, told.append))
    assert str(caught.value) == "cannot submit to the depot: it was closed. Make a new one."


def test_a_block_closes_or_stops() -> None:
    """A `with` statement closes an executor, and stops it if there was an exception."""
    with Depot() as quiet:
        pass
    loud = Depot()
    with pytest.raises(ZeroDivisionError), loud:
        raise ZeroDivisionError
    assert (quiet.left, loud.left) == ([False], [True])


def test_batches_are_as_long_as_the_engine_wants() -> None:
    """Runs are sent together until a batch takes the time that the engine asks for."""
    pace = Pace(0.5)
    todo: Any = deque([object()] * 1000)
    assert pace.batch("fit", len(todo), 2) == 1
    pace.note("fit", 0.01)
    assert pace.batch("fit", len(todo), 2) == 50
    assert pace.batch("fit", 10, 2) == 3
    pace.note("slow", 0.6)
    assert pace.batch("slow", len(todo), 2) == 1
    assert (pace.ahead("fit", 3), Pace(0.5, 99).ahead("fit", 3)) == (6, 99)


def test_time_limits_hold_in_any_pool(tmp_path: Path) -> None:
    """A pool that cannot end a run keeps a time limit all the same."""
    with ThreadPoolExecutor(2) as pool:
        sweep = subjects.held.sweep(grid(x=[1], folder=str(tmp_path)))
        run = sweep.run(executor=pool, timeout=1.0)[0]
    assert "took longer than its time limit of 1 s" in str(run.error)


def test_draining_fails_nothing(tmp_path: Path) -> None:
    """What is not begun when a session drains is missing, not failed."""
    with ThreadPoolExecutor(1) as pool:
        sweep = subjects.held.sweep(grid(x=range(5), folder=str(tmp_path)))
        completed = sweep.as_completed(executor=pool)
        runs: list[Any] = []
        reader = threading.Thread(target=lambda: runs.extend(completed), daemon=True)
        reader.start()
        assert until(lambda: list(tmp_path.glob("begun-*")))
        completed.drain()
        (tmp_path / "go").touch()
        reader.join(60)
    statuses = sweep.status()
    assert (statuses["failed"], statuses["done"]) == (0, len(runs))


def test_idle_workers_beside_an_engine_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker beside an engine's process serves call after call, and leaves when none come."""
    monkeypatch.setattr(_beside, "_free", deque())
    runs = [light.sweep(grid(x=[x])).run(executor=Beside())[0] for x in (1, 2)]
    assert [run.result for run in runs] == [1, 2]
    [kept] = _beside._free
    _beside.dismiss(kept.since)
    assert list(_beside._free) == [kept]
    _beside.dismiss(kept.since + _beside.IDLE_SECONDS)
    assert not _beside._free
    with pytest.raises(ExecutorError, match="it was closed"):
        kept.executor.submit(Batch(b"", 1, None, None, print))


def test_another_environment_takes_another_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an engine sets in its process for a call holds for the run."""
    monkeypatch.setattr(_beside, "_free", deque())
    for number in ("1", "2"):
        monkeypatch.setenv("ENGINE_DEVICE", number)
        run = device.sweep(grid(x=[int(number)])).run(executor=Beside())[0]
        assert run.result == number
    [kept] = _beside._free
    kept.executor.stop()
