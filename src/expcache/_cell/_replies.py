"""Compute cells that were sent, and answer with their records."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from expcache._capture import noticed
from expcache._cell._around import inside
from expcache._cell._cell import Cell
from expcache._cell._clock import utc_text
from expcache._cell._common import Common, Point
from expcache._cell._compute import (
    Alone,
    Computed,
    Facts,
    Watch,
    described,
    fail,
    finished,
    sealed,
)
from expcache._cell._current import CurrentRun, settled
from expcache._cell._error import dump_error
from expcache._cell._kinds import is_other_code
from expcache._cell._pickler import loads
from expcache._cell._reply import Refusal, Reply
from expcache._cell._unpack import unpack
from expcache._codec import encode_value
from expcache._directory import handed_on
from expcache._outcome import Failure, Value, capture, capture_async
from expcache._record import Header
from expcache._store import spill_into
from expcache.errors import CrashError, ExecutorError, StoreError

__all__ = ["compute_cells", "replies", "unpack_replies"]


class _OtherCodeError(Exception):
    """A class of the params has other code here than where it was sent."""


def compute_cells(payload: bytes, *, files: str | None = None) -> bytes:
    """Compute what `pack` made, in any process, maybe with another directory for `files`."""
    return pickle.dumps([tuple(one) for one in replies(payload, files=files)], protocol=5)


def unpack_replies(answer: bytes) -> list[Reply | Refusal]:
    """Return the replies that `compute_cells` gave."""
    found = pickle.loads(answer)  # noqa: S301 - from our own worker
    return [Reply(*one) if len(one) == len(Reply._fields) else Refusal(*one) for one in found]


def replies(
    payload: bytes, watch: Watch | None = None, files: str | None = None
) -> Iterator[Reply | Refusal]:
    """Compute cells one by one and yield what came of each, or why none can be computed.

    No `Exception` ever leaves: whatever goes wrong with a cell is its own failed record.
    """
    opened = unpack(payload)
    if isinstance(opened, Refusal):
        yield opened
        return
    common, points = opened
    common.files, watch = files or common.files, watch or Alone()
    environment, told = common.environment_here()
    with handed_on():
        for position, point in enumerate(points):
            reply = _reply(common, point, position, watch, environment)
            if told is not None and isinstance(reply, Reply):
                reply, told = reply._replace(environment=told), None
            yield reply


def _reply(
    common: Common, point: Point, position: int, watch: Watch, environment: str
) -> Reply | Refusal:
    cell = None
    try:
        try:
            cell = common.cell(point, _params(common, point))
            computed = _watched(cell, position, watch, environment)
            return _answer(computed, position, common.spill)
        except _OtherCodeError:
            return Refusal("code", "the classes that it imports are not those of the sender")
        except Exception as error:  # noqa: BLE001 - memory may end anywhere, and much is the user's
            cell = cell or common.cell(point, {})
            failed = fail(cell, error, runtime=0.0, environment=environment)
            return _answer(failed, position, None)
    except Exception as error:  # noqa: BLE001 - as above
        return Refusal("pickle", f"telling of a run raised {type(error).__name__}: {error}")


def _params(common: Common, point: Point) -> Mapping[str, Any]:
    assert common.signature is not None  # noqa: S101 - for the type checker
    values = point.params
    if isinstance(values, bytes):
        try:
            values, *kinds = loads(values)
            other = bool(kinds) and is_other_code(kinds[0])
        except (Exception, SystemExit) as error:
            reason = f"{type(error).__name__}: {error}"
            message = f"cannot compute run {point.id} of {common.experiment!r} in another process:"
            raise ExecutorError(
                f"{message} its parameters cannot be unpickled there ({reason}). "
                "Compute it in this process: jobs=1."
            ) from error
        if other:
            raise _OtherCodeError
    return dict(zip(common.signature.names, values, strict=True))


def _watched(cell: Cell, position: int, watch: Watch, environment: str) -> Computed:
    params, run = described(cell), CurrentRun(cell)
    started, clock = utc_text(), time.perf_counter()
    around = inside(cell.key, run)
    with around, noticed(show=False, always=True) as notices, watch.captured() as output:
        watch.begin(position)
        try:
            outcome = _with_limit(_outcome(cell), watch.memory)
        finally:
            watch.end(position)
    runtime = time.perf_counter() - clock
    outcome, name = settled(run, outcome)
    facts = Facts(params, started, runtime, output.text, notices, environment, name)
    return finished(cell, outcome, facts)


def _with_limit(outcome: Value[Any] | Failure, memory: int | None) -> Value[Any] | Failure:
    """Say which limit a run met that ran out of memory."""
    if memory is None or isinstance(outcome, Value):
        return outcome
    if not isinstance(outcome.exception, MemoryError):
        return outcome
    limit = f"the run may take {memory / 1e6:.4g} MB more than its worker has"
    message = f"{outcome.message} ({limit})".strip()
    trace = f"{outcome.traceback.rstrip()} ({limit})\n"
    return Failure(outcome.type, message, trace, outcome.exception)


def _outcome(cell: Cell) -> Value[Any] | Failure:
    if not cell.is_async:
        return capture(_call, cell)
    import asyncio  # noqa: PLC0415 - 30 ms that only coroutine functions need

    return asyncio.run(capture_async(_awaited, cell))


def _call(cell: Cell) -> Any:
    try:
        return cell.signature.call(cell.function, cell.params)
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - here it would end the process of others
        _crash(error)


async def _awaited(cell: Cell) -> Any:
    try:
        return await cell.signature.call(cell.function, cell.params)
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - as above
        _crash(error)


def _crash(error: BaseException) -> NoReturn:
    status = None
    what = f"raised {type(error).__name__}, which ends a process"
    if isinstance(error, SystemExit):
        code = error.code
        status = int(code if isinstance(code, int) else code is not None)
        what = f"ended its process with exit status {status}"
    raise CrashError(
        f"cannot finish the run: the experiment {what}. Return, or raise an Exception.",
        exitcode=status,
    ) from error


def _answer(computed: Computed, position: int, spill: str | None) -> Reply:
    cell, outcome, header = computed.cell, computed.outcome, computed.header
    parts: list[str] = []
    if isinstance(outcome, Value):
        try:
            encoded = encode_value(outcome.value)
            envelope = _envelope(computed, encoded, spill, parts)
        except Exception as error:  # noqa: BLE001 - a result that cannot be kept is a failure
            return _answer(_unkept(computed, error), position, None)
        runtime = header.runtime or 0.0
        done = Reply(position, False, cell.key, envelope, tuple(parts), runtime, None)  # noqa: FBT003
        return done._replace(speaks=True) if _speaks(header) else done
    envelope = sealed(computed, None, None)
    error_bytes = None if outcome.exception is None else dump_error(outcome.exception)
    runtime = header.runtime or 0.0
    failed = Reply(position, True, cell.key + "!", envelope, (), runtime, error_bytes)  # noqa: FBT003
    return failed._replace(speaks=_speaks(header))


def _speaks(header: Header) -> bool:
    return bool(header.output or header.warnings or header.logs)


def _unkept(computed: Computed, error: Exception) -> Computed:
    header = computed.header
    rest = header.output, None, header.environment, header.directory
    facts = Facts(header.params, header.started, header.runtime or 0.0, *rest)
    failed = finished(computed.cell, capture(_raise, error), facts)
    told = replace(failed.header, warnings=header.warnings, logs=header.logs)
    return replace(failed, header=told)


def _raise(error: Exception) -> NoReturn:
    raise error


def _envelope(computed: Computed, encoded: Any, spill: str | None, parts: list[str]) -> bytes:
    if spill is None or not encoded.parts:
        return sealed(computed, encoded, None)
    write = spill_into(spill)

    def keep(content: memoryview, digest: str) -> str:
        parts.append(write(content, digest))
        return parts[-1]

    try:
        return sealed(computed, encoded, keep)
    except StoreError:
        # The parent writes the rest, and can say what is wrong with the store.
        with suppress(OSError):
            for name in parts:
                Path(spill, name[:2], name).unlink()
        parts.clear()
        return sealed(computed, encoded, None)
