"""What stands behind a run that can be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from expcache._query import Failed, Located, Stale

if TYPE_CHECKING:
    from expcache._retries import Retries

__all__ = ["Origin"]


class Origin(Protocol):
    """What can look a run up again and compute it: an experiment with its code at hand."""

    def locate(self, run: Any) -> Located:
        """Return where the run's record lies now."""
        ...

    def explain(self, run: Any) -> Any:
        """Return why the run is a hit or a miss."""
        ...

    def key_of(self, run: Any) -> str:
        """Return the key of the run's own result under the present code."""
        ...

    def recall(self, run: Any) -> Any:
        """Return the stored run, its record checked, or None."""
        ...

    def can_compute_here(self) -> bool:
        """Whether `compute` can be called: not for a coroutine function inside an event loop."""
        ...

    def compute(  # noqa: PLR0913 - each is an option of its own, by keyword
        self,
        run: Any,
        *,
        refresh: bool = False,
        failed: Failed = "retry",
        retries: int | Retries | None = None,
        timeout: float | None = None,
        stale: Stale | None = None,
    ) -> Any:
        """Return the stored run, or compute it and store what comes of it."""
        ...
