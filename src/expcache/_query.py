"""Where the record of a run lies in a store, and what that says of the run.

A record key is ``{id}-{code}`` for a result and the same with ``!`` for a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, Protocol

from expcache.errors import AmbiguousIdError, UnknownIdError

__all__ = [
    "ERRORS",
    "FAILED",
    "STALE",
    "Adopted",
    "Errors",
    "Failed",
    "Located",
    "Stale",
    "Status",
    "Stored",
    "check_word",
    "code_of",
    "find_code",
    "id_of",
    "is_failure",
    "is_result",
    "located_at",
]

Status = Literal["missing", "queued", "running", "done", "failed", "stale"]
Failed = Literal["retry", "keep", "raise"]
Errors = Literal["keep", "raise"]
Stale = Literal["recompute", "reuse", "error"]
FAILED: tuple[Failed, ...] = ("retry", "keep", "raise")
STALE: tuple[Stale, ...] = ("recompute", "reuse", "error")
ERRORS: tuple[Errors, ...] = ("keep", "raise")

_ID = 32
_DIGITS = 12


def check_word(option: str, word: Any, known: tuple[str, ...]) -> None:
    """Refuse a word that an option does not know: a misspelt one is no silent default.

    Raises:
        ValueError: the word is unknown.
    """
    if word not in known:
        choices = ", ".join(map(repr, known[:-1]))
        message = f"cannot run with {option}={word!r}: no such policy."
        raise ValueError(f"{message} Use {choices} or {known[-1]!r}.")


def id_of(key: str) -> str:
    """Return the id in a record key."""
    return key[:_ID]


def code_of(key: str) -> str:
    """Return the code in a record key."""
    return key[_ID + 1 : 2 * _ID + 1]


def find_code(
    prefix: str, known: Iterable[str], experiment: str, what: str, *, listed: Iterable[str] = ()
) -> str:
    """Return the code that begins so.

    Args:
        prefix: the first digits of it.
        known: those that may be meant.
        experiment: whose codes they are.
        what: what is to be done, up to the code.
        listed: those to choose from, for the error; by default all that are known.

    Raises:
        UnknownIdError: none does.
        AmbiguousIdError: several do.
    """
    codes = list(dict.fromkeys(known))
    found = [code for code in codes if code.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    message = f"cannot {what} code {prefix!r}:"
    if found:
        message = f"{message} {len(found)} codes begin with it: {_shown(found)}."
        raise AmbiguousIdError(f"{message} Give more digits.", id=prefix, candidates=tuple(found))
    shown = _shown(listed or codes)
    remedy = f"Give one of {shown}." if shown else "Nothing is stored: run it first."
    message = f"{message} no result of {experiment!r} has it."
    raise UnknownIdError(f"{message} {remedy}", id=prefix)


def _shown(codes: Iterable[str]) -> str:
    return ", ".join(code[:_DIGITS] for code in codes)


def is_result(key: str) -> bool:
    """Whether the key is that of a result."""
    return len(key) == 2 * _ID + 1 and key[_ID] == "-"


def is_failure(key: str) -> bool:
    """Whether the key is that of a failure."""
    return len(key) == 2 * _ID + 2 and key[-1] == "!"


class Located(NamedTuple):
    """The status of one run, and the key of the record that says so.

    ``checksum`` is that of a record that counts since it was accepted: none in its place does.
    """

    status: Status
    key: str | None
    checksum: bytes = b""


def located_at(key: str, checksum: bytes = b"") -> Located:
    """Return what a record at this key says of its run."""
    return Located("failed" if is_failure(key) else "done", key, checksum)


class Adopted(Protocol):
    """A record that counts for a run under other code."""

    @property
    def key(self) -> str:
        """The key of the record."""

    @property
    def checksum(self) -> bytes:
        """That of the record, if it is known."""

    def is_of(self, envelope: bytes | None) -> bool:
        """Whether this is the record that was accepted."""


class Stored:
    """What is stored of the runs of one experiment.

    Args:
        keys: the record keys of the experiment, oldest first.
        live: returns, by the key of a result, whether it is queued or running: somebody has it
            in hand.
        adopted: returns, by the key of a result, the record that was accepted for it.
        read: returns the record at a key.
    """

    __slots__ = ("_adopted", "_keys", "_live", "_newest", "_read", "_read_adopted", "_read_live")

    def __init__(
        self,
        keys: Iterable[str],
        live: Callable[[], Mapping[str, Literal["queued", "running"]]] = dict,
        adopted: Callable[[], Mapping[str, Adopted]] = dict,
        read: Callable[[str], bytes | None] = lambda _: None,
    ) -> None:
        """Hold the keys."""
        self._keys = dict.fromkeys(keys)
        self._newest: dict[str, str] | None = None
        self._read_live = live
        self._live: Mapping[str, Literal["queued", "running"]] | None = None
        self._read_adopted = adopted
        self._read = read
        self._adopted: Mapping[str, Adopted] | None = None

    def locate(self, run_id: str, code: str) -> Located:
        """Return the status of one run under a code, and where its record lies."""
        key = f"{run_id}-{code}"
        if key in self._keys:
            return Located("done", key)
        if self._adopted is None:
            self._adopted = self._read_adopted()
        older = self._adopted.get(key)
        if older is not None and older.key in self._keys and older.is_of(self._read(older.key)):
            return located_at(older.key, older.checksum)
        if self._live is None:
            self._live = self._read_live()
        if key in self._live:
            return Located(self._live[key], None)
        if f"{key}!" in self._keys:
            return Located("failed", f"{key}!")
        newest = self._newest_of(run_id)
        return _MISSING if newest is None else Located("stale", newest)

    def _newest_of(self, run_id: str) -> str | None:
        if self._newest is None:
            self._newest = {key[:_ID]: key for key in self._keys if is_result(key)}
        return self._newest.get(run_id)


_MISSING = Located("missing", None)
