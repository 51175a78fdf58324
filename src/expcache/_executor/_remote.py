"""What an engine calls in its worker: bytes in, bytes out, whatever the engine is.

The one argument has no name, so that no parameter of an experiment can meet an option of the
engine. The engine's process stays as it is: it reads the head alone. A worker of our own beside
it computes, which a run may crash, or keep busy for too long, without harm to the engine.
"""

from __future__ import annotations

import pickle
import platform
import sys
from functools import cache
from typing import Any, Final, NamedTuple

from expcache._executor._batch import Batch, Lost
from expcache._executor._beside import compute_beside

__all__ = ["Answer", "compute", "open_answer", "order"]

FORMAT: Final = "expcache-1"


class Order(NamedTuple):
    """What is sent; the first three fields are read before the others are known to fit."""

    form: str
    python: tuple[int, int]
    version: str
    apart: bool
    size: int
    timeout: float | None
    seconds: float | None
    payload: bytes


class Answer(NamedTuple):
    """What comes back."""

    replies: list[Any]
    lost: Lost | None


def order(batch: Batch, *, apart: bool) -> bytes:
    """Return the bytes that `compute` takes for a batch.

    Args:
        batch: what is to be computed.
        apart: compute in a worker beside the process that calls `compute`.
    """
    plan = apart, batch.size, batch.timeout, batch.seconds, batch.payload
    return pickle.dumps(tuple(Order(FORMAT, sys.version_info[:2], _version(), *plan)), protocol=5)


def compute(content: bytes, /) -> bytes:
    """Compute what `order` made, in any process that has expcache; `open_answer` reads it."""
    sent = pickle.loads(content)  # noqa: S301 - from whoever uses this cluster
    refusal, lost = _misfit(*sent[:3]), None
    if refusal is not None:
        replies: list[Any] = [refusal]
    elif (one := Order(*sent)).apart:
        replies, lost = compute_beside(one.payload, one.size, one.timeout, one.seconds)
    else:
        replies = _here(one)
    return pickle.dumps(([tuple(each) for each in replies], lost and tuple(lost)), protocol=5)


def open_answer(content: bytes) -> Answer:
    """Return what `compute` has found."""
    from expcache._cell import Refusal, Reply  # noqa: PLC0415 - heavy; workers need it not

    plain, lost = pickle.loads(content)  # noqa: S301 - from our own worker
    replies = [(Refusal if len(one) == len(Refusal._fields) else Reply)(*one) for one in plain]
    return Answer(replies, None if lost is None else Lost(*lost))


@cache
def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - for senders

    try:
        return version("expcache")
    except PackageNotFoundError:  # its files were put on the path
        return "without a version"


def _misfit(form: str, python: tuple[int, int], version: str) -> tuple[str, str] | None:
    """Return, as a `Refusal`, why this process is not fit to compute what another one has sent."""
    here, there = (".".join(map(str, one)) for one in (sys.version_info[:2], python))
    if (form, here, version) == (FORMAT, there, _version()):
        return None
    ours = f"the worker on {platform.node()} has Python {here} and expcache {_version()}"
    theirs = f"this process has Python {there} and expcache {version}"
    return "version", f"{ours}, {theirs}. Start workers with the same Python and expcache."


def _here(one: Order) -> list[Any]:
    """Compute in this process, which a run may end."""
    from expcache._cell import replies  # noqa: PLC0415 - heavy

    return list(replies(one.payload))
