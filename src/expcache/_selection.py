"""Choosing among runs by what their records tell beside params, and removing what is chosen."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from expcache.errors import QueryError

if TYPE_CHECKING:
    from expcache._removal import Removal
    from expcache._run import Run

__all__ = ["Selection"]

R = TypeVar("R")


class Selection(Generic[R]):
    """The part of a set of runs that looks at tags and launches."""

    __slots__ = ()

    _runs: tuple[Run[R], ...]

    @abstractmethod
    def _read_ahead(self) -> Iterator[Run[R]]:
        """Give the runs, their records read by the window."""

    @abstractmethod
    def __init__(self, runs: Iterable[Run[R]] = ()) -> None:
        """Hold the runs."""

    @property
    def launches(self) -> dict[str, int]:
        """How many of the runs each launch has computed, by its id, the oldest first."""
        counts: dict[str, int] = {}
        for run in self._read_ahead():
            if run.launch is not None:
                counts[run.launch] = counts.get(run.launch, 0) + 1
        return dict(sorted(counts.items()))

    def tagged(self, *tags: str) -> Self:
        """Return the runs whose records carry all of these tags.

        Raises:
            QueryError: there are runs, and none of them carries one of the tags.
        """
        runs = [(run, set(run.tags)) for run in self._read_ahead()]
        known = set().union(*(found for _, found in runs))
        for tag in tags:
            if runs and tag not in known:
                message = f"cannot look for the tag {tag!r}: no run carries it."
                listed = f"The tags are {', '.join(map(repr, sorted(known))) or 'none'}."
                raise QueryError(f"{message} {listed}", name=tag, known=tuple(sorted(known)))
        return type(self)([run for run, found in runs if found.issuperset(tags)])

    def launched(self, launch: str) -> Self:
        """Return the runs that one launch has computed.

        Args:
            launch: its id, or enough of its first characters.

        Raises:
            QueryError: none of the runs is of such a launch, or several launches begin so.
        """
        fitting = [one for one in self.launches if one.startswith(launch)]
        if launch in fitting:
            fitting = [launch]
        if len(fitting) != 1:
            known = tuple(self.launches)
            reason = f"{len(fitting)} launches begin so" if fitting else "no run is of it"
            listed = f"Give one of {', '.join(known) or 'none'}."
            message = f"cannot look for the launch {launch!r}: {reason}. {listed}"
            raise QueryError(message, name=launch, known=known)
        return type(self)([run for run in self._read_ahead() if run.launch == fitting[0]])

    def delete(self, *, code: str | None = None, dry_run: bool = False) -> Removal:
        """Remove what is stored of the runs, each whole; nothing if one of them is running.

        The options are those of ``Run.delete``.

        Raises:
            ClaimError: somebody computes one of the runs now.
            QueryError: nothing is stored for ``code``, or several codes begin so.
            StoreError: the store cannot be written to.
        """
        from expcache._removal import remove_runs  # noqa: PLC0415 - for this alone

        runs = self._runs
        places = [(run._store, run.experiment, run.id) for run in runs]
        removal = remove_runs(places, code=code, dry_run=dry_run)
        for run in () if dry_run else runs:
            run._forget(code)
        return removal
