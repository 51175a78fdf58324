"""The row of a store that says which results count for which code.

One acceptance is one row, so that it is written, and taken back, whole or not at all. Its key is
``accepted-`` and a digest of what it says: two rows of one key say the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from xxhash import xxh3_128_hexdigest

from expcache._record import note, read_value
from expcache.errors import RecordError

__all__ = ["PREFIX", "Move", "Row", "compose", "parse"]

PREFIX = "accepted-"

_SCHEME = 1
_TOLD = ("experiment", "who", "host", "when", "reason")
_DIGEST = re.compile(r"[0-9a-f]{32}")


class Move(NamedTuple):
    """One result that counts for other code: the id, the two codes, the params it holds for.

    ``preimage`` is the digest of the full params that the run had when it was accepted, and
    ``checksum`` that of the record: one that takes its place was not accepted. Empty, it is any.
    """

    id: str
    before: str
    after: str
    preimage: bytes
    checksum: bytes = b""

    @property
    def source(self) -> str:
        """The key of the record that is served."""
        return f"{self.id}-{self.before}"

    @property
    def target(self) -> str:
        """The key that no record needs to be under."""
        return f"{self.id}-{self.after}"


class Row(NamedTuple):
    """What one acceptance says."""

    experiment: str
    who: str
    host: str
    when: str
    reason: str
    moves: tuple[Move, ...]


def compose(row: Row) -> tuple[str, bytes]:
    """Return the key and the envelope of a row."""
    content = {
        "scheme": _SCHEME,
        "experiment": row.experiment,
        "who": row.who,
        "host": row.host,
        "when": row.when,
        "reason": row.reason,
        "moves": _grouped(row.moves),
    }
    envelope = note(content)
    return f"{PREFIX}{xxh3_128_hexdigest(envelope)}", envelope


def _grouped(moves: Sequence[Move]) -> list[dict[str, Any]]:
    """Return the moves by their codes, which most of them share."""
    groups: dict[tuple[str, str], list[list[str]]] = {}
    for move in moves:
        runs = groups.setdefault((move.before, move.after), [])
        runs.append([move.id, move.preimage.hex(), move.checksum.hex()])
    return [{"from": before, "to": after, "runs": runs} for (before, after), runs in groups.items()]


def parse(key: str, envelope: bytes) -> Row:
    """Return what a row says.

    Raises:
        RecordError: it is damaged, or says nothing that this version understands.
    """
    content = read_value(envelope)
    try:
        _check(key, envelope, content["scheme"])
        moves = [
            Move(
                _digest(one),
                _digest(group["from"]),
                _digest(group["to"]),
                *map(bytes.fromhex, told),
            )
            for group in content["moves"]
            for one, *told in group["runs"]
        ]
        experiment, who, host, when, reason = (_text(content[name]) for name in _TOLD)
        return Row(experiment, who, host, when, reason, tuple(moves))
    except (KeyError, TypeError, ValueError) as error:
        message = f"cannot read the acceptance {key!r}: {type(error).__name__}: {error}."
        raise RecordError(f"{message} Accept its runs again.", reason="malformed") from error


def _check(key: str, envelope: bytes, scheme: object) -> None:
    if scheme != _SCHEME:
        raise ValueError(f"it has scheme {scheme!r}")
    if key != f"{PREFIX}{xxh3_128_hexdigest(envelope)}":
        raise ValueError("it is not what was written under its key")


def _digest(text: str) -> str:
    if not _DIGEST.fullmatch(text):
        raise ValueError(f"{text!r} is no digest")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
