"""Worker processes on this machine."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from expcache._executor._cpus import usable_cpus
from expcache._executor._limit import size_of
from expcache.errors import ExecutorError

if TYPE_CHECKING:
    from types import TracebackType

    from expcache._executor._batch import Batch
    from expcache._executor._supervisor import Supervisor

__all__ = ["LocalExecutor"]

StartMethod = Literal["forkserver", "spawn", "fork"]

REPLIES: Final = "expcache._cell:replies"
STOP_SECONDS: Final = 1.0


class LocalExecutor:
    """Computes runs in worker processes of this machine.

    A run that crashes or exceeds its time limit takes only its own worker along, which is replaced.
    Workers are started when there is something to compute, and never outlive this process. In a
    `with` statement, the executor is closed at the end, or stopped if there was an exception.

    Args:
        jobs: how many workers, or "auto" for as many as processors are usable.
        start_method: "forkserver" (the default where there is one), "spawn" or "fork".
        memory: how much more memory than its worker has anyway a run may use, in bytes or as a
            text like "2G"; beyond it, a run gets a MemoryError.

    Raises:
        ValueError: an argument that cannot be.
    """

    shares_files = True

    def __init__(
        self,
        jobs: int | Literal["auto"] = "auto",
        *,
        start_method: StartMethod | None = None,
        memory: int | str | None = None,
    ) -> None:
        """Describe the workers; none is started yet."""
        self._jobs = _count(jobs)
        self._method = start_method
        self._memory = size_of(memory)
        self._replies = REPLIES
        if start_method is not None:
            _check(start_method)
        self._pid = os.getpid()
        self._found: dict[str, Supervisor] = {}  # for setdefault, which is atomic
        self._over = ""

    @property
    def jobs(self) -> int:
        """How many workers compute at a time."""
        return self._jobs

    def submit(self, batch: Batch) -> None:
        """Queue a batch; what comes of it is told to `batch.tell`, from another thread.

        Raises:
            ExecutorError: the executor was closed or stopped, or belongs to another process.
        """
        if self._supervisor is not None and self._supervisor.over.is_open:
            self._over = self._over or "its thread has ended"
        if self._over or self._pid != os.getpid():
            reason = self._over or "it was made in another process"
            raise ExecutorError(f"cannot submit to {self!r}: {reason}. Make a new LocalExecutor.")
        self._running().order("submit", batch)

    def _running(self) -> Supervisor:
        # Other threads and Ctrl-C may come between any two statements: no lock, and whatever is
        # done twice does no harm.
        if not self._found:
            made = _supervisor(self._jobs, self._method, self._memory, self._replies)
            if self._found.setdefault("supervisor", made) is made:
                weakref.finalize(self, made.order, "stop")
            else:
                made.drop()
        supervisor = self._found["supervisor"]
        if not supervisor.begun:
            name = "expcache workers"
            threading.Thread(target=supervisor.run, name=name, daemon=True).start()
        return supervisor

    @property
    def _supervisor(self) -> Supervisor | None:
        return self._found.get("supervisor")

    def cancel(self, batch: Batch) -> None:
        """Forget a batch that has not begun, end one that runs; either is told as finished."""
        if self._supervisor is not None:
            self._supervisor.order("cancel", batch)

    def forget(self, batch: Batch) -> None:
        """Forget a batch that has not begun, told as finished; one that runs goes on."""
        if self._supervisor is not None:
            self._supervisor.order("forget", batch)

    def stop(self) -> None:
        """End all workers now; what is not finished is told as finished."""
        self._over = self._over or "it was stopped"
        self._end("stop", STOP_SECONDS)

    def close(self) -> None:
        """Take no more batches; the workers leave when the last is done."""
        self._over = self._over or "it was closed"
        self._end("close", 0.0)

    def _end(self, how: Literal["stop", "close"], seconds: float | None) -> None:
        supervisor = self._supervisor
        if supervisor is None or self._pid != os.getpid():
            return
        supervisor.order(how)
        if supervisor.thread != threading.get_ident():
            supervisor.over.wait(seconds)

    def __enter__(self) -> Self:
        """Return the executor."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait until everything is done, or stop if there was an exception."""
        if kind is not None:
            self.stop()
            return
        try:
            self.close()
            self._end("close", None)
        except BaseException:
            self.stop()
            raise

    def __repr__(self) -> str:
        """Show how many workers there may be."""
        return f"LocalExecutor({self._jobs})"


def _count(jobs: Any) -> int:
    if jobs == "auto":
        return usable_cpus()
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        message = f"cannot compute with jobs={jobs!r}: it is no number of workers."
        raise ValueError(f'{message} Give a number from 1 on, or "auto".')
    return jobs


def _check(method: str) -> None:
    from expcache._executor._start import METHODS  # noqa: PLC0415 - heavy; most take the default

    if method not in METHODS:
        known = ", ".join(map(repr, METHODS))
        message = f"cannot start workers by {method!r}: there is no such way here."
        raise ValueError(f"{message} Use one of {known}.")


def _supervisor(*plan: Any) -> Supervisor:
    from expcache._executor._ending import make  # noqa: PLC0415 - once there is something to do

    return make(*plan)
