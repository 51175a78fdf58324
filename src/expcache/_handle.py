"""What came of a run, as far as its handle knows: filled in by those who compute or look up."""

from __future__ import annotations

import sys
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

from expcache._account import Account
from expcache._query import Located, code_of, id_of
from expcache.errors import RunFailedError, UnknownIdError

if TYPE_CHECKING:
    from expcache._record import Header
    from expcache._removal import Removal
    from expcache._store import Whereabouts

__all__ = ["UNKNOWN", "Handle"]

R = TypeVar("R")

UNKNOWN = Located("missing", None)


class Handle(Account, Generic[R]):
    """The part of a run that changes while it is looked up or computed."""

    __slots__ = ("_header", "_located", "_value", "cached", "id", "retried", "reused")

    _located: Located
    _header: tuple[str, Header] | None
    _value: tuple[R, ...]
    """The value that no store keeps, if there is one."""
    cached: bool
    reused: bool
    id: str
    retried: int
    """How many attempts at the run failed in this process before its last one."""

    @property
    def launch(self) -> str | None:
        """The id of the launch that computed the run; None when nothing is stored."""
        header = self._stored_or_none()
        return (header.launch or None) if header is not None else None

    @property
    def git(self) -> dict[str, Any] | None:
        """The git commit of the working directory in which it was computed, and if it was dirty.

        Such as ``{"commit": "9fceb02...", "dirty": False}``: dirty, if a file that git knows had
        changed. None where there was no repository, and when nothing is stored. Of a run that was
        rendered for another machine, that of the directory in which it was rendered.
        """
        header = self._stored_or_none()
        rendered = {} if header is None else header.rendered
        git: dict[str, Any] | None = (rendered or self.environment).get("git")
        return git

    @property
    def number(self) -> int | None:
        """The number of the run among all that were computed of its experiment in this store.

        It goes on across launches, with gaps; no two runs have the same. None when nothing is
        stored, or where claims cannot be kept.
        """
        header = self._stored_or_none()
        return None if header is None else header.number

    @property
    def whereabouts(self) -> Whereabouts | None:
        """Where the run is computed now, or waits for it: status, host, engine, name and since.

        None if nobody has it in hand. ``str`` of it says it in words.
        """
        from expcache._whereabouts import whereabouts  # noqa: PLC0415 - for people who look

        found = whereabouts(self._store, self.experiment).items()
        return next((one for key, one in found if id_of(key) == self.id), None)

    def _settle(self, located: Located, *, cached: bool) -> Self:
        """Note where the record was found, or made, just now."""
        self._located = located
        self._exception = self._told = None
        self.cached, self.reused = cached, False
        if cached:
            self.retried = 0
        return self

    def _reuse(self, key: str) -> Self:
        """Note which record of other code serves in place of one of the present code."""
        self._settle(Located("stale", key), cached=True)
        self.reused = True
        return self

    def _remember(self, header: Header, exception: Exception | None) -> None:
        """Note what this process computed: the header, and the live exception of a failure."""
        key = self._located.key
        self._header = None if key is None else (key, header)
        self._exception = exception

    @abstractmethod
    def _stored_at(self, key: str) -> Header:
        """Return the header of the record at a key."""

    def _hold(self, value: R) -> None:
        """Hold a value that no store keeps."""
        self._value = (value,)

    def _note(self, runtime: float, *, speaks: bool) -> None:
        """Note what the worker that computed the run told of it, whose record is a new one."""
        self._header = None
        self._told = runtime, speaks

    def _raised(self, exception: Exception | None) -> None:
        """Note the live exception of a failure."""
        self._exception = exception

    def _copy(self, run: Handle[R]) -> Self:
        """Take over what came of another handle of this very run."""
        self._settle(run._located, cached=True)
        self._exception, self._value = run._exception, run._value
        self.reused = run.reused
        return self

    def _look_again(self) -> None:
        """Forget where the record lies: somebody else wrote it."""
        self._settle(UNKNOWN, cached=True)

    def delete(self, *, code: str | None = None, dry_run: bool = False) -> Removal:
        """Remove what is stored of the run: results, failures and files, of every code.

        All of it goes, or nothing. The files of other runs stay.

        Args:
            code: the beginning of a fingerprint: remove only what is of this code.
            dry_run: remove nothing, only tell what would go.

        Raises:
            ClaimError: somebody computes the run now.
            QueryError: nothing is stored for ``code``, or several codes begin so.
            StoreError: the store cannot be written to.
        """
        from expcache._removal import remove_runs  # noqa: PLC0415 - for this alone

        place = self._store, self.experiment, self.id
        removal = remove_runs([place], code=code, dry_run=dry_run)
        if not dry_run:
            self._forget(code)
        return removal

    def _forget(self, code: str | None) -> None:
        """Know nothing any more of what was stored, under this code or any."""
        key = self._located.key
        if key is None or code_of(key).startswith(code or ""):
            self._settle(UNKNOWN, cached=True)
            self._header, self._value = None, ()

    def _relay(self) -> None:
        """Show here what the run printed, warned of and logged elsewhere."""
        from expcache._cell import relay  # noqa: PLC0415 - only for what workers tell

        key = self._located.key
        if key is None:
            return
        told = self._stored_at(key)  # wherever it is looked for: it may be claimed once more
        if told.output and sys.stdout is not None:
            sys.stdout.write(told.output)
        relay(told)

    @property
    @abstractmethod
    def _call(self) -> str:
        """The run as one reads it: the experiment with its params."""

    def _raise_failed(self, remedy: str = "To try again: run.compute().") -> NoReturn:
        error = self.error
        trace = "" if error is None else error.traceback
        message = f"cannot give the result of {self._call}: it failed with {error}"
        raise RunFailedError(
            f"{message} (run {self.id[:8]}). {remedy}\n\n{trace}", id=self.id, traceback=trace
        ) from self._exception

    def _refuse_missing(self, status: str) -> NoReturn:
        reasons = {"stale": "it is stored for other code only", "running": "it is being computed"}
        reasons["queued"] = "it waits to be computed"
        reason = reasons.get(status, "it is not computed yet")
        message = f"cannot give the result of run {self.id} of {self.experiment!r}: {reason}."
        raise UnknownIdError(f"{message} Compute it first: run.compute().", id=self.id)
