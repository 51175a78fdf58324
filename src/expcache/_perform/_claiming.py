"""Let one caller compute a run while all others wait for what comes of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, Protocol

from expcache._cell import belongs_to_runs, runs_around
from expcache._environment import host
from expcache._perform._underway import sweeps_underway
from expcache._query import Failed, located_at
from expcache._run import Run
from expcache._store import Claim

__all__ = ["claimed", "claimed_async", "held_up", "may_wait_for_us", "recall_failed"]


class Seeker(Protocol):
    """What looks a run up: the part of a performer that waiting needs."""

    def key_of(self, run: Run[Any]) -> str:
        """Return the record key of the run's result."""
        ...

    def recall(self, run: Run[Any], *, whole: bool = False) -> Run[Any] | None:
        """Return the stored run, or None."""
        ...

    def failure(self, run: Run[Any]) -> bytes | None:
        """Return the record of the run's failure, or None."""
        ...


_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.25

PATIENCE = 60.0
"""For how many seconds to wait, with a sweep of our own held up, for the sweep of another process:
its program may wait for what that sweep of ours has claimed."""


def claimed(
    performer: Seeker, run: Run[Any], *, refresh: bool = False, adopt: bool = False
) -> Run[Any] | Claim | None:
    """Return the run as somebody else has stored it, or the claim to compute it.

    None means: compute it without a claim, since waiting for its holder might never end.

    Args:
        performer: gives the run.
        run: the run that was not found.
        refresh: compute it though somebody else has stored it meanwhile.
        adopt: take a failure, too, from whoever computed it while we waited.
    """
    for step in _steps(performer, run, refresh=refresh, adopt=adopt):
        if not isinstance(step, float):
            return step
        time.sleep(step)
    return None


async def claimed_async(performer: Seeker, run: Run[Any]) -> Run[Any] | Claim | None:
    """Do as `claimed` does, and let the event loop go on meanwhile."""
    import asyncio  # noqa: PLC0415 - whoever awaits this has imported it

    for step in _steps(performer, run, refresh=False, adopt=False):
        if not isinstance(step, float):
            return step
        await asyncio.sleep(step)
    return None


def _steps(
    performer: Seeker, run: Run[Any], *, refresh: bool, adopt: bool
) -> Iterator[Run[Any] | Claim | float | None]:
    """Yield pauses, in seconds, and at last what came of waiting."""
    store, name, key = run._store, run.experiment, performer.key_of(run)
    if key in runs_around():  # it calls itself: the end of that is Python's to find
        yield None
        return
    pause, before = _FIRST_PAUSE, performer.failure(run) if adopt else None
    began = time.monotonic()
    while not (won := store.claim(name, [key])):
        other = store.claims(name).get(key)
        if other is not None and may_wait_for_us(other, began) and (held_up() or _is_here(other)):
            yield None
            return
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    found = None if refresh else performer.recall(run, whole=True)
    if found is None and adopt and pause != _FIRST_PAUSE:
        found = _failed_meanwhile(performer, run, before)
    if found is not None:
        store.release(name, won.values())
    yield found or won[key]


def recall_failed(performer: Seeker, run: Run[Any], failed: Failed) -> Run[Any] | None:
    """Return a run that failed before, if it is not to be tried again.

    Raises:
        RunFailedError: it failed, and that is to be raised.
    """
    if failed == "retry" or performer.failure(run) is None:
        return None
    run._settle(located_at(f"{performer.key_of(run)}!"), cached=True)
    return run if failed == "keep" else run._raise_failed("failed='retry' tries it again.")


def _failed_meanwhile(performer: Seeker, run: Run[Any], before: bytes | None) -> Run[Any] | None:
    failure = performer.failure(run)
    if failure is None or failure == before:
        return None
    return run._settle(located_at(f"{performer.key_of(run)}!"), cached=True)


def held_up(*, own: int = 0) -> bool:
    """Whether others wait while we do: the run that we are in, or sweeps of this thread.

    Args:
        own: how many sweeps of this thread go on with us, as they are us.
    """
    return belongs_to_runs() or sweeps_underway() > own


def may_wait_for_us(claim: Claim, began: float) -> bool:
    """Whether the holder may begin this run only after what we hold up, waiting since ``began``.

    A sweep claims runs before it begins them. Inside a run, and where a sweep of this thread is
    held up by us, waiting for it could mean waiting for ourselves.
    """
    if claim.key in runs_around():
        return True
    late = belongs_to_runs() or _is_here(claim) or time.monotonic() - began > PATIENCE
    return claim.bulk and late


def _is_here(claim: Claim) -> bool:
    return claim.pid == os.getpid() and claim.host == host()
