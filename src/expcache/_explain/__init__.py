"""Why a call is a hit or a miss: what differs between the present and the nearest record."""

from __future__ import annotations

from expcache._explain._bulk import Points, explain_points
from expcache._explain._explain import explain

__all__ = ["Points", "explain", "explain_points"]
