"""Of which codes a store has results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from expcache._query import code_of, is_result
from expcache._record import read_header
from expcache.errors import RecordError

if TYPE_CHECKING:
    from expcache._store import Store

__all__ = ["CodeRuns", "codes_of"]

_DIGITS = 12


@dataclass(frozen=True, slots=True, repr=False)
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
    present: bool = False
    """Whether it is the present code of the experiment."""

    def __repr__(self) -> str:
        """Show the first digits, how many results there are, since when and until when."""
        moments = dict.fromkeys(
            f"{one:%Y-%m-%d %H:%M}" for one in (self.first, self.last) if one is not None
        )
        when = f", {' to '.join(moments)} UTC" if moments else ""
        runs = f"{self.runs} run{'' if self.runs == 1 else 's'}"
        present = "; the present code" if self.present else ""
        return f"<code {self.code[:_DIGITS]}: {runs}{when}{present}>"


def codes_of(store: Store, experiment: str, present: str) -> list[CodeRuns]:
    """Return the codes that results of an experiment were computed with.

    In the order in which a first result of each was stored.
    """
    keys: dict[str, list[str]] = {}
    for key in filter(is_result, store.keys(experiment)):
        keys.setdefault(code_of(key), []).append(key)
    ends = {some[place] for some in keys.values() for place in (0, -1)}
    envelopes = store.get_many(experiment, list(ends))
    return [
        CodeRuns(
            code,
            len(some),
            _ended(envelopes, some[0]),
            _ended(envelopes, some[-1]),
            code == present,
        )
        for code, some in keys.items()
    ]


def _ended(envelopes: Mapping[str, bytes], key: str) -> datetime | None:
    try:
        return datetime.fromisoformat(read_header(envelopes[key]).finished)
    except (KeyError, RecordError, ValueError):  # damaged, or removed meanwhile
        return None
