"""Computing the points of a sweep."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from expcache._plan import Plan
from expcache._query import Errors, Failed, Stale
from expcache._run import Run
from expcache._runset import RunSet

if TYPE_CHECKING:
    from expcache._completion import Completed
    from expcache._progress import Option
    from expcache._retries import Retries

__all__ = ["Sweeping"]

R = TypeVar("R")


class Sweeping(Generic[R]):
    """The part of a sweep that computes it."""

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
    ) -> RunSet[R]:
        """Compute what is not stored, and return all runs in the order of the points.

        Each result is safe on disk the moment its point ends: a run that is interrupted is
        continued by calling this again. The options are those of ``as_completed``.

        Raises:
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
        )
        return RunSet(sorted(completed, key=_index))

    def as_completed(self, **options: Any) -> Completed[R]:
        """Do as ``run`` does, and give each run as soon as its result is safe on disk."""
        from expcache._completion import as_completed  # noqa: PLC0415 - only to compute
        from expcache._perform import policy_of, refuse_failed, refuse_stale  # noqa: PLC0415

        if policy_of(options.get("stale")) == "error" and not options.get("refresh"):
            refuse_stale(self.name, self.plan().statuses, self.__getitem__)
        if options.get("failed") == "raise" and not options.get("refresh"):
            plan = self.plan()
            refuse_failed(self.name, plan.failed, len(plan))
        return as_completed(self, **options)


def _index(run: Run[Any]) -> int:
    return -1 if run.index is None else run.index
