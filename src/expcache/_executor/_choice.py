"""Which executor computes: the one that was given, or worker processes of our own."""

from __future__ import annotations

from typing import Any

from expcache._executor._futures import FuturesExecutor
from expcache._executor._local import LocalExecutor
from expcache._executor._protocol import Executor
from expcache.errors import ExecutorError

__all__ = ["executor_for"]


def executor_for(jobs: Any, executor: Any) -> Executor:
    """Return an executor: the given one, wrapped where needed, else a new one for `jobs`.

    Raises:
        ExecutorError: the thing given is no executor.
    """
    if executor is None:
        return LocalExecutor(jobs)
    if isinstance(executor, Executor):
        return executor
    if callable(getattr(executor, "submit", None)) and callable(getattr(executor, "map", None)):
        return FuturesExecutor(executor)
    raise ExecutorError(
        f"cannot compute with {executor!r}: it is no executor. "
        "Give an expcache.LocalExecutor or a concurrent.futures.Executor."
    )
