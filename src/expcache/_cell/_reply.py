"""What a worker says of the cells that it was sent."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Refusal", "Reply"]


class Reply(NamedTuple):
    """A computed cell: its record, sealed, and where it belongs."""

    position: int
    failed: bool
    key: str
    """The record key, with a ``!`` for a failure."""
    envelope: bytes
    parts: tuple[str, ...]
    """The files that large parts were written to."""
    runtime: float
    error: bytes | None
    """The exception of a failed run, for `revive`; None where it cannot travel."""
    speaks: bool = False
    """Whether there is something to `relay`: output, a warning, a log record."""
    environment: bytes | None = None
    """What the worker is like, as packed JSON, where it is not like the sender."""


class Refusal(NamedTuple):
    """Why a worker cannot compute any of the cells."""

    reason: Literal["import", "code", "pickle", "version"]
    message: str
