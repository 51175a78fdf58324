"""Classes of the project among the params: what a worker imports must be what was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from expcache._cell._cell import Cell
from expcache._encode import digest, encode

__all__ = ["Kinds", "is_other_code", "kinds_of"]

Kinds = Mapping[type, str]
"""The fingerprints of classes that travel by their names."""


def kinds_of(cell: Cell, by_name: Callable[[type], bool]) -> Kinds:
    """Return what a worker is to compare; nothing where the user answers for the code."""
    if cell.checked is None:
        return {}
    return {kind: digest(encode(kind)) for kind in cell.identity.classes if by_name(kind)}


def is_other_code(kinds: Kinds) -> bool:
    """Whether a class has other code in this process than where it was sent."""
    return any(_digest_of(kind) != expected for kind, expected in kinds.items())


@cache
def _digest_of(kind: type) -> str:
    # Looked at once: what a run changes of its classes counts as it was before.
    return digest(encode(kind))
