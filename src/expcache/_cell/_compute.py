"""Compute one run and keep what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, Protocol

from expcache._capture import Notices, captured, noticed
from expcache._cell._around import inside
from expcache._cell._cell import Cell
from expcache._cell._clock import utc_text
from expcache._cell._current import CurrentRun, settled
from expcache._codec import Encoded, describe, encode_value
from expcache._environment import current_environment, host, user
from expcache._file import File, files_among
from expcache._outcome import Failure, Value, capture, capture_async
from expcache._record import Header, seal
from expcache._store import Claim, Commit, Store
from expcache.errors import IdentityError, ResultError

__all__ = ["Alone", "Computed", "Facts", "Printed", "Watch"]
__all__ += ["compute", "compute_async", "described", "fail", "finished", "keep", "sealed"]

_READ_ONCE = ("generator", "coroutine", "async_generator")


class Printed(Protocol):
    """What was printed while a run was watched."""

    @property
    def text(self) -> str:
        """The text."""


class Watch(Protocol):
    """What surrounds each run in a worker."""

    @property
    def memory(self) -> int | None:
        """How many bytes more than its worker a run may take; None for no limit."""

    def begin(self, position: int, /) -> None:
        """Note that the user's function is called next."""

    def end(self, position: int, /) -> None:
        """Note that the user's function has returned."""

    def captured(self) -> AbstractContextManager[Printed]:
        """Collect what the run prints."""


class Alone:
    """Watches the runs of a process that nobody else watches."""

    memory = None

    def begin(self, _position: int, /) -> None:
        """Note nothing."""

    def end(self, _position: int, /) -> None:
        """Note nothing."""

    def captured(self) -> AbstractContextManager[Printed]:
        """Collect what Python prints; the process that sent the cells shows it."""
        return captured(show=False)


@dataclass(slots=True)
class Computed:
    """What came of a cell: the outcome, and the record to be written of it."""

    cell: Cell
    outcome: Value[Any] | Failure
    header: Header


class Facts(NamedTuple):
    """What is known of a run when it has ended."""

    params: Mapping[str, Any]
    started: str
    runtime: float
    output: str = ""
    notices: Notices | None = None
    environment: str | None = None
    directory: str = ""


def compute(cell: Cell) -> Computed:
    """Compute one cell here and now; an exception of the user's code is an outcome."""
    params, run = described(cell), CurrentRun(cell)
    started, clock = utc_text(), time.perf_counter()
    with inside(cell.key, run), noticed() as notices, captured() as output:
        outcome = capture(cell.signature.call, cell.function, cell.params)
    runtime = time.perf_counter() - clock
    outcome, name = settled(run, outcome)
    facts = Facts(params, started, runtime, output.text, notices, directory=name)
    return finished(cell, outcome, facts)


async def compute_async(cell: Cell) -> Computed:
    """Compute one cell whose function is a coroutine function, in the caller's loop."""
    params, run = described(cell), CurrentRun(cell)
    started, clock = utc_text(), time.perf_counter()
    with inside(cell.key, run), noticed() as notices, captured() as output:
        outcome = await capture_async(cell.signature.call, cell.function, cell.params)
    runtime = time.perf_counter() - clock
    outcome, name = settled(run, outcome)
    facts = Facts(params, started, runtime, output.text, notices, directory=name)
    return finished(cell, outcome, facts)


def fail(  # noqa: PLR0913 - all of it is known by those who call
    cell: Cell,
    error: Exception,
    *,
    runtime: float,
    output: str = "",
    environment: str | None = None,
    directory: str = "",
) -> Computed:
    """Return what came of a cell that ended where nobody could say so, as in a crash."""
    params = capture(described, cell)
    told = params.value if isinstance(params, Value) else {}
    started = utc_text(runtime)
    facts = Facts(told, started, runtime, output, environment=environment, directory=directory)
    return finished(cell, capture(_raise, error), facts)


def _raise(error: Exception) -> NoReturn:
    raise error


def described(cell: Cell) -> dict[str, Any]:
    """Return the params as a record tells them: what the run was given, not made of it."""
    return {name: describe(value) for name, value in cell.params.items()}


def _usable(cell: Cell, outcome: Value[Any] | Failure) -> Value[Any] | Failure:
    if isinstance(outcome, Failure):
        return outcome
    if type(outcome.value).__name__ in _READ_ONCE:
        # Handing it over would empty it for everybody after the first reader.
        return capture(_refuse_read_once, cell.experiment, type(outcome.value).__name__)
    for file in files_among(cell.params.values()):
        # Nobody knows which content was read: the result may be that of another run.
        if _has_changed(file):
            return capture(_refuse_changed, cell.experiment, file)
    return outcome


def _has_changed(file: File) -> bool:
    try:
        return file.has_changed
    except IdentityError:  # it was there to be read, and is put away
        return False


def _refuse_changed(experiment: str, file: File) -> None:
    message = f"cannot keep the result of {experiment!r}: the content of {file.path!r} changed"
    remedy = "Run it again; an experiment that writes to its input needs a copy of it."
    raise IdentityError(f"{message} meanwhile. {remedy}", path=file.path, kind="File")


def _refuse_read_once(experiment: str, kind: str) -> None:
    article = "an" if kind.startswith("a") else "a"
    remedy = "Await it inside the experiment" if kind == "coroutine" else "Return list(...) of it"
    message = f"cannot keep the result of {experiment!r}: {article} {kind} can be read only once."
    raise ResultError(f"{message} {remedy}.", kind=kind)


def finished(cell: Cell, outcome: Value[Any] | Failure, facts: Facts) -> Computed:
    """Return what came of a cell, with the header of its record."""
    outcome = _usable(cell, outcome)
    attempt = _attempt(cell, outcome, facts)
    header = Header(
        id=cell.identity.id,
        code=cell.code,
        experiment=cell.experiment,
        params=dict(facts.params),
        outcome=attempt["outcome"],
        error=attempt["error"],
        started=attempt["started"],
        finished=utc_text(),
        runtime=facts.runtime,
        host=attempt["host"],
        user=user(),
        attempt=attempt["attempt"],
        attempts=[*map(dict, cell.earlier), attempt],
        tags=list(cell.tags),
        environment=facts.environment or current_environment()[0],
        output=facts.output,
        code_notes=dict(cell.code_notes),
        version=cell.version,
        owner=cell.owner,
        generation=cell.generation,
        warnings=[] if facts.notices is None else facts.notices.warnings,
        logs=[] if facts.notices is None else facts.notices.logs,
        directory=facts.directory,
        launch="" if cell.launch is None else cell.launch.id,
        number=cell.number,
    )
    return Computed(cell, outcome, header)


def _attempt(cell: Cell, outcome: Value[Any] | Failure, facts: Facts) -> dict[str, Any]:
    error = None
    if isinstance(outcome, Failure):
        error = {"type": outcome.type, "message": outcome.message, "traceback": outcome.traceback}
    told = {
        "attempt": len(cell.earlier) + 1,
        "outcome": "done" if error is None else "failed",
        "started": facts.started,
        "runtime": facts.runtime,
        "host": host(),
        "error": error,
    }
    return told | {"directory": facts.directory} if facts.directory else told


def sealed(
    computed: Computed, encoded: Encoded | None, spill: Callable[[memoryview, str], str] | None
) -> bytes:
    """Return the record of a computed cell."""
    return seal(computed.header, encoded, computed.cell.identity.preimage, spill)


def keep(store: Store, computed: Computed, claim: Claim | None = None) -> Commit:
    """Write the record of a computed cell; the commit tells when it is safe.

    A failure lies beside the result's place, never in it: a failed refresh costs nothing.

    Raises:
        ResultError: the value cannot be stored; nothing was written.
        StoreError: the store cannot be written to; nothing was written.
    """
    cell, outcome = computed.cell, computed.outcome
    encoded = encode_value(outcome.value) if isinstance(outcome, Value) else None
    failed = encoded is None
    return store.put(
        cell.experiment,
        cell.key + "!" if failed else cell.key,
        lambda spill: sealed(computed, encoded, spill),
        replace=True,
        claim=claim,
    )
