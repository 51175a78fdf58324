"""A computed run whose record is on its way to the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from expcache._cell import Reply, revive
from expcache._outcome import Failure, Value
from expcache._record import read_header, read_value
from expcache._retries import note_attempts
from expcache._run import Run
from expcache._store import Commit
from expcache._warning import warn
from expcache.errors import ExpcacheError, RecordError, RecordWarning, StoreError, TrustError

__all__ = ["Pending"]


@dataclass(slots=True)
class Pending:
    """A computed run whose record is on its way to the disk."""

    run: Run[Any]
    computed: Value[Any] | Failure | Reply
    """What came of it, here or in a worker."""
    commits: Sequence[Commit] = ()
    runtime: float = 0.0
    """Seconds."""
    cached: bool = False
    """It is none: with `status` and `runtime`, what a progress asks of a run."""
    speaks: bool = False
    """Whether a worker heard something of the run that its own process would have shown."""

    @property
    def status(self) -> str:
        """What the run is, without looking it up."""
        return self.run._located.status

    @property
    def done(self) -> bool:
        """Whether `finish` would not wait."""
        for commit in self.commits:  # noqa: SIM110 - asked for every single run
            if not commit.done:
                return False
        return True

    def outcome(self) -> Value[Any] | Failure:
        """Return what came of it, for a store that cannot keep it."""
        computed = self.computed
        return _outcome_of(computed) if isinstance(computed, Reply) else computed

    @property
    def _is_fenced(self) -> bool:
        return bool(self.commits) and self.commits[-1].fenced

    @property
    def is_taken_over(self) -> bool:
        """Whether somebody else computes the run now, and nothing came of it yet."""
        return self._is_fenced and self.run.status not in ("done", "failed")

    def finish(self) -> Run[Any]:
        """Wait until the record is safe; a result that could not be kept stays in the run."""
        try:
            for commit in self.commits:
                commit.wait()
        except StoreError as error:
            self.hold(error)
        if self._is_fenced:
            # Somebody took this run over and has the last word: what is stored counts.
            self.run._look_again()
        return self.run

    def relay(self) -> None:
        """Show here what the run printed, warned of and logged in its worker."""
        if self.speaks:
            self.run._relay()

    def unwrap(self) -> Any:
        """Wait as `finish` does, then return the value, or raise what the function raised."""
        __tracebackhide__ = True
        self.finish()
        outcome = self.outcome()
        if isinstance(outcome, Failure):
            note_attempts(outcome.exception, self.run.retried)
        return outcome.unwrap()

    def hold(self, error: ExpcacheError) -> None:
        """Keep a result in its handle, since the store has not."""
        run = self.run
        message = f"cannot keep the result of run {run.id} of {run.experiment!r}: {error}"
        try:
            outcome = self.outcome()
        except (RecordError, TrustError):
            warn(f"{message} The result is lost.", RecordWarning)
            return
        warn(f"{message} The result is returned all the same.", RecordWarning)
        if isinstance(outcome, Value):
            run._hold(outcome.value)


def _outcome_of(reply: Reply) -> Value[Any] | Failure:
    """Read what came of a run from the record that its worker made."""
    if not reply.failed:
        return Value(read_value(reply.envelope, trust=True))
    error = read_header(reply.envelope).error or {}
    kind, message, trace = (error.get(name, "") for name in ("type", "message", "traceback"))
    return Failure(kind, message, trace, revive(reply.error))
