"""Streams in front of the program's own: what is printed does not run into a status line."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from typing import Any, TextIO

from expcache._progress._display import Display
from expcache._progress._terminal import is_terminal

__all__ = ["GuardedDisplay"]

_lock = threading.Lock()
_guarding: GuardedDisplay | None = None


class _Guard:
    """A stream that hides a display while something is written to the stream behind it."""

    def __init__(self, behind: TextIO, display: Display) -> None:
        self._behind = behind
        self._display = display
        self._process = os.getpid()

    def write(self, text: str) -> int:
        if os.getpid() != self._process:  # forked: nobody there lets go of the display's lock
            return self._behind.write(text)
        was_shown = self._display.hide()
        try:
            return self._behind.write(text)
        finally:
            if was_shown:
                self._display.show()

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


class GuardedDisplay(Display):
    """A display that makes way for what the program prints while it is open.

    There is one at a time, the first: a sweep inside a run of a sweep shows nothing of itself.
    """

    _guards: dict[str, _Guard] | None = None

    def show(self) -> None:
        """Show the status line, and stand guard."""
        if self._is_terminal and self._guards is None and not self._stand():
            return
        super().show()

    def close(self) -> None:
        """Take the status line off the screen, and give the streams back."""
        try:
            super().close()
        finally:
            self._leave()

    def _stand(self) -> bool:
        """Put guards in front of the streams that are terminals, unless others stand there."""
        global _guarding
        with _lock:
            if _guarding is not None or self._closed.is_open:
                return False
            _guarding, self._guards = self, {}
            for name in ("stdout", "stderr"):
                behind = getattr(sys, name)
                if behind is not None and is_terminal(behind):
                    self._guards[name] = guard = _Guard(behind, self)
                    setattr(sys, name, guard)
                    _redirect_logs(behind, guard)
        return True

    def _leave(self) -> None:
        global _guarding  # noqa: PLW0603 - as in _stand
        with _lock:
            if _guarding is self:
                _guarding = None
            for name, guard in (self._guards or {}).items():
                behind = guard._behind  # noqa: SLF001 - one noun, one module
                # Somebody else may have redirected the streams meanwhile: theirs stay.
                if getattr(sys, name) is guard:
                    setattr(sys, name, behind)
                _redirect_logs(guard, behind)
            self._guards = {}


def _redirect_logs(old: Any, new: Any) -> None:
    """Let what writes log records to a stream write them to another: it holds the stream."""
    logging = sys.modules.get("logging")
    if logging is None:
        return
    loggers = [logging.root, *list(logging.root.manager.loggerDict.values())]
    for logger in loggers:
        for receiver in getattr(logger, "handlers", ()):
            if getattr(receiver, "stream", None) is old and hasattr(receiver, "setStream"):
                receiver.setStream(new)
