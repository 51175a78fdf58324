"""What users do with results of older code: let them count, or move, for the present one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from expcache._acceptance import Acceptance
    from expcache._definition import Definition
    from expcache._migration import Migration
    from expcache._state import State

__all__ = ["SweepUpkeep", "Upkeep"]


class Upkeep:
    """The part of an experiment that looks after its stored results."""

    _definition: Definition

    def accept(
        self, reason: str = "", *, code: str | None = None, dry_run: bool = False
    ) -> Acceptance:
        """Let the stored results of older code count for the present one; nothing is computed.

        Each stale run is served its newest result from now on, as long as its full params are
        those of the record: one whose default has changed since is skipped. A result of the
        present code, whenever one is computed, comes first. ``Acceptance.undo`` takes it back.

        Args:
            reason: why, kept with who, where and when.
            code: the beginning of a fingerprint: accept results of that code, not the newest.
            dry_run: write nothing, only tell what would be accepted.

        Raises:
            UnknownIdError: no result has the code, or those of several codes do.
            StoreError: the store cannot be written to.
        """
        from expcache._accept import accept  # noqa: PLC0415 - for this alone

        return accept(self._definition, None, reason=reason, code=code, dry_run=dry_run)

    def acceptances(self) -> list[Acceptance]:
        """Return what was accepted of this experiment and not taken back, oldest first."""
        from expcache._acceptance import acceptances  # noqa: PLC0415 - as above

        return acceptances(self._definition.store, self._definition.name)

    def migrate(
        self,
        *,
        rename: Mapping[str, str] = MappingProxyType({}),
        add: Mapping[str, Any] = MappingProxyType({}),
        drop: Sequence[str] = (),
        from_name: str | None = None,
        code: str | None = None,
    ) -> Migration:
        """Plan to write stored results again as runs of this experiment as it is now.

        For results whose ids no longer fit: of renamed, new or lost parameters, of another
        ``version=``, of another name. Nothing is computed, and nothing is written before
        ``Migration.apply``. The old records stay.

        Args:
            rename: new names of parameters by their old ones.
            add: values, by name, of parameters that a record lacks.
            drop: old names of parameters to leave out.
            from_name: the name under which the results are stored, if it was another one.
            code: the beginning of a fingerprint: take results of that code, not the newest.

        Raises:
            ParameterError: the experiment, or every record, lacks a parameter that is named.
            QueryError: nothing is stored under ``from_name``.
            UnknownIdError: no result has the code, or those of several codes do.
        """
        from expcache._migrate import Change, migrate  # noqa: PLC0415 - for this alone

        change = Change(rename, add, _names(drop))
        return migrate(self._definition, change, from_name=from_name, code=code)


def _names(drop: Sequence[str]) -> tuple[str, ...]:
    return (drop,) if isinstance(drop, str) else tuple(drop)


class SweepUpkeep:
    """The part of a sweep that looks after the stored results of its points."""

    _state: State

    def accept(
        self, reason: str = "", *, code: str | None = None, dry_run: bool = False
    ) -> Acceptance:
        """Let stored results of older code count for the stale points; nothing is computed.

        Do as ``Experiment.accept`` does for these points alone. Their params are at hand, so
        this works for values too that a record only describes.
        """
        from expcache._accept import accept  # noqa: PLC0415 - for this alone

        definition = self._state.performer.definition
        return accept(definition, self._points(), reason=reason, code=code, dry_run=dry_run)

    def _points(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        performer = self._state.performer
        identify = performer.definition.key.identify
        for point in self._state.space:
            params = performer.bind_point(point)
            yield identify(params).id, params
