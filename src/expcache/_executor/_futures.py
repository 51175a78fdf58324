"""Any executor of `concurrent.futures` as one of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from expcache._executor._batch import Batch, Lost
from expcache._executor._cpus import usable_cpus
from expcache._executor._engine import Engine
from expcache._executor._remote import compute, order

if TYPE_CHECKING:
    from expcache._cell import Refusal, Reply

__all__ = ["FuturesExecutor"]


class FuturesExecutor(Engine):
    """Computes batches with somebody else's executor, which stays somebody else's.

    It is never shut down from here, unless it was made for this. A run that has begun goes on
    when it is cancelled; what comes of it is ignored. A run with a time limit is computed in a
    process beside the pool's own, which can be ended.
    """

    def __init__(  # noqa: PLR0913 - each is an option of its own, by keyword
        self,
        executor: Any,
        *,
        elsewhere: bool = False,
        apart: bool | None = None,
        jobs: int | None = None,
        shutdown: bool = False,
        compute: Callable[[bytes], bytes] | None = None,
        unpack: Callable[[bytes], list[Reply | Refusal]] | None = None,
    ) -> None:
        """Wrap an executor: anything with `submit(function, argument)` that returns a future.

        Args:
            executor: the executor.
            elsewhere: its workers have no files of the project.
            apart: compute each run in a process beside the pool's; None: those elsewhere.
            jobs: how many workers it has; None: as many as it says.
            shutdown: shut it down when this executor is closed.
            compute: called in place of what computes cells.
            unpack: reads what that returns.
        """
        super().__init__()
        self._executor = executor
        self.word = f"a {type(executor).__name__}"
        self.elsewhere = elsewhere
        self.apart = elsewhere if apart is None else apart
        self._jobs = jobs
        self._shutdown = shutdown
        self._compute, self._unpack = compute, unpack

    @property
    def jobs(self) -> int:
        """How many workers the executor says it has, else one for each processor."""
        if self._jobs is None:  # asked for all the time, it shall cost nothing
            workers: Any = getattr(self._executor, "_max_workers", None)
            known = isinstance(workers, int) and workers > 0
            self._jobs = int(workers) if known else usable_cpus()
        return self._jobs

    def begin(self, batch: Batch, content: bytes, resources: Mapping[str, Any]) -> Any:
        """Hand a batch to the executor; it knows of no resources."""
        del batch, resources
        return self._executor.submit(self._compute or compute, content)

    def leave(self, *, now: bool) -> None:
        """Shut down an executor that was made for this one."""
        if self._shutdown:
            self._executor.shutdown(wait=False, cancel_futures=now)

    def _pack(self, batch: Batch) -> bytes:
        if self._compute is not None:
            return batch.payload
        return order(batch, apart=self.apart or batch.timeout is not None)

    def _open(self, answer: bytes) -> tuple[list[Any], Lost | None]:
        return super()._open(answer) if self._unpack is None else (self._unpack(answer), None)
