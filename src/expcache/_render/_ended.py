"""What the directory of a run tells of how it ended."""

from __future__ import annotations

import json
import os
import pickle
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from expcache._outcome import Failure, Value
from expcache._render._manifest import Manifest
from expcache._render._scripts import ENDED, RECORD
from expcache.errors import RenderError, TrustError

__all__ = ["Ended", "ended", "outcome_of"]

_TAIL = 1 << 16
"""How many bytes of what a run wrote are kept in its record; its files have all."""

_LINES = 20
_SIGNALS = 128


class Ended(NamedTuple):
    """How a run ended, as the script around it noted."""

    status: int
    host: str
    started: datetime
    finished: datetime
    output: str
    errors: str


def ended(directory: Path) -> Ended | None:
    """Return how a run ended, or None if it has not.

    Raises:
        RenderError: the files that tell it are not those that its script writes.
    """
    if not all((directory / name).exists() for name in ENDED):
        return None
    try:
        done = (directory / "finished").read_text(encoding="utf-8").splitlines()
        began = (directory / "started").read_text(encoding="utf-8").splitlines()
        found = Ended(
            status=int((directory / "status").read_text(encoding="utf-8")),
            host=began[1],
            started=_moment(began[0]),
            finished=_moment(done[0]),
            output=_tail(directory / "stdout.txt"),
            errors=_tail(directory / "stderr.txt"),
        )
        sizes = {name: int(size) for size, _, name in (line.partition(" ") for line in done[1:])}
    except (OSError, ValueError, IndexError) as error:
        message = f"cannot tell how the run in {str(directory)!r} ended: {error}."
        remedy = "Copy it whole, or delete its file status and compute it again."
        raise RenderError(f"{message} {remedy}") from error
    _check_whole(directory, sizes)
    return found


def _check_whole(directory: Path, sizes: dict[str, int]) -> None:
    """Refuse a copy that lacks something of what the run left.

    Args:
        directory: the copy.
        sizes: those of the files that results come from, by name, as they were at the end.

    Raises:
        RenderError: one of them is not there, or is shorter.
    """
    for name, size in sizes.items():
        path = directory / name
        found = path.stat().st_size if path.exists() else 0
        # A record tells by itself whether it is whole.
        if not path.exists() or (found < size and name != RECORD):
            message = f"cannot collect from {str(directory)!r}: its {name} has {found} bytes of"
            remedy = "Copy the directory whole, and collect again."
            raise RenderError(f"{message} the {size} that the run wrote. {remedy}")


def outcome_of(
    directory: Path, told: Ended, manifest: Manifest, *, trust: bool
) -> Value[Any] | Failure:
    """Return the result that a command left, or its failure.

    A function, in a process of Python, that left no record has none.

    Raises:
        TrustError: it would have to be unpickled.
    """
    if told.status not in manifest.ok or manifest.kind == "python":
        return _failed(told, manifest)
    try:
        return Value(_result(directory, told, trust=trust))
    except TrustError:
        raise
    except Exception as error:  # noqa: BLE001 - what a program wrote may be anything
        message = f"cannot read the result: {type(error).__name__}: {error}"
        return Failure("expcache.errors.ResultError", message, f"{message}\n")


def _result(directory: Path, told: Ended, *, trust: bool) -> Any:
    if os.path.lexists(directory / "result.pickle"):
        if not trust:
            message = "cannot collect result.pickle: reading it would execute what is in it."
            remedy = "If you trust the machine it comes from, use trust=True."
            raise TrustError(f"{message} {remedy}", id=directory.name, codec="pickle")
        return pickle.loads((directory / "result.pickle").read_bytes())  # noqa: S301 - trusted
    if os.path.lexists(directory / "result.json"):  # a link to nothing is no result
        return json.loads((directory / "result.json").read_text(encoding="utf-8"))
    if os.path.lexists(directory / "result.npy"):
        import numpy as np  # noqa: PLC0415 - only to read its files

        return np.load(directory / "result.npy", allow_pickle=False)
    output = (directory / "stdout.txt").read_bytes()
    return {"status": told.status, "stdout": output.decode(errors="replace")}


def _failed(told: Ended, manifest: Manifest) -> Failure:
    how = f"exit status {told.status}"
    if told.status > _SIGNALS:
        how = f"signal {told.status - _SIGNALS} ({how})"
    last = (told.errors or told.output).strip().splitlines()[-_LINES:]
    said = "\n".join(["It said last:", *last]) if last else "It said nothing."
    message = f"cannot finish run {manifest.id} of {manifest.experiment!r}: it ended with {how}."
    remedy = f"To see it again, run this in its rendered directory:\n{manifest.command}"
    message = f"{message} {remedy}\n{said}"
    kind = "expcache.errors.CommandError"
    return Failure(kind, message, f"{kind}: {message}\n")


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        return file.read().decode(errors="replace")


def _moment(text: str) -> datetime:
    """Return the time that `date` wrote; some have no fraction of a second."""
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?", text)
    if found is None:
        raise ValueError(f"{text!r} is no time")
    return datetime.fromisoformat(found[0]).replace(tzinfo=UTC)
