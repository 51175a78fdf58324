"""Warnings that point at the user's line, however deep the cause lies."""

from __future__ import annotations

import os
import sys
import warnings

from expcache.errors import ExpcacheError, ExpcacheWarning, RecordWarning

__all__ = ["warn", "warn_unreadable"]

_OWN = os.path.dirname(__file__)  # noqa: PTH120 - pathlib takes longer to import than all this


def warn(message: str, category: type[ExpcacheWarning]) -> None:
    """Warn at the nearest frame outside this package."""
    frame, level = sys._getframe(1), 2  # noqa: SLF001 - what warnings itself uses
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def warn_unreadable(key: str, error: ExpcacheError) -> None:
    """Say that a record cannot be read and that the run counts as missing."""
    warn(f"cannot read the record of run {key[:32]}: {error} It is computed again.", RecordWarning)
