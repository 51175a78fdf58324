"""Compute one run and keep what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from expcache._capture import captured
from expcache._codec import Encoded, describe, encode_value
from expcache._environment import current_environment, host, user
from expcache._key import Identity
from expcache._outcome import Failure, Value, capture, capture_async
from expcache._record import Header, seal
from expcache._signature import Signature
from expcache._store import Commit, Store
from expcache.errors import ResultError

__all__ = ["Cell", "Computed", "compute", "compute_async", "keep"]

_READ_ONCE = ("generator", "coroutine", "async_generator")


@dataclass(frozen=True, slots=True)
class Cell:
    """One run to compute: the function, its full params, and what identifies them."""

    experiment: str
    function: Callable[..., Any]
    signature: Signature
    params: Mapping[str, Any]
    identity: Identity
    code: str
    code_notes: Mapping[str, Any]
    version: str | None = None
    tags: tuple[str, ...] = ()
    earlier: Sequence[Mapping[str, Any]] = ()
    """The failed attempts that went before, as the last failed record tells them."""

    @property
    def key(self) -> str:
        """The record key of the result."""
        return f"{self.identity.id}-{self.code}"


@dataclass(frozen=True, slots=True)
class Computed:
    """What came of a cell: the outcome, and the record to be written of it."""

    cell: Cell
    outcome: Value[Any] | Failure
    header: Header


def compute(cell: Cell) -> Computed:
    """Compute one cell here and now; an exception of the user's code is an outcome."""
    params = _described(cell)
    started, clock = datetime.now(UTC), time.perf_counter()
    with captured() as output:
        outcome = capture(cell.signature.call, cell.function, cell.params)
    runtime = time.perf_counter() - clock
    return _finish(cell, _usable(cell, outcome), params, started, runtime, output.text)


async def compute_async(cell: Cell) -> Computed:
    """Compute one cell whose function is a coroutine function, in the caller's loop."""
    params = _described(cell)
    started, clock = datetime.now(UTC), time.perf_counter()
    with captured() as output:
        outcome = await capture_async(cell.signature.call, cell.function, cell.params)
    runtime = time.perf_counter() - clock
    return _finish(cell, _usable(cell, outcome), params, started, runtime, output.text)


def _described(cell: Cell) -> dict[str, Any]:
    # Before the function runs: the record tells what it was given, not what it made of it.
    return {name: describe(value) for name, value in cell.params.items()}


def _usable(cell: Cell, outcome: Value[Any] | Failure) -> Value[Any] | Failure:
    if isinstance(outcome, Failure) or type(outcome.value).__name__ not in _READ_ONCE:
        return outcome
    # Handing it over would empty it for everybody after the first reader.
    return capture(_refuse_read_once, cell.experiment, type(outcome.value).__name__)


def _refuse_read_once(experiment: str, kind: str) -> None:
    article = "an" if kind.startswith("a") else "a"
    remedy = "Await it inside the experiment" if kind == "coroutine" else "Return list(...) of it"
    message = f"cannot keep the result of {experiment!r}: {article} {kind} can be read only once."
    raise ResultError(f"{message} {remedy}.", kind=kind)


def _finish(  # noqa: PLR0913, PLR0917 - all of it goes into one header
    cell: Cell,
    outcome: Value[Any] | Failure,
    params: dict[str, Any],
    started: datetime,
    runtime: float,
    output: str,
) -> Computed:
    attempt = _attempt(cell, outcome, started, runtime)
    header = Header(
        id=cell.identity.id,
        code=cell.code,
        experiment=cell.experiment,
        params=params,
        outcome=attempt["outcome"],
        error=attempt["error"],
        started=attempt["started"],
        finished=datetime.now(UTC).isoformat(),
        runtime=runtime,
        host=attempt["host"],
        user=user(),
        attempt=attempt["attempt"],
        attempts=[*(dict(earlier) for earlier in cell.earlier), attempt],
        tags=list(cell.tags),
        environment=current_environment()[0],
        output=output,
        code_notes=dict(cell.code_notes),
        version=cell.version,
    )
    return Computed(cell, outcome, header)


def _attempt(
    cell: Cell, outcome: Value[Any] | Failure, started: datetime, runtime: float
) -> dict[str, Any]:
    error = None
    if isinstance(outcome, Failure):
        error = {"type": outcome.type, "message": outcome.message, "traceback": outcome.traceback}
    return {
        "attempt": len(cell.earlier) + 1,
        "outcome": "done" if error is None else "failed",
        "started": started.isoformat(),
        "runtime": runtime,
        "host": host(),
        "error": error,
    }


def keep(store: Store, computed: Computed) -> Commit:
    """Write the record of a computed cell; the commit tells when it is safe.

    A failure lies beside the result's place, never in it: a failed refresh costs nothing.

    Raises:
        ResultError: the value cannot be stored; nothing was written.
        StoreError: the store cannot be written to; nothing was written.
    """
    cell, outcome = computed.cell, computed.outcome
    preimage = cell.identity.preimage
    encoded: Encoded | None = None
    if isinstance(outcome, Value):
        encoded = encode_value(outcome.value)
    failed = encoded is None
    return store.put(
        cell.experiment,
        cell.key + "!" if failed else cell.key,
        lambda spill: seal(computed.header, encoded, preimage, spill),
        replace=True,
    )
