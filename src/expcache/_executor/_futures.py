"""Any executor of `concurrent.futures` as one of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from expcache._executor._batch import Batch, Event, Lost
from expcache._executor._cpus import usable_cpus
from expcache.errors import ExecutorError

if TYPE_CHECKING:
    from expcache._cell import Refusal, Reply

__all__ = ["FuturesExecutor"]


class FuturesExecutor:
    """Computes batches with somebody else's executor, which stays somebody else's.

    It is never shut down from here. Its workers cannot be ended one by one, so there are no
    time limits, and a run that begun goes on when it is cancelled; what comes of it is ignored.
    """

    shares_files = False

    def __init__(
        self,
        executor: Any,
        *,
        compute: Callable[[bytes], bytes] | None = None,
        unpack: Callable[[bytes], list[Reply | Refusal]] | None = None,
    ) -> None:
        """Wrap an executor: anything with `submit(function, argument)` that returns a future."""
        self._executor = executor
        self._compute, self._unpack = compute, unpack
        self._batches: dict[Any, Batch] = {}  # only popped, which is atomic: one event ends each
        self._closed = False

    @property
    def jobs(self) -> int:
        """How many workers the executor says it has, else one for each processor."""
        workers = getattr(self._executor, "_max_workers", None)
        return workers if isinstance(workers, int) and workers > 0 else usable_cpus()

    def submit(self, batch: Batch) -> None:
        """Hand a batch to the executor.

        Raises:
            ExecutorError: the batch has a time limit, or the executor takes no more.
        """
        kind = type(self._executor).__name__
        if batch.timeout is not None:
            raise ExecutorError(
                f"cannot keep a time limit of {batch.timeout:g} seconds with a {kind}: it cannot "
                "end a single run. Leave the limit out, or use expcache.LocalExecutor."
            )
        if self._closed:
            raise ExecutorError(f"cannot submit to a {kind}: it was closed. Wrap it anew.")
        try:
            future = self._executor.submit(self._function(), batch.payload)
        except Exception as error:
            raise ExecutorError(
                f"cannot submit to a {kind}: {type(error).__name__}: {error}. Make a new one."
            ) from error
        self._batches[future] = batch
        future.add_done_callback(self._done)

    def _function(self) -> Callable[[bytes], bytes]:
        if self._compute is None:
            from expcache import _cell  # noqa: PLC0415 - heavy, and only needed once runs are sent

            self._compute, self._unpack = _cell.compute_cells, _cell.unpack_replies
        return self._compute

    def _done(self, future: Any) -> None:
        batch = self._batches.pop(future, None)
        if batch is not None:
            batch.tell(self._event(batch, future))

    def _event(self, batch: Batch, future: Any) -> Event:
        try:
            answer = future.result()
            replies = self._unpack(answer) if self._unpack else []
        except BaseException as error:  # noqa: BLE001 - CancelledError of asyncio is one too
            return Event(batch, [], self._lost(batch, future, error), finished=True)
        return Event(batch, replies, None, finished=True)

    def _lost(self, batch: Batch, future: Any, error: BaseException) -> Lost | None:
        if batch.size > 1 or future.cancelled():
            return None  # nobody knows which cell it was: they are sent one by one
        return Lost(0, "crash", None, f"{type(error).__name__}: {error}", 0.0)

    def cancel(self, batch: Batch) -> None:
        """Cancel a batch, or ignore what will come of it."""
        for future, each in list(self._batches.items()):
            if each is batch:
                self._drop(future)

    def forget(self, batch: Batch) -> None:
        """Cancel a batch that has not begun; one that runs goes on."""
        for future, each in list(self._batches.items()):
            if each is batch:
                future.cancel()

    def _drop(self, future: Any) -> None:
        batch = self._batches.pop(future, None)
        if batch is not None:
            future.cancel()
            batch.tell(Event(batch, [], None, finished=True))

    def stop(self) -> None:
        """Cancel what has not begun, and ignore what will come of the rest."""
        self._closed = True
        for future in list(self._batches):
            self._drop(future)

    def close(self) -> None:
        """Take no more batches."""
        self._closed = True
