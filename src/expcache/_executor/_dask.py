"""A Dask cluster as an executor: an address, somebody's client or cluster, or threads here."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, Final, Literal
from uuid import uuid4

from expcache._executor._batch import Batch, Where
from expcache._executor._clusters import find, reach, start_here
from expcache._executor._cpus import usable_cpus
from expcache._executor._engine import Engine
from expcache._executor._once import TOPIC, LostWorkerError, compute_once
from expcache.errors import ExecutorError

__all__ = ["DaskExecutor", "make", "wrap"]

LOOK_SECONDS: Final = 2.0
PAUSE: Final = 0.05


class DaskExecutor(Engine):
    """Computes batches with the workers of a Dask scheduler, by a client of its own.

    Dask begins what a lost worker had once more; here it does not, since only the run's own policy
    says what is tried again.
    """

    word = "Dask"
    batch_seconds = 0.25

    def __init__(  # noqa: PLR0913 - each is an option of its own, by keyword
        self,
        connect: Callable[[ExitStack], Any],
        *,
        jobs: int | None = None,
        guess: int = 1,
        priority: float = 0,
        shares_files: bool = False,
        resources: Mapping[str, Any] | None = None,
    ) -> None:
        """Describe how to reach a cluster; nothing is connected or started before a run is.

        Args:
            connect: returns a new client, and leaves with the stack what to close.
            jobs: how many batches to have there at a time; None: as many as it has threads.
            guess: how many threads it has, until it is asked.
            priority: of every batch beside what others compute there; higher is earlier.
            shares_files: its workers see the store's directory under the same path.
            resources: what every batch asks of a worker.
        """
        super().__init__(resources)
        self._connect, self._priority = connect, priority
        self.shares_files = shares_files
        self.ahead = jobs
        self._limit, self._threads, self._looked = jobs, guess, 0.0
        self._client: Any = None
        self._opened = ExitStack()
        self._starting = threading.Lock()
        self._known: dict[str, Batch] = {}
        self._served: list[Mapping[str, Any]] = []

    @property
    def jobs(self) -> int:
        """How many threads the workers have, asked for now and then: a cluster may grow."""
        if self._limit is not None:
            return self._limit
        now = time.monotonic()
        if self._is_up() and now - self._looked > LOOK_SECONDS:
            self._looked = now
            with contextlib.suppress(Exception):  # what it was before is as good
                self._threads = max(1, sum(self._client.nthreads().values()))
        return self._threads

    def begin(self, batch: Batch, content: bytes, resources: Mapping[str, Any]) -> Any:
        """Hand a batch to the scheduler."""
        self._find_scheduler()
        self._check(resources)
        key = f"expcache-{uuid4().hex}"
        self._known[key] = batch
        self.tell_where(batch, Where("queued", name=key))
        future = self._client.submit(
            compute_once,
            content,
            key=key,
            pure=False,
            retries=0,
            priority=self._priority,
            resources=dict(resources) or None,
        )
        future.add_done_callback(lambda _: self._known.pop(key, None))
        return future

    def why(self, error: BaseException) -> str:
        """Say what an error of Dask's own means."""
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415 - an extra

        if isinstance(error, LostWorkerError):
            return "the Dask worker that computed it was lost"
        if isinstance(error, KilledWorker):
            count = error.allowed_failures + 1
            return f"Dask has lost {count} workers that were to compute it (KilledWorker)"
        if not isinstance(error, CancelledError):
            return super().why(error)
        if self._is_up():
            return "somebody has cancelled it on the Dask cluster, or restarted that"
        return "the Dask scheduler that had it is gone"

    def leave(self, *, now: bool) -> None:
        """Close the client, and what was started for it."""
        del now
        self._opened.close()

    def _find_scheduler(self) -> None:
        """Connect, or wait for as long as the client tries to connect once more."""
        with self._starting:
            if self._client is None:
                self._client = self._connect(self._opened)
                self._client.subscribe_topic(TOPIC, self._hear)
            elif not self._is_up():
                while self._client.status == "connecting":
                    time.sleep(PAUSE)
                if not self._is_up():
                    message = "cannot submit to Dask: its scheduler is gone."
                    raise ExecutorError(f"{message} Start it again.")
                self._client.subscribe_topic(TOPIC, self._hear)  # it has forgotten

    def _is_up(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def _hear(self, event: tuple[float, Any]) -> None:
        """Take in that a worker has begun a batch."""
        news = event[1]
        batch = self._known.get(news["key"])
        if batch is not None:
            self.tell_where(batch, Where("running", news["host"], news["key"]))

    def _check(self, resources: Mapping[str, Any]) -> None:
        """Refuse what no worker has: Dask would wait for it without a word."""
        if not resources or resources in self._served:
            return
        workers = self._client.scheduler_info()["workers"].values()
        offers = [worker.get("resources", {}) for worker in workers]
        for name, amount in resources.items():
            if isinstance(amount, bool) or not isinstance(amount, int | float):
                message = f"cannot submit to Dask: its resource {name!r} is {amount!r}, no number."
                raise ExecutorError(f"{message} Say how much of it a run needs.")
            if offers and not any(offer.get(name, 0) >= amount for offer in offers):
                message = f"cannot submit to Dask: no worker has {amount} of resource {name!r}."
                raise ExecutorError(f'{message} Start workers with --resources "{name}={amount}".')
        self._served.append(dict(resources))


def make(
    *,
    jobs: int | Literal["auto"] | None = None,
    address: str | None = None,
    scheduler_file: str | None = None,
    priority: float = 0,
    shares_files: bool | None = None,
    **resources: Any,
) -> DaskExecutor:
    """Return an executor of the cluster at an address, or of a scheduler and threads here.

    Args:
        jobs: how many batches to have there at a time; of threads here: how many.
        address: of the scheduler; None: what Dask's own configuration says.
        scheduler_file: what the scheduler has written for its clients, in place of an address.
        priority: beside what others compute there; higher is earlier.
        shares_files: whether workers see the store's directory; None: threads here do.
        resources: what a run asks of a worker, such as ``GPU=1``.
    """
    import distributed  # noqa: PLC0415 - an extra
    from dask import config  # noqa: PLC0415 - as above

    del distributed
    options: dict[str, Any] = {"priority": priority, "resources": resources}
    count = None if jobs == "auto" else jobs
    address = address or config.get("scheduler-address", None)
    if address is None and scheduler_file is None:
        threads = count or usable_cpus()
        here = shares_files is not False
        connect = partial(start_here, threads, resources)
        return DaskExecutor(connect, guess=threads, shares_files=here, **options)
    place = {"scheduler_file": scheduler_file} if address is None else {"address": address}
    return DaskExecutor(
        partial(reach, place), jobs=count, shares_files=bool(shares_files), **options
    )


def wrap(thing: Any) -> DaskExecutor:
    """Return an executor that computes where a client or a cluster of somebody's does.

    Raises:
        ExecutorError: it is neither, is closed, or belongs to an event loop.
    """
    found = find(thing)
    return DaskExecutor(
        partial(reach, found.place), guess=found.threads, shares_files=found.shares_files
    )
