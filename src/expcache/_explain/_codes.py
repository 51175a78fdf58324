"""The codes that the records of an experiment were computed with, as the store keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from expcache._code import Part
from expcache._explain._parts import Parts, differing, part_differences, parts_of
from expcache._explanation import Difference
from expcache._record import read_value
from expcache._store import Store
from expcache.errors import RecordError

__all__ = ["Code", "Codes", "code_differences"]

_MOST = 20
"""Among how many codes of one run the nearest is looked for, newest first."""


class Code(NamedTuple):
    """The parts of a code, and what the user declares of it, if it is declared."""

    parts: tuple[Part, ...]
    declared: tuple[str, ...] | None = None

    @property
    def by_name(self) -> Parts:
        """The parts by what they are of."""
        return parts_of(self.parts)


class Codes:
    """The stored codes of one experiment, each read once."""

    def __init__(self, store: Store, experiment: str) -> None:
        """Begin without having read any."""
        self._store = store
        self._experiment = experiment
        self._read: dict[str, Code | None] = {}

    def get(self, code: str) -> Code | None:
        """Return what is kept of a code; None if it is not kept, or cannot be read."""
        if code not in self._read:
            self._read[code] = self._stored(code)
        return self._read[code]

    def nearest(self, codes: Iterable[str], now: Code) -> str | None:
        """Return the one of some codes, given newest first, that differs least from another."""
        parts, best = now.by_name, (0, "")
        for code in list(codes)[:_MOST]:
            found = self.get(code)
            if found is None:
                best = best if best[1] else (1 << 30, code)
                continue
            count = differing(found.by_name, parts)
            if not best[1] or count < best[0]:
                best = count, code
        return best[1] or None

    def _stored(self, code: str) -> Code | None:
        envelope = self._store.get(self._experiment, f"code-{code}")
        try:
            told: Any = None if envelope is None else read_value(envelope)
            return None if told is None else _code(told)
        except (KeyError, RecordError, TypeError):  # damaged, or of another version
            return None


def _code(told: dict[str, Any]) -> Code:
    known = set(Part._fields)
    parts = [{name: one[name] for name in one.keys() & known} for one in told["parts"]]
    declared = told.get("declared")
    return Code(tuple(Part(**one) for one in parts), None if declared is None else tuple(declared))


def code_differences(old: Code | None, now: Code) -> list[Difference]:
    """Return what differs between two codes; what cannot be told apart is said so."""
    if old is None:
        return [Difference("code", "of the record", words="is not kept: what changed is unknown")]
    if _policy(old) != _policy(now):
        return [Difference("declared", "code", _policy(old), _policy(now))]
    return part_differences(old.by_name, now.by_name)


def _policy(code: Code) -> str:
    return "followed" if code.declared is None else code.declared[0]
