"""What a Dask worker calls: it computes what it is sent once, however often Dask begins it."""

from __future__ import annotations

import platform
from typing import Any, Final

from expcache._executor._remote import compute

__all__ = ["TOPIC", "LostWorkerError", "compute_once"]

TOPIC: Final = "expcache"
"""Where workers tell what they have begun."""


class LostWorkerError(Exception):
    """Another worker had begun it, and was lost."""


def compute_once(content: bytes, /) -> bytes:
    """Compute what `order` made; refuse what another worker has begun before.

    Dask gives what a lost worker had to another one, for as long as its scheduler allows, which
    nobody can forbid for one call. A flag that the scheduler keeps tells that this is such a call.

    Raises:
        LostWorkerError: another worker had begun it.
    """
    from distributed import Event, get_client, get_worker  # noqa: PLC0415 - Dask's workers have it

    worker: Any = get_worker()
    key = worker.get_current_task()
    begun = Event(key, client=get_client())
    if begun.is_set():
        begun.clear()
        raise LostWorkerError
    begun.set()
    worker.log_event(TOPIC, {"key": key, "host": platform.node()})
    try:
        return compute(content)
    finally:
        begun.clear()
