"""Futures that never resolve: what was sent with a time limit is given up some day."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from expcache import experiment, grid
from expcache._executor import Batch, FuturesExecutor
from expcache._executor._overdue import Overdue


class Clock:
    """A clock that stands."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Watched:
    """A watch with a clock of its own, and what it has given up."""

    def __init__(self) -> None:
        """Begin with nothing watched."""
        self.clock = Clock()
        self.lost: list[Batch] = []
        self.overdue = Overdue(self.lost.append, 30.0, self.clock)

    def add(self, limit: float | None, *, running: bool = True) -> tuple[Batch, Future[bytes]]:
        """Watch a batch of two runs."""
        batch, future = Batch(b"", 2, limit, None, lambda _: None), Future[bytes]()
        if running:
            assert future.set_running_or_notify_cancel()
        self.overdue.add(batch, future)
        self.overdue.look()
        return batch, future

    def after(self, seconds: float) -> list[Batch]:
        """Look again so many seconds later."""
        self.clock.now += seconds
        self.overdue.look()
        return self.lost


@pytest.fixture
def watched() -> Any:
    """A watch, at whose end nothing is left to watch."""
    made = Watched()
    yield made
    for batch in list(made.overdue._held):
        made.overdue.hear(batch, finished=True)


def test_what_is_under_way_for_too_long_is_given_up(watched: Watched) -> None:
    """A batch is given up once, when all its limits and the grace are over, and not before."""
    batch, _ = watched.add(5.0)
    assert watched.after(40.0) == []
    assert watched.after(0.5) == [batch]
    assert watched.after(100.0) == [batch]


def test_news_of_others_are_news(watched: Watched) -> None:
    """As long as an engine tells of something, it may have put a batch behind others."""
    batch, _ = watched.add(5.0)
    other, _ = watched.add(5.0)
    watched.after(30.0)
    watched.overdue.hear(other, finished=True)
    assert watched.after(39.0) == []
    watched.overdue.hear(batch, finished=False)
    assert watched.after(39.0) == []
    assert watched.after(2.0) == [batch]


@pytest.mark.parametrize(
    ("limit", "running"), [(None, True), (5.0, False)], ids=["no limit", "queued"]
)
def test_what_may_take_long_is_waited_for(
    watched: Watched,
    limit: float | None,
    running: bool,  # noqa: FBT001 - pytest passes it by keyword
) -> None:
    """A run without a time limit, and one that waits in a queue, may take as long as they like."""
    watched.add(limit, running=running)
    assert watched.after(1e6) == []
    assert watched.after(1e6) == []


def test_what_is_done_is_watched_no_more(watched: Watched) -> None:
    """Nothing is given up that has a result, whether its engine has told of it yet or not."""
    _, future = watched.add(5.0)
    future.set_result(b"")
    assert watched.after(1e6) == []
    assert not watched.overdue._held


class Forgetful(ThreadPoolExecutor):
    """A pool that says that it computes, and never does."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        """Return a future that stays as it is."""
        future: Future[Any] = Future()
        assert future.set_running_or_notify_cancel()
        return future


@pytest.mark.usefixtures("isolated")
def test_a_sweep_ends_though_a_future_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose future never resolves fails, and says why; nothing hangs."""
    monkeypatch.setattr(FuturesExecutor, "patience", 0.0)

    @experiment(timeout=0.01)
    def forgotten(x: int) -> int:
        return x

    with Forgetful(1) as pool:
        (run,) = forgotten.sweep(grid(x=[1])).run(executor=pool)
    assert run.status == "failed"
    told = "a Forgetful has told nothing of it or of others for 0 s more than its time limit"
    assert run.error is not None
    assert run.error.message.endswith(f"{told}. Run it again.")
    assert forgotten.sweep(grid(x=[1])).status()["running"] == 0
