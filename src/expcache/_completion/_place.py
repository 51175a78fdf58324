"""Where the runs of one call are computed: here, by workers of its own, or by a given executor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from expcache._completion._sent import Sent
    from expcache._completion._todo import Todo
    from expcache._executor import Executor

__all__ = ["Place"]


class Place:
    """The executor of one call; workers of its own end with the call.

    Args:
        jobs: how many processes compute, or ``"auto"``.
        executor: an executor that somebody else ends; None for workers of its own.

    Raises:
        ValueError: ``jobs`` is no number of processes.
        ExecutorError: ``executor`` is none.
    """

    def __init__(self, jobs: int | Literal["auto"], executor: Any) -> None:
        """Choose; no process is started yet."""
        self.jobs: int | None = None
        """How many runs are computed at once; None: one, in this process."""
        self._executor: Executor | None = None
        self._is_own = executor is None
        if executor is not None or jobs != 1 or isinstance(jobs, bool):
            self.jobs = self._make(jobs, executor).jobs

    def hire(self, again: Callable[[list[Todo]], None]) -> Sent:
        """Return what goes to the executor; ``again`` takes back what has to be sent anew."""
        from expcache._completion._sent import Sent  # noqa: PLC0415 - for workers

        return Sent(self._executor or self._make(1, None), again)

    def leave(self, *, now: bool) -> None:
        """End the workers, if they are our own; at once, or when nothing is left to do."""
        if self._executor is not None and self._is_own:
            (self._executor.stop if now else self._executor.close)()

    def _make(self, jobs: Any, executor: Any) -> Executor:
        from expcache._executor import executor_for  # noqa: PLC0415 - as above

        self._executor = made = executor_for(jobs, executor)
        return made
