"""What a sweep tells of its stored results: whether they are what the code gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from expcache._audit import Audit, Contrast
    from expcache._progress import Option
    from expcache._state import State

__all__ = ["Review"]

R = TypeVar("R")


class Review(Generic[R]):
    """The part of a sweep that looks at results that are stored already."""

    _state: State

    def audit(  # noqa: PLR0913 - each is an option of its own, by keyword
        self,
        fraction: float | str = 0.1,
        *,
        seed: object = 0,
        rtol: float = 0.0,
        atol: float = 0.0,
        jobs: int | Literal["auto"] = 1,
        executor: Any = None,
        timeout: float | None = None,
        replace: bool = False,
        progress: Option = None,
    ) -> Audit[R]:
        """Compute some of the stored points once more, and compare with what is stored.

        They are computed apart: nothing is written, unless ``replace`` is given. Experiments that
        the code calls are served from the store as ever. Accepted results are audited too.

        Args:
            fraction: how many of the points that have a result, at least one: a share, where 1
                is all of them, or a text such as ``"10%"``.
            seed: chooses which; the same ones for the same ids, whatever their order.
            rtol: by how much a number may differ, as a share of the stored one.
            atol: by how much it may differ at least, whatever its size.
            jobs: how many worker processes compute, or ``"auto"``.
            executor: where to compute instead.
            timeout: how long one run may take, in seconds.
            replace: put the recomputed results in the place of those that differ.
            progress: as for ``run``.

        Raises:
            ValueError: an option has no such value.
        """
        from expcache._audit import audit  # noqa: PLC0415 - no sweep needs it to run
        from expcache._compare import Tolerance  # noqa: PLC0415 - as above

        options = {"jobs": jobs, "executor": executor, "timeout": timeout, "progress": progress}
        tolerance = Tolerance(rtol, atol)
        return audit(
            self,
            fraction=fraction,
            seed=seed,
            tolerance=tolerance,
            replace=replace,
            options=options,
        )

    def compare(
        self,
        old: str | None = None,
        new: str | None = None,
        *,
        rtol: float = 0.0,
        atol: float = 0.0,
    ) -> Contrast[R]:
        """Put the stored results of two codes side by side; nothing is computed.

        The results of a code are those that it computed: accepted ones are only counted.

        Args:
            old: the fingerprint of a code, or enough of its first digits; ``Experiment.codes``
                lists those that have results. None for the other code that stored a result of
                one of these points last.
            new: another one, or None for the present code.
            rtol: by how much a number may differ, as a share of the old one.
            atol: by how much it may differ at least, whatever its size.

        Raises:
            UnknownIdError: no result has this code, or there is no other code.
            AmbiguousIdError: several codes begin with these digits.
            QueryError: both are the same code.
            ValueError: a tolerance is no number from 0 up.
        """
        from expcache._audit import contrast  # noqa: PLC0415 - as above
        from expcache._compare import Tolerance  # noqa: PLC0415 - as above

        return contrast(self, old, new, Tolerance(rtol, atol))
