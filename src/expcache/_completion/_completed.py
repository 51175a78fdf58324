"""Runs as they complete: the iterator that users hold, and what lives as long as it does."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar
from weakref import WeakKeyDictionary

from expcache._cell import launch_of_call
from expcache._completion._driver import Driver
from expcache._completion._place import Place
from expcache._completion._policy import Policy
from expcache._launch import tags_from
from expcache._perform import underway
from expcache._progress import Display, Option, from_option
from expcache._query import Errors, Failed, Stale
from expcache._retries import Retries
from expcache._run import Run

if TYPE_CHECKING:
    from concurrent.futures import Executor as FuturesPool

    from expcache._executor import Executor, LocalExecutor

__all__ = ["Completed", "as_completed", "compute_within"]

R = TypeVar("R")

_single: list[tuple[int, LocalExecutor]] = []
"""The worker that computes single calls with a time limit, and the process that it belongs to."""

_unended: WeakKeyDictionary[Completed[Any], int] = WeakKeyDictionary()
"""What somebody may still read, and the process that it belongs to."""


@atexit.register
def _close_all() -> None:
    """Stop while everything still works: a generator's own end may come too late for that."""
    for one, pid in list(_unended.items()):
        with suppress(ValueError):  # another thread is about to read it
            if pid == os.getpid():
                one.close()


class Completed(Iterator[Run[R]], Generic[R]):
    """The runs of a sweep as they complete, each safe on disk when it is given.

    Made by ``as_completed``. It computes while it is read; `close` it, or let go of it, to stop.
    """

    def __init__(self, driver: Driver, steps: Iterator[Run[Any]]) -> None:
        """Hold the loop; users call ``as_completed``."""
        self._driver = driver
        self._steps = steps
        _unended[self] = os.getpid()

    def __next__(self) -> Run[R]:
        """Wait for the next run that completes."""
        return next(self._steps)

    def drain(self) -> None:
        """Begin nothing new; what is running is still given."""
        self._driver.draining = True

    def close(self) -> None:
        """Stop now: what is running is ended, what came in is kept."""
        self._steps.close()  # type: ignore[attr-defined] # it is a generator


def as_completed(  # noqa: PLR0913 - each is an option of its own, by keyword
    runs: Iterable[Run[R]],
    *,
    jobs: int | Literal["auto"] = 1,
    executor: Executor | FuturesPool | str | None = None,
    failed: Failed = "retry",
    retries: int | Retries | None = None,
    refresh: bool = False,
    errors: Errors = "keep",
    timeout: float | None = None,
    progress: Option = None,
    relay: bool = True,
    stale: Stale | None = None,
    tags: str | Iterable[str] = (),
    detach: bool = False,
) -> Completed[R]:
    """Compute runs, of one experiment or of many, and give each as soon as it is safe on disk.

    The runs are read as they are needed and forgotten when they are given, so that there may be
    millions. Those that are stored are given as they are; what another process computes is waited
    for and not computed twice.

    Args:
        runs: such as a sweep, or runs of several sweeps.
        jobs: how many worker processes compute, or ``"auto"``: one for each usable CPU. With 1,
            and without a time limit, this process computes.
        executor: where to compute instead: a word such as ``"slurm"``, as for ``executor()``, and
            what it makes ends with the call; or a ``LocalExecutor``, a Dask ``Client`` or any pool
            of ``concurrent.futures``, which is not shut down.
        failed: ``"retry"`` computes again what failed before, ``"keep"`` leaves it failed,
            ``"raise"`` raises the error of the first one that is met.
        retries: how often a run that fails now is tried again, or ``Retries(...)``; in place of
            the experiment's own. Other runs go on while it waits.
        refresh: compute every run, and replace what is stored.
        errors: ``"keep"`` goes on when a run fails and gives it as a failed run, ``"raise"``
            stops at the first and raises its exception.
        timeout: how long one run may take, in seconds, before its worker is ended; in place of
            the experiment's own limit.
        progress: True shows it on standard error, None only if that is a terminal; a function is
            called with a ``Progress`` at each change.
        relay: show here what runs print, warn of and log in their workers.
        stale: what to do with runs that are stored for other code only: ``"recompute"`` them,
            ``"reuse"`` the newest result of theirs whose params agree, or raise an ``"error"`` at
            the first. None: what ``use`` chose, else the variable EXPCACHE_STALE.
        tags: words that the records of what is computed now carry, beside those of their
            experiment.
        detach: send what is to be computed, and do not wait for it: with an executor that computes
            on without this process, such as ``"slurm"``. A later call takes over what is computed.

    Raises:
        ValueError: an option has no such value.
        RunFailedError: a run failed before, and failed is ``"raise"``.
        StaleError: a run is stored for other code only, which was to be an error.
        StoreError: there is something to compute, and the store cannot be made.
        ExecutorError: the executor cannot serve.
    """
    policy = Policy(
        failed=failed,
        refresh=refresh,
        errors=errors,
        timeout=timeout,
        relay=relay,
        stale=stale,
        retries=retries,
        launch=launch_of_call(tags_from(tags)),
        detach=detach,
    )
    place = Place(jobs, executor)
    if detach:
        place.refuse_unless_it_outlives()
    return _begun(runs, policy, place, progress)


def _begun(runs: Iterable[Run[R]], policy: Policy, place: Place, progress: Option) -> Completed[R]:
    counts, display = from_option(progress, _length(runs), jobs=place.jobs or 1)
    driver = Driver(iter(runs), policy, counts, place)
    return Completed(driver, _steps(driver, place, display))


def compute_within(
    run: Run[Any],
    refresh: bool,  # noqa: FBT001 - a callback
    timeout: float | None,
    retries: Retries | None,
) -> Run[Any]:
    """Compute one run in a worker, each attempt for at most ``timeout`` seconds.

    Without a limit it is computed here, unless an engine has it already.
    """
    # That a stored result does not serve, whoever calls this knows.
    place = Place(1, None if timeout is None else _single_worker())
    policy = Policy(
        refresh=refresh,
        timeout=timeout,
        retries=retries,
        stale="recompute",
        launch=launch_of_call(),
    )
    (done,) = _begun([run], policy, place, False)  # noqa: FBT003 - no progress
    return done


def _single_worker() -> LocalExecutor:
    if not _single or _single[0][0] != os.getpid():
        from expcache._executor import LocalExecutor  # noqa: PLC0415 - only for time limits

        _single[:] = [(os.getpid(), LocalExecutor(1))]
    return _single[0][1]


def _steps(driver: Driver, place: Place, display: Display) -> Iterator[Run[Any]]:
    try:
        with display, underway():
            yield from driver.steps()
    except BaseException:
        place.leave(now=True)
        raise
    place.leave(now=False)


def _length(runs: Iterable[Any]) -> int | None:
    try:
        return len(runs)  # type: ignore[arg-type]
    except TypeError:
        return None
