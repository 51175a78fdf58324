"""Warnings that point at the user's line, however deep the cause lies."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from expcache.errors import ExpcacheWarning

__all__ = ["warn"]

_OWN = str(Path(__file__).parent)


def warn(message: str, category: type[ExpcacheWarning]) -> None:
    """Warn at the nearest frame outside this package."""
    frame, level = sys._getframe(1), 2  # noqa: SLF001 - what warnings itself uses
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
