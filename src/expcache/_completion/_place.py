"""Where the runs of one call are computed: here, by workers of its own, or by a given executor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from expcache.errors import ExecutorError

if TYPE_CHECKING:
    from expcache._completion._sent import Sent
    from expcache._completion._todo import Todo
    from expcache._executor import Executor, Wishes
    from expcache._progress import Progress

__all__ = ["Place"]


class Place:
    """The executor of one call; workers of its own end with the call.

    Args:
        jobs: how many processes compute, or ``"auto"``.
        executor: an executor that somebody else ends, or the word of one that ends with the call,
            as does what is wrapped around a pool or a client, but not these; None for workers of
            its own.

    Raises:
        ValueError: ``jobs`` is no number of processes.
        ExecutorError: ``executor`` is none.
    """

    def __init__(self, jobs: int | Literal["auto"], executor: Any) -> None:
        """Choose; no process is started yet."""
        self._executor: Executor | None = None
        self._given: Executor | None = None
        self._is_own = False
        if executor is not None or jobs != 1 or isinstance(jobs, bool):
            self._given = self._make(jobs, executor)

    @property
    def jobs(self) -> int | None:
        """How many runs are computed at once, as it is now; None: one, in this process."""
        return None if self._given is None else self._given.jobs

    @property
    def wishes(self) -> Wishes | None:
        """What the executor wants beside batches; None: runs are computed in this process."""
        if self._given is None:
            return None
        from expcache._executor import wishes_of  # noqa: PLC0415 - as below

        return wishes_of(self._given)

    def refuse_unless_it_outlives(self) -> None:
        """Raise where what is sent would end with this process."""
        wishes = self.wishes
        if wishes is None or not wishes.outlives:
            self.leave(now=True)
            message = "cannot detach: what computes ends with this process."
            raise ExecutorError(f'{message} Use executor="slurm".')

    def hire(self, again: Callable[[list[Todo]], None], progress: Progress) -> Sent:
        """Return what goes to the executor; ``again`` takes back what has to be sent anew."""
        from expcache._completion._sent import Sent  # noqa: PLC0415 - for workers

        return Sent(self._executor or self._make(1, None), again, progress)

    def leave(self, *, now: bool) -> None:
        """End the workers, if they are our own; at once, or when nothing is left to do."""
        if self._executor is not None and self._is_own:
            (self._executor.stop if now else self._executor.close)()

    def _make(self, jobs: Any, executor: Any) -> Executor:
        from expcache._executor import executor_for  # noqa: PLC0415 - as above

        self._executor = made = executor_for(jobs, executor)
        self._is_own = made is not executor
        return made
