"""Which results of older code count for newer code, since somebody answers for them."""

from __future__ import annotations

from expcache._acceptance._acceptance import Acceptance, Skipped, acceptance_of, acceptances
from expcache._acceptance._adopted import Adopted, adopted
from expcache._acceptance._row import PREFIX, Move, Row, compose, parse

__all__ = [
    "PREFIX",
    "Acceptance",
    "Adopted",
    "Move",
    "Row",
    "Skipped",
    "acceptance_of",
    "acceptances",
    "adopted",
    "compose",
    "parse",
]
