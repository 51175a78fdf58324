"""Where the record of a run lies in a store, and what that says of the run.

A record key is ``{id}-{code}`` for a result and the same with ``!`` for a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

__all__ = [
    "Errors",
    "Failed",
    "Located",
    "Status",
    "Stored",
    "code_of",
    "id_of",
    "is_failure",
    "is_result",
    "located_at",
]

Status = Literal["missing", "running", "done", "failed", "stale"]
Failed = Literal["retry", "keep"]
Errors = Literal["keep", "raise"]

_ID = 32


def id_of(key: str) -> str:
    """Return the id in a record key."""
    return key[:_ID]


def code_of(key: str) -> str:
    """Return the code in a record key."""
    return key[_ID + 1 : 2 * _ID + 1]


def is_result(key: str) -> bool:
    """Whether the key is that of a result."""
    return len(key) == 2 * _ID + 1 and key[_ID] == "-"


def is_failure(key: str) -> bool:
    """Whether the key is that of a failure."""
    return len(key) == 2 * _ID + 2 and key[-1] == "!"


class Located(NamedTuple):
    """The status of one run, and the key of the record that says so."""

    status: Status
    key: str | None


def located_at(key: str) -> Located:
    """Return what a record at this key says of its run."""
    return Located("failed" if is_failure(key) else "done", key)


class Stored:
    """What is stored of the runs of one experiment, as seen from one code.

    Args:
        keys: the record keys of the experiment, oldest first.
        code: the code as it is now.
    """

    __slots__ = ("_code", "_done", "_failed", "_newest")

    def __init__(self, keys: Iterable[str], code: str) -> None:
        """Sort the keys in one pass."""
        self._code = code
        result, failure = f"-{code}", f"-{code}!"
        self._done: set[str] = set()
        self._failed: set[str] = set()
        self._newest: dict[str, str] = {}
        for key in keys:
            if key.endswith(result):
                self._done.add(key[:_ID])
            elif key.endswith(failure):
                self._failed.add(key[:_ID])
            elif is_result(key):
                self._newest[key[:_ID]] = key

    def locate(self, run_id: str) -> Located:
        """Return the status of one run and where its record lies."""
        if run_id in self._done:
            return Located("done", f"{run_id}-{self._code}")
        if run_id in self._failed:
            return Located("failed", f"{run_id}-{self._code}!")
        if run_id in self._newest:
            return Located("stale", self._newest[run_id])
        return Located("missing", None)

    def locate_all(self, ids: Iterable[str]) -> Iterator[Located]:
        """Locate many runs."""
        return map(self.locate, ids)
