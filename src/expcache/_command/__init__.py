"""Experiments that run programs."""

from __future__ import annotations

from expcache._command._command import command

__all__ = ["command"]
