"""A terminal: whether a stream is one, how wide, and how to write below the cursor's line."""

from __future__ import annotations

import os
from typing import TextIO

__all__ = ["ERASE", "columns", "is_terminal", "placed", "shows_colors"]

_PLAIN_TERMINALS = ("dumb", "unknown")
_COLUMNS = 80

# One line down and up again: at the bottom of the screen, that scrolls, and so makes room.
_ROOM = "\x1bD\x1b[A"
# Keep cursor and colours; go to the beginning of the next line; clear it.
_BELOW = "\x1b7\x1b[B\r\x1b[0m\x1b[2K"
_BACK = "\x1b8"

ERASE = f"{_BELOW}{_BACK}"
"""Clears the line below the cursor's, and leaves the cursor where it is."""


def placed(text: str) -> str:
    """Return what shows a text on the line below the cursor's, and leaves the cursor there.

    What stands right of the cursor is cleared: a status line that somebody printed over.
    Nothing is hidden or changed beyond this text, so that it can be the last that is written.
    """
    return f"\x1b[K{_ROOM}{_BELOW}\x1b[?7l{text}\x1b[?7h{_BACK}"


def is_terminal(stream: TextIO) -> bool:
    """Return whether a stream is a terminal on which a line can be changed later."""
    if os.environ.get("TERM", "").lower() in _PLAIN_TERMINALS:
        return False
    if os.environ.get("TTY_INTERACTIVE") == "0":
        return False
    try:
        return stream.isatty() and not _is_old_windows()
    except (AttributeError, OSError, ValueError):
        return False


def _is_old_windows() -> bool:
    if os.name != "nt":
        return False
    from rich.console import detect_legacy_windows  # noqa: PLC0415 - only for people who watch

    return detect_legacy_windows()


def columns(stream: TextIO) -> int:
    """Return how wide the terminal is now."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    except (AttributeError, OSError, ValueError):
        return _COLUMNS


def shows_colors(stream: TextIO) -> bool:
    """Return whether rich would write colours there: NO_COLOR, FORCE_COLOR and TERM count."""
    from rich.console import Console  # noqa: PLC0415 - only for people who watch

    console = Console(file=stream, force_jupyter=False)
    return console.color_system is not None and not console.no_color
