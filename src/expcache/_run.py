"""The handle that users hold: one experiment at one point, and what is stored of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from expcache._codec import restore
from expcache._outcome import Failure, Value
from expcache._query import Located, Status, code_of
from expcache._record import Header, read_header, read_value
from expcache._store import Store
from expcache.errors import RecordError, RunFailedError, UnknownIdError

__all__ = ["Error", "Origin", "Run"]

R = TypeVar("R")

_UNKNOWN = Located("missing", None)


@dataclass(frozen=True, slots=True)
class Error:
    """Why a run failed.

    ``exception`` is the live exception where this process raised it, else None.
    """

    type: str
    message: str
    traceback: str
    exception: Exception | None = None

    def __str__(self) -> str:
        """Return type and message on one line, as Python prints them."""
        return f"{self.type}: {self.message}" if self.message else self.type


class Origin(Protocol):
    """What can look a run up again and compute it: an experiment with its code at hand."""

    def locate(self, run: Run[Any]) -> Located:
        """Return where the run's record lies now."""
        ...

    def recall(self, run: Run[Any]) -> Run[Any] | None:
        """Return the stored run, its record checked, or None."""
        ...

    def compute(self, run: Run[Any], *, refresh: bool) -> Run[Any]:
        """Return the stored run, or compute it and store what comes of it."""
        ...


class Run(Generic[R]):
    """One experiment at one point.

    Runs come from ``Experiment.run``, from a sweep, or from ``load``. A run looks its record up
    when it is asked, so that a handle made before the computation shows the result after it.
    """

    __slots__ = (
        "_exception",
        "_header",
        "_located",
        "_origin",
        "_params",
        "_store",
        "_trust",
        "_value",
        "cached",
        "experiment",
        "id",
        "index",
        "preimage",
    )

    def __init__(
        self,
        store: Store,
        experiment: str,
        run_id: str,
        *,
        params: Mapping[str, Any] | None = None,
        preimage: bytes | None = None,
        origin: Origin | None = None,
        located: Located = _UNKNOWN,
        index: int | None = None,
        trust: bool | None = None,
        cached: bool = True,
    ) -> None:
        """Make a handle; users get theirs from an experiment, a sweep or ``load``."""
        self._store = store
        self.experiment = experiment
        self.id = run_id
        self.index = index
        self.cached = cached
        self.preimage = preimage
        self._params = params
        self._origin = origin
        self._located = located
        self._trust = trust
        self._header: tuple[str, Header] | None = None
        self._value: list[R] = []
        self._exception: Exception | None = None

    def __repr__(self) -> str:
        """Show experiment, short id, params and status."""
        values = ", ".join(f"{name}={_short(value)}" for name, value in self.params.items())
        return f"<Run {self.id[:8]} {self.experiment}({values}) {self.status}>"

    @property
    def status(self) -> Status:
        """One of missing, running, done, failed, stale; looked up until it is done."""
        return self._locate().status

    @property
    def done(self) -> bool:
        """Whether a result of the present code is stored."""
        return self.status == "done"

    @property
    def params(self) -> dict[str, Any]:
        """All parameters by name, defaults included.

        Of a loaded run: read from its record without unpickling, a value that has no such
        form shows as a placeholder.
        """
        if self._params is not None:
            return dict(self._params)
        return {name: restore(tree) for name, tree in self._stored().params.items()}

    @property
    def result(self) -> R:
        """The value that the experiment returned.

        Raises:
            RunFailedError: the run failed; its message ends with the traceback.
            UnknownIdError: nothing is stored yet, or only results of older code.
            TrustError: reading it would unpickle from a store that is not trusted.
        """
        return self.read()

    def read(self, *, mmap: bool = False) -> R:
        """Return the result; with ``mmap``, large arrays are read-only maps of their files."""
        if self._value:
            return self._value[0]
        status, key = self._locate()
        if status == "failed":
            self._raise_failed()
        if status != "done" or key is None:
            self._refuse_missing(status)
        return self._read(key, mmap=mmap)

    def _read(self, key: str, *, mmap: bool) -> R:
        store, name = self._store, self.experiment

        def fetch(part: str, size: int, digest: str) -> Any:
            return store.fetch(name, part, size, digest, map=mmap)

        trust = store.trusted if self._trust is None else self._trust
        try:
            value: R = read_value(self._envelope(key), fetch=fetch, trust=trust)
        except RecordError as error:
            message = f"cannot load the result of run {self.id}: {error}"
            raise RecordError(message, reason=error.reason) from None
        return value

    @property
    def error(self) -> Error | None:
        """Why the run failed, or None."""
        if self.status != "failed":
            return None
        error = self._stored().error or {}
        return Error(
            error.get("type", ""), error.get("message", ""), error.get("traceback", ""),
            self._exception,
        )  # fmt: skip

    @property
    def runtime(self) -> float | None:
        """How long the run took, in seconds; None when nothing is stored."""
        header = self._stored_or_none()
        return None if header is None else header.runtime

    @property
    def started(self) -> datetime | None:
        """When the run began (UTC); None when nothing is stored."""
        header = self._stored_or_none()
        return None if header is None else datetime.fromisoformat(header.started)

    @property
    def finished(self) -> datetime | None:
        """When the run ended (UTC); None when nothing is stored."""
        header = self._stored_or_none()
        return None if header is None else datetime.fromisoformat(header.finished)

    @property
    def host(self) -> str | None:
        """The machine that computed the run; None when nothing is stored."""
        header = self._stored_or_none()
        return None if header is None else header.host

    @property
    def code(self) -> str | None:
        """The fingerprint of the code that the record was computed with."""
        key = self._locate().key
        return None if key is None else code_of(key)

    @property
    def output(self) -> str:
        """What the run printed, as text; empty when nothing is stored."""
        header = self._stored_or_none()
        return "" if header is None else header.output

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that the record carries."""
        header = self._stored_or_none()
        return () if header is None else tuple(header.tags)

    @property
    def attempts(self) -> list[dict[str, Any]]:
        """Every attempt at this run, oldest first, failures with their tracebacks."""
        header = self._stored_or_none()
        return [] if header is None else [dict(attempt) for attempt in header.attempts]

    @property
    def environment(self) -> dict[str, Any]:
        """Python, platform, packages, git commit and command line of the run's process."""
        header = self._stored_or_none()
        if header is None:
            return {}
        envelope = self._store.get(self.experiment, f"environment-{header.environment}")
        if envelope is None:
            return {}
        environment: dict[str, Any] = read_value(envelope)
        return environment

    def find(self) -> Run[R] | None:
        """Return the run as it is stored, its record checked, or None; nothing is computed.

        A damaged record is warned of and counts as none.
        """
        if self._origin is None:
            return self
        return self._origin.recall(self)

    def compute(self, *, refresh: bool = False) -> Run[R]:
        """Return the stored run, or compute it here and store what comes of it.

        Args:
            refresh: compute even though a result is stored, and replace it by the new one.

        Raises:
            UnknownIdError: the run was loaded by id, so its code is not at hand.
        """
        if self._origin is None:
            message = f"cannot compute run {self.id}: it was loaded without its code."
            remedy = f"Import the experiment {self.experiment!r} and run it there."
            raise UnknownIdError(f"{message} {remedy}", id=self.id)
        return self._origin.compute(self, refresh=refresh)

    @property
    def store_path(self) -> str:
        """The directory of the run's store."""
        return self._store.path

    def found(self, located: Located, *, cached: bool) -> Run[R]:
        """Return a handle of the same run whose record was found, or made, just now."""
        return Run(
            self._store,
            self.experiment,
            self.id,
            params=self._params,
            preimage=self.preimage,
            origin=self._origin,
            located=located,
            index=self.index,
            trust=self._trust,
            cached=cached,
        )

    def remember(self, outcome: Value[R] | Failure, header: Header) -> None:
        """Note what this process computed: the header, and the live exception of a failure."""
        key = self._located.key
        self._header = None if key is None else (key, header)
        self._exception = outcome.exception if isinstance(outcome, Failure) else None

    def hold(self, outcome: Value[R] | Failure) -> None:
        """Hold a value that no store keeps."""
        if isinstance(outcome, Value):
            self._value = [outcome.value]

    def _locate(self) -> Located:
        if self._located.status == "done" or self._origin is None or self._exception:
            return self._located
        self._located = located = self._origin.locate(self)
        return located

    def _envelope(self, key: str) -> bytes:
        envelope = self._store.get(self.experiment, key)
        if envelope is None:
            message = f"cannot load run {self.id}: its record is no longer in the store."
            raise UnknownIdError(f"{message} Compute it again.", id=self.id)
        return envelope

    def _stored_or_none(self) -> Header | None:
        return None if self._locate().key is None else self._stored()

    def _stored(self) -> Header:
        key = self._locate().key
        if key is None:
            self._refuse_missing("missing")
        if self._header is None or self._header[0] != key:
            self._header = key, read_header(self._envelope(key))
        return self._header[1]

    def _raise_failed(self) -> None:
        error = self.error
        trace = "" if error is None else error.traceback
        message = f"cannot give the result of run {self.id}: it failed with {error}."
        raise RunFailedError(
            f"{message} Compute it again to retry.\n\n{trace}", id=self.id, traceback=trace
        ) from self._exception

    def _refuse_missing(self, status: str) -> Any:
        reasons = {"stale": "it is stored for other code only", "running": "it is being computed"}
        reason = reasons.get(status, "it is not computed yet")
        message = f"cannot give the result of run {self.id} of {self.experiment!r}: {reason}."
        raise UnknownIdError(f"{message} Compute it first: run.compute().", id=self.id)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 24 else text[:21] + "..."  # noqa: PLR2004 - a line's worth
