"""Of which codes a store has results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from expcache._query import code_of, is_result
from expcache._record import read_header
from expcache.errors import AmbiguousIdError, RecordError, UnknownIdError

if TYPE_CHECKING:
    from expcache._store import Store

__all__ = ["CodeRuns", "codes_of", "find_code"]

_DIGITS = 12


@dataclass(frozen=True, slots=True)
class CodeRuns:
    """The results of one experiment that were computed with one code."""

    code: str
    """The fingerprint, 32 hex digits."""
    runs: int
    """How many results there are."""
    first: datetime | None
    """When the one that was stored first had ended (UTC)."""
    last: datetime | None
    """When the one that was stored last had ended (UTC)."""


def codes_of(store: Store, experiment: str) -> list[CodeRuns]:
    """Return the codes that results of an experiment were computed with, oldest first."""
    keys: dict[str, list[str]] = {}
    for key in filter(is_result, store.keys(experiment)):
        keys.setdefault(code_of(key), []).append(key)
    ends = {some[place] for some in keys.values() for place in (0, -1)}
    envelopes = store.get_many(experiment, list(ends))
    return [
        CodeRuns(code, len(some), _ended(envelopes, some[0]), _ended(envelopes, some[-1]))
        for code, some in keys.items()
    ]


def _ended(envelopes: Mapping[str, bytes], key: str) -> datetime | None:
    try:
        return datetime.fromisoformat(read_header(envelopes[key]).finished)
    except (KeyError, RecordError, ValueError):  # damaged, or removed meanwhile
        return None


def find_code(prefix: str, known: Iterable[str], experiment: str) -> str:
    """Return the code that begins so.

    Raises:
        UnknownIdError: none does.
        AmbiguousIdError: several do.
    """
    codes = list(dict.fromkeys(known))
    found = [code for code in codes if prefix and code.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"cannot compare with code {prefix!r}: {len(found)} codes begin with it:"
        raise AmbiguousIdError(
            f"{message} {_shown(found)}. Give more digits.", id=prefix, candidates=tuple(found)
        )
    message = f"cannot compare with code {prefix!r}: no result of {experiment!r} has it."
    remedy = f"Give one of {_shown(codes)}." if codes else "Nothing is stored: run it first."
    raise UnknownIdError(f"{message} {remedy}", id=prefix)


def _shown(codes: list[str]) -> str:
    return ", ".join(code[:_DIGITS] for code in codes)
