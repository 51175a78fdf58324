"""Compute many runs: claimed, begun, collected, and given as soon as each is safe on disk."""

from __future__ import annotations

from expcache._completion._completed import Completed, as_completed, compute_within

__all__ = ["Completed", "as_completed", "compute_within"]
