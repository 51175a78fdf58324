"""Run a coroutine from a plain call, also where an event loop goes on around the caller."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

__all__ = ["run_coroutine"]

T = TypeVar("T")

_PAUSE, _PAUSES = 0.01, 500
"""How often to look, in seconds, whether a coroutine that is to be cancelled has begun."""


def run_coroutine(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Return what a coroutine returns, run in an event loop of its own.

    In this thread, or in another one if an event loop goes on here, as in a notebook. That loop
    stands still meanwhile, as with any call that takes a while.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(make())
    value: T = _Apart(make).wait()
    return value


class _Apart:
    """A coroutine in a thread of its own, with the caller's context."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._make = make
        self._outcome: Future[Any] = Future()
        self._task: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None
        context = copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._work,), daemon=True)

    def wait(self) -> Any:
        """Return what comes of it; cancel it if the wait is interrupted."""
        try:
            self._thread.start()
            return self._outcome.result()
        except BaseException:
            if self._thread.ident is not None:
                self._cancel()
            raise

    def _work(self) -> None:
        try:
            self._outcome.set_result(asyncio.run(self._noted()))
        except BaseException as error:  # noqa: BLE001 - the caller's to meet, whatever it is
            self._outcome.set_exception(error)

    async def _noted(self) -> Any:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: it is this one
        self._task = asyncio.get_running_loop(), task
        return await self._make()

    def _cancel(self) -> None:
        """End it, and wait for that."""
        for _ in range(_PAUSES):
            if self._task is not None or self._outcome.done():
                break
            time.sleep(_PAUSE)
        if self._task is not None and not self._outcome.done():
            loop, task = self._task
            with suppress(RuntimeError):  # it ended this moment
                loop.call_soon_threadsafe(task.cancel)
            self._outcome.exception()
