"""What users hold of an explanation: why a call is a hit or a miss, in words and as values."""

from __future__ import annotations

from expcache._explanation._difference import Difference
from expcache._explanation._explanation import VALUES, Against, Explanation
from expcache._explanation._groups import Group, SweepExplanation
from expcache._explanation._normal_form import decorators_of, read

__all__ = [
    "VALUES",
    "Against",
    "Difference",
    "Explanation",
    "Group",
    "SweepExplanation",
    "decorators_of",
    "read",
]
