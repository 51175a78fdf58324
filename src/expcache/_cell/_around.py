"""Which runs are going on around the code that asks: runs that call runs."""

from __future__ import annotations

import threading
from contextvars import ContextVar, Token

from expcache._cell._current import CurrentRun, enter, leave
from expcache._stale import mark_run, unmark_run

__all__ = ["belongs_to_runs", "give_to_runs", "inside", "may_belong_to_runs", "runs_around"]

_around: ContextVar[frozenset[str]] = ContextVar("expcache_runs_around", default=frozenset())


def runs_around() -> frozenset[str]:
    """Return the record keys of the runs that the caller is a part of; empty outside of any."""
    return _around.get()


_given: list[bool] = []
"""Not empty where this process is there for runs alone: threads know nothing of who began them."""


def give_to_runs() -> None:
    """Note that whatever this process does from now on is a part of some run."""
    _given[:] = [True]
    mark_run()


def belongs_to_runs() -> bool:
    """Whether the caller is a part of a run, as is every thread of a worker."""
    return bool(_around.get() or _given)


_under_way: dict[int, int] = {}
"""How many runs each thread of this process computes now; a thread changes only its own entry,
without a lock, since a process may be forked at any moment."""


def may_belong_to_runs() -> bool:
    """Whether the caller is a part of a run, or could be one.

    A thread does not know who began it: that may be a run of another thread.
    """
    if belongs_to_runs():
        return True
    if threading.current_thread() is threading.main_thread():
        return False
    return any(thread != threading.get_ident() for thread in tuple(_under_way))


class inside:  # noqa: N801 - used like a function
    """Be inside a run for the time of the block."""

    __slots__ = ("_entered", "_key", "_run", "_thread", "_token")

    _thread: int
    _token: Token[frozenset[str]]
    _entered: Token[CurrentRun | None]

    def __init__(self, key: str, run: CurrentRun) -> None:
        """Begin nothing yet."""
        self._key = key
        self._run = run

    def __enter__(self) -> None:
        """Be inside the run as well."""
        self._token = _around.set(_around.get() | {self._key})
        self._entered = enter(self._run)
        self._thread = thread = threading.get_ident()
        _under_way[thread] = _under_way.get(thread, 0) + 1
        mark_run()

    def __exit__(self, kind: object, *_: object) -> None:
        """Be outside again."""
        leave(self._run, self._entered, whole=kind is None)
        _around.reset(self._token)
        _under_way[self._thread] -= 1
        if not _under_way[self._thread]:
            del _under_way[self._thread]
        if not (_under_way or _given):
            unmark_run()
