"""Show what is being computed while the session waits for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self, TextIO, cast

import pytest

if TYPE_CHECKING:
    from expcache import Display, Progress

__all__ = ["Live"]


class Live:
    """A status line below pytest's own lines, in the blocks in which the session waits."""

    def __init__(self, config: pytest.Config) -> None:
        """Show nothing yet; nothing at all with ``-q`` or without a reporter."""
        reporter = config.pluginmanager.getplugin("terminalreporter")
        # Without a reporter, older versions of pytest know no verbosity.
        shows = reporter is not None and config.get_verbosity() >= 0
        self._reporter = reporter if shows else None
        self._display: Display | None = None

    def take(self, progress: Progress) -> None:
        """Begin to show a progress, once there is one."""
        if self._display is None and self._reporter is not None:
            from expcache import Display  # noqa: PLC0415 - for people who watch

            stream = sys.stdout  # what pytest reports to, except while a test is captured
            plain = cast("TextIO", _Lines(self._reporter, stream))
            self._display = Display(progress, stream if stream.isatty() else plain)

    def __enter__(self) -> Self:
        """Show it while the session waits."""
        if self._display is not None:
            self._display.show()
        return self

    def __exit__(self, *_: object) -> None:
        """Make room for pytest."""
        if self._display is not None:
            self._display.hide()

    def close(self) -> None:
        """Show nothing more."""
        if self._display is not None:
            self._display.close()
            self._display = None


class _Lines:
    """A stream for whole lines among the letters that pytest writes."""

    def __init__(self, reporter: Any, stream: TextIO) -> None:
        self._reporter = reporter
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        self._reporter.ensure_newline()
        self._reporter.write(text, flush=True)
