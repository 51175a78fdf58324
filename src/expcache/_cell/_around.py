"""Which runs are going on around the code that asks: runs that call runs."""

from __future__ import annotations

from contextvars import ContextVar, Token

__all__ = ["belongs_to_runs", "give_to_runs", "inside", "runs_around"]

_around: ContextVar[frozenset[str]] = ContextVar("expcache_runs_around", default=frozenset())


def runs_around() -> frozenset[str]:
    """Return the record keys of the runs that the caller is a part of; empty outside of any."""
    return _around.get()


_given: list[bool] = []
"""Not empty where this process is there for runs alone: threads know nothing of who began them."""


def give_to_runs() -> None:
    """Note that whatever this process does from now on is a part of some run."""
    _given[:] = [True]


def belongs_to_runs() -> bool:
    """Whether the caller is a part of a run, as is every thread of a worker."""
    return bool(_around.get() or _given)


class inside:  # noqa: N801 - used like a function
    """Be inside a run for the time of the block."""

    __slots__ = ("_key", "_token")

    _token: Token[frozenset[str]]

    def __init__(self, key: str) -> None:
        """Begin nothing yet."""
        self._key = key

    def __enter__(self) -> None:
        """Be inside the run as well."""
        self._token = _around.set(_around.get() | {self._key})

    def __exit__(self, *_: object) -> None:
        """Be outside again."""
        _around.reset(self._token)
