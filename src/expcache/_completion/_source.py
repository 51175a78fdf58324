"""The stream of runs that a driver reads from, window by window."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from expcache._run import Run

__all__ = ["WINDOW", "Source"]

WINDOW = 512
"""How many runs are looked up at once."""


class Source:
    """Reads runs, of any experiments, as they are needed.

    Where reading raises, the stream has ended; the error is kept for when the runs that were read
    before it are done.
    """

    def __init__(self, runs: Iterator[Run[Any]]) -> None:
        """Begin with nothing read."""
        self._runs = runs
        self._error: Exception | None = None
        self.exhausted = False

    def window(self) -> list[Run[Any]]:
        """Read the next runs; none when the stream has ended."""
        window: list[Run[Any]] = []
        try:
            window.extend(islice(self._runs, WINDOW))
        except Exception as error:  # noqa: BLE001 - the user's iterator may raise anything
            self._error = error
        self.exhausted = not window or self._error is not None
        return window

    def end(self) -> None:
        """Raise what ended the stream, unless it has come to its own end."""
        if self._error is not None:
            raise self._error
