"""What a run can do while its code is at hand: be looked for, computed and explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from expcache._handle import Handle
from expcache._warning import warn_unreadable
from expcache.errors import RecordError, RecordFormatError, UnknownIdError

if TYPE_CHECKING:
    from expcache._explanation import Explanation
    from expcache._origin import Origin
    from expcache._query import Failed, Stale
    from expcache._retries import Retries

__all__ = ["Computable"]

R = TypeVar("R")

_ELSEWHERE = {"compute": "run", "explain": "explain"}


class Computable(Handle[R]):
    """A handle with what stands behind it, if that is more than a record."""

    __slots__ = ("_origin", "_wanted")

    _origin: Origin | None
    _wanted: bool
    """Whether somebody asked for its result, whatever it takes."""

    def find(self) -> Self | None:
        """Return the run as it is stored, its record checked, or None; nothing is computed.

        A damaged record is warned of and counts as none.
        """
        if self._origin is None:
            return self
        return None if self._origin.recall(self) is None else self

    def compute(
        self,
        *,
        refresh: bool = False,
        failed: Failed = "retry",
        retries: int | Retries | None = None,
        timeout: float | None = None,
        stale: Stale | None = None,
    ) -> Self:
        """Return the stored run, or compute it and store what comes of it.

        Args:
            refresh: compute even though a result is stored, and replace it by the new one.
            failed: what to do if it failed before: ``"retry"`` computes it again, ``"keep"``
                returns it as it is, ``"raise"`` raises its error; these two compute nothing.
            retries: how often it is tried again when it fails now, or ``Retries(...)``; in place
                of the experiment's own.
            timeout: how long it may take, in seconds, in place of the experiment's own limit. A
                run with a limit is computed in a process of its own, and fails beyond it.
            stale: what to do if it is stored for other code only: ``"recompute"`` it, ``"reuse"``
                that result if its params agree, or raise an ``"error"``. None: what ``use`` chose.

        Raises:
            UnknownIdError: the run was loaded by id, so its code is not at hand.
            RunFailedError: the run failed before, and failed is ``"raise"``.
            StaleError: it is stored for other code only, which was to be an error.
        """
        origin = self._code_at_hand("compute")
        options: dict[str, Any] = {"failed": failed, "retries": retries, "stale": stale}
        origin.compute(self, refresh=refresh, timeout=timeout, **options)
        return self

    def explain(self) -> Explanation:
        """Return why the run is a hit or a miss: what differs from the nearest stored record.

        Nothing is computed or written.

        Raises:
            UnknownIdError: the run was loaded by id, so its code is not at hand.
        """
        explanation: Explanation = self._code_at_hand("explain").explain(self)
        return explanation

    def _compute_unreadable(self, error: RecordError) -> bool:
        """Compute a run that was asked for and cannot be read; return whether that was done."""
        key, origin = self._located.key, self._origin
        if not self._wanted or origin is None or key is None or not origin.can_compute_here():
            return False
        if isinstance(error, RecordFormatError):  # no damage: a newer version wrote it
            return False
        warn_unreadable(key, error)
        origin.compute(self, refresh=True)
        self._wanted = False  # once is enough
        return True

    def _code_at_hand(self, verb: str) -> Origin:
        if self._origin is None:
            message = f"cannot {verb} run {self.id}: it was loaded without its code."
            remedy = f"Import the experiment {self.experiment!r} and {_ELSEWHERE[verb]} it there."
            raise UnknownIdError(f"{message} {remedy}", id=self.id)
        return self._origin
