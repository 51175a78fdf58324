"""Computing the points of a sweep."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from expcache._plan import Plan
from expcache._query import Errors, Failed, Stale
from expcache._run import Run
from expcache._runset import RunSet
from expcache._state import State
from expcache.errors import UncommittedError

if TYPE_CHECKING:
    from expcache._completion import Completed
    from expcache._progress import Option
    from expcache._retries import Retries

__all__ = ["Sweeping"]

R = TypeVar("R")


class Sweeping(Generic[R]):
    """The part of a sweep that computes it."""

    _state: State

    @property
    @abstractmethod
    def name(self) -> str:
        """The name."""

    @abstractmethod
    def __iter__(self) -> Iterator[Run[R]]:
        """Give the runs in order."""

    @abstractmethod
    def __getitem__(self, index: Any) -> Any:
        """Return the run of one point."""

    @abstractmethod
    def plan(self) -> Plan[R]:
        """Sort the points by what is stored of them."""

    def run(  # noqa: PLR0913 - each is an option of its own, by keyword
        self,
        *,
        jobs: int | Literal["auto"] = 1,
        executor: Any = None,
        failed: Failed = "retry",
        retries: int | Retries | None = None,
        refresh: bool = False,
        errors: Errors = "keep",
        timeout: float | None = None,
        progress: Option = None,
        stale: Stale | None = None,
        tags: str | Iterable[str] = (),
        require_clean_git: bool | None = None,
        detach: bool = False,
    ) -> RunSet[R]:
        """Compute what is not stored, and return all runs in the order of the points.

        Each result is safe on disk the moment its point ends: a run that is interrupted is
        continued by calling this again. The options are those of ``as_completed``.

        With ``detach``, what is not stored is sent, to an executor that computes on without this
        process, and all runs are returned as they are: most of them are running.

        With ``require_clean_git``, nothing is computed while the code is not as in git's last
        commit. None: as ``[tool.expcache] require_clean_git`` says.

        Raises:
            UncommittedError: there is something to compute, and the code is not committed.
            ParameterError: a point does not fit the experiment's parameters.
            IdentityError: a value of a point has no canonical form.
            RunFailedError: a run failed before, and failed is ``"raise"``; nothing is computed.
            StoreError: there is something to compute, and the store cannot be made.
            ExecutorError: the executor cannot serve.
            StaleError: points are stored for other code only, which was to be an error.
        """
        completed = self.as_completed(
            jobs=jobs,
            executor=executor,
            failed=failed,
            retries=retries,
            refresh=refresh,
            errors=errors,
            timeout=timeout,
            progress=progress,
            stale=stale,
            tags=tags,
            require_clean_git=require_clean_git,
            detach=detach,
        )
        runs = sorted(completed, key=_index)
        return RunSet(self if detach else runs)

    def as_completed(self, **options: Any) -> Completed[R]:
        """Do as ``run`` does, and give each run as soon as its result is safe on disk."""
        from expcache._completion import as_completed  # noqa: PLC0415 - only to compute
        from expcache._perform import policy_of, refuse_failed, refuse_stale  # noqa: PLC0415

        required = options.pop("require_clean_git", None)
        try:
            self.check_git(required=required)
        except UncommittedError:
            if options.get("refresh") or set(self.plan().statuses) - {"done"}:
                raise
        if policy_of(options.get("stale")) == "error" and not options.get("refresh"):
            refuse_stale(self.name, self.plan().statuses, self.__getitem__)
        if options.get("failed") == "raise" and not options.get("refresh"):
            plan = self.plan()
            refuse_failed(self.name, plan.failed, len(plan))
        return as_completed(self, **options)

    def check_git(self, *, required: bool | None = True) -> None:
        """Raise unless the code is as in git's last commit, where that is required.

        Looked at are the repositories of the experiment's file and of the working directory.

        Args:
            required: whether it is; None: as ``[tool.expcache] require_clean_git`` says.

        Raises:
            UncommittedError: a file has changed, or a file of Python is not in git.
        """
        if required is False:
            return
        from expcache._code import file_of  # noqa: PLC0415 - not to load a library
        from expcache._git import refuse_uncommitted, requires_clean_git  # noqa: PLC0415 - rare

        file = file_of(self._state.performer.definition.function)
        places = [os.getcwd(), *([] if file is None else [os.path.dirname(file)])]  # noqa: PTH109, PTH120 - cheap
        if required or requires_clean_git(places[::-1]):
            refuse_uncommitted(self.name, places)


def _index(run: Run[Any]) -> int:
    return -1 if run.index is None else run.index
