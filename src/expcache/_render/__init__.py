"""Directories for batch systems: one for each run that is not stored, and their results back."""

from __future__ import annotations

from expcache._render._collect import collect
from expcache._render._collected import Collected
from expcache._render._compute import compute_rendered
from expcache._render._render import render
from expcache._render._rendered import Rendered

__all__ = ["Collected", "Rendered", "collect", "compute_rendered", "render"]
