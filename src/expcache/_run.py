"""The handle that users hold: one experiment at one point, and what is stored of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from expcache._computable import Computable
from expcache._handle import UNKNOWN
from expcache._key import Identity
from expcache._query import Located, Status
from expcache._record import read_header, read_value
from expcache._store import MemoryStore, Store, open_store
from expcache.errors import RecordError, UnknownIdError

if TYPE_CHECKING:
    from expcache._origin import Origin
    from expcache._record import Header

__all__ = ["Run"]

R = TypeVar("R")


class Run(Computable[R]):
    """One experiment at one point.

    Runs come from ``Experiment.run``, from a sweep, or from ``load``. A run looks its record up
    when it is asked, so that a handle made before the computation shows the result after it.
    """

    __slots__ = (
        "_identity",
        "_params",
        "_read_ahead",
        "_trust",
        "index",
    )

    def __init__(  # noqa: PLR0913 - made in four places, all of them here
        self,
        store: Store,
        experiment: str,
        run_id: str,
        *,
        params: Mapping[str, Any] | None = None,
        identity: Identity | None = None,
        origin: Origin | None = None,
        located: Located = UNKNOWN,
        index: int | None = None,
        trust: bool | None = None,
        cached: bool = True,
        reused: bool = False,
    ) -> None:
        """Make a handle; users get theirs from an experiment, a sweep or ``load``."""
        self._store = store
        self.experiment = experiment
        self.id = run_id
        self.index = index
        self.cached = cached
        self.reused = reused
        self.retried = 0
        self._identity = identity or Identity(run_id, b"")
        self._params = params
        self._origin = origin
        self._located = located
        self._trust = trust
        self._header: tuple[str, Header] | None = None
        self._value: tuple[R, ...] = ()
        self._read_ahead: tuple[str, bytes] | None = None
        self._wanted = False
        self._exception: Exception | None = None
        self._told = None

    def __repr__(self) -> str:
        """Show experiment, short id, params and status."""
        return f"<Run {self.id[:8]} {self._call} {self.status}>"

    @property
    def _call(self) -> str:
        values = ", ".join(f"{name}={_short(value)}" for name, value in self.params.items())
        return f"{self.experiment}({values})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as what is stored: the copy reads the same record, without the code."""
        located, path = self._locate(), self._store.path
        facts = self.index, self.cached, self.reused
        return _revive, (path, self.experiment, self.id, located, *facts)

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
        from expcache._codec import restore  # noqa: PLC0415 - only for what was loaded by id

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
        status, key, checksum = self._locate()
        if status == "failed" and self._origin is None:
            self._raise_failed(f"To try again, compute it with the code of {self.experiment!r}.")
        if status == "failed":
            self._raise_failed()
        if key is None or not (status == "done" or self.reused):
            self._refuse_missing(status)
        return self._read(key, checksum, mmap=mmap)

    def _read(self, key: str, checksum: bytes, *, mmap: bool) -> R:
        store, name = self._store, self.experiment

        def fetch(part: str, size: int, digest: str) -> Any:
            return store.fetch(name, part, size, digest, map=mmap)

        trust = store.trusted if self._trust is None else self._trust
        try:
            envelope = self._envelope(key)
            if not envelope.endswith(checksum):
                raise _replaced()
            value: R = read_value(envelope, fetch=fetch, trust=trust)
        except RecordError as error:
            self._read_ahead = None
            if self._compute_unreadable(error):
                return self.read(mmap=mmap)
            if self.id in str(error):
                raise
            reason = str(error).removeprefix("cannot load the result: ")
            message = f"cannot load the result of run {self.id}: {reason}"
            raise RecordError(message, reason=error.reason) from None
        return value

    def apart(self) -> Run[R]:
        """Return this run in a store of its own, in memory, where nothing is stored of it yet.

        To compute it there leaves what is stored of it as it is. Experiments that the code calls
        are served from the store as ever.

        Raises:
            UnknownIdError: the run was loaded by id, so its code is not at hand.
        """
        return self._apart(MemoryStore())

    def _apart(self, store: Store) -> Run[R]:
        return Run(
            store,
            self.experiment,
            self.id,
            params=self._params,
            identity=self._identity,
            origin=self._code_at_hand("compute"),
            index=self.index,
        )

    def _locate(self) -> Located:
        if self._located.status == "done" or self.reused or self._origin is None or self._exception:
            return self._located
        self._located = located = self._origin.locate(self)
        self._told = None
        return located

    def _envelope(self, key: str) -> bytes:
        if self._read_ahead is not None and self._read_ahead[0] == key:
            return self._read_ahead[1]
        envelope = self._store.get(self.experiment, key)
        if envelope is None:
            message = f"cannot load run {self.id}: its record is no longer in the store."
            raise UnknownIdError(f"{message} Compute it again.", id=self.id)
        return envelope

    def _stored(self) -> Header:
        key = self._locate().key
        if key is None:
            self._refuse_missing("missing")
        return self._stored_at(key)

    def _stored_at(self, key: str) -> Header:
        if self._header is None or self._header[0] != key:
            self._header = key, read_header(self._envelope(key))
        return self._header[1]


def _replaced() -> RecordError:
    message = "cannot load the result: its record was replaced since it was accepted."
    return RecordError(f"{message} Accept it again, or compute the run.", reason="replaced")


def _revive(path: str, name: str, run_id: str, located: Located, *facts: Any) -> Run[Any]:
    named = dict(zip(("index", "cached", "reused"), facts, strict=False))
    return Run(open_store(path), name, run_id, located=located, **named)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 24 else text[:21] + "..."  # noqa: PLR2004 - a line's worth
