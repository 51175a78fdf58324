"""Results side by side: stored and recomputed ones, or those of two codes."""

from __future__ import annotations

from expcache._audit._audit import Audit, audit
from expcache._audit._codes import CodeRuns, codes_of
from expcache._audit._contrast import Contrast, contrast
from expcache._audit._pair import Pair

__all__ = ["Audit", "CodeRuns", "Contrast", "Pair", "audit", "codes_of", "contrast"]
