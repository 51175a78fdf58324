"""Sweeps of coroutine functions where an event loop goes on already, as in a notebook."""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from expcache import Retries, errors, experiment, grid

pytestmark = pytest.mark.usefixtures("isolated")

setting: contextvars.ContextVar[int] = contextvars.ContextVar("setting", default=0)


def within_a_loop(act: Callable[[], Any]) -> Any:
    """Call a plain function from a coroutine, as a cell of a notebook does."""

    async def cell() -> Any:
        return act()

    return asyncio.run(cell())


def test_a_sweep_is_computed_within_a_loop() -> None:
    """What awaits gets an event loop of its own, in another thread, and is stored as ever."""
    loops: list[Any] = []

    @experiment
    async def fetch(x: int) -> int:
        await asyncio.sleep(0)
        loops.append((asyncio.get_running_loop(), threading.get_ident()))
        return x * 2

    sweep = fetch.sweep(grid(x=[1, 2]))
    for _ in range(2):
        assert within_a_loop(lambda: sweep.run().results) == [2, 4]
    assert len(loops) == 2
    assert threading.get_ident() not in {thread for _, thread in loops}
    assert sweep.run().results == [2, 4]
    assert within_a_loop(lambda: fetch.run(3).result) == 6
    assert within_a_loop(lambda: sweep.audit(1.0).same)


def test_without_a_loop_this_thread_computes() -> None:
    """Where no event loop goes on, no other thread is begun."""

    @experiment(save=False)
    async def where() -> int:
        return threading.get_ident()

    assert where.run().result == threading.get_ident()


def test_the_caller_is_around_it() -> None:
    """Context variables are those of the caller, and experiments that call others do so."""

    @experiment
    async def inner(x: int) -> int:
        return x + setting.get()

    @experiment
    async def outer(x: int) -> int:
        return int(inner.run(x).result)  # a plain call within the loop of this run

    def act() -> int:
        setting.set(5)
        return outer.run(1).result

    assert within_a_loop(act) == 6
    assert inner.run(1).cached


def test_failures_and_retries_within_a_loop() -> None:
    """A run that fails is tried again and fails as it does without a loop."""
    seen: list[int] = []

    @experiment(retries=Retries(2, on=ConnectionError))
    async def fetch(x: int) -> int:
        seen.append(x)
        if len(seen) < 3:
            raise ConnectionError
        return x

    @experiment
    async def fails(x: int) -> float:
        return 1 / x

    assert within_a_loop(lambda: fetch.run(1).result) == 1
    assert seen == [1, 1, 1]
    run = within_a_loop(lambda: fails.run(0))
    assert run.error.type == "ZeroDivisionError"
    with pytest.raises(errors.RunFailedError):
        _ = run.result


@pytest.mark.skipif(os.name != "posix", reason="a signal to oneself")
def test_an_interrupt_ends_the_coroutine() -> None:
    """Ctrl-C in a notebook cancels what computes, and the run can be computed afterwards."""
    ended: list[int] = []

    @experiment
    async def waits(x: int) -> int:
        if ended:
            return x
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(x)
        return x

    async def cell() -> Any:
        return waits.run(1)

    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(cell())
    finally:
        loop.close()
    assert ended == [1]
    assert waits.run(1).result == 1
