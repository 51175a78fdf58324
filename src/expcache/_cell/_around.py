"""Which runs are going on around the code that asks: runs that call runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["inside", "runs_around"]

_around: ContextVar[frozenset[str]] = ContextVar("expcache_runs_around", default=frozenset())


def runs_around() -> frozenset[str]:
    """Return the record keys of the runs that the caller is a part of; empty outside of any."""
    return _around.get()


@contextmanager
def inside(key: str) -> Iterator[None]:
    """Be inside a run for the time of the block."""
    token = _around.set(_around.get() | {key})
    try:
        yield
    finally:
        _around.reset(token)
