"""A progress shown while it goes on: a status line on a terminal, else a line now and then."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self, TextIO

from expcache._gate import Gate
from expcache._progress._progress import Progress
from expcache._progress._terminal import ERASE, columns, is_terminal, placed, shows_colors

__all__ = ["Display"]

_EVERY = 60.0
"""How many seconds lie between two lines where there is no terminal."""

_WORTH = 1.0
"""What took longer than so many seconds is worth a last line."""

_PLAIN_WIDTH = 120
_ASCII = str.maketrans("━╸╺", "---")


class Display:
    """Shows a progress on a stream until it is closed.

    On a terminal, it keeps a status line below the line of the cursor. Elsewhere it writes a
    line a minute. A stream that is closed or broken ends the display, and nothing else.
    """

    def __init__(  # noqa: PLR0913 - all but two are for special uses
        self,
        progress: Progress,
        stream: TextIO | None,
        *,
        interval: float = 0.2,
        delay: float = 0.0,
        summary: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a display; it shows nothing before ``show``.

        Args:
            progress: what is shown.
            stream: where; None shows nothing.
            interval: how many seconds lie between two status lines.
            delay: how many seconds pass before the first.
            summary: leave one line at the end, if runs were computed for more than a second.
            clock: gives the time in seconds.
        """
        self._progress = progress
        self._stream = stream
        self._interval = interval
        self._summary = summary
        self._clock = clock
        self._is_terminal = stream is not None and is_terminal(stream)
        self._colors: bool | None = None
        self._text = ""  # the latest status line
        self._is_shown = self._is_drawn = self._has_spoken = False
        self._next = clock() + (delay if self._is_terminal else _EVERY)
        self._latest = self._next
        self._lock = threading.RLock()  # a signal may interrupt a thread that draws, and hide
        self._closed = Gate()
        self._thread: threading.Thread | None = None
        if stream is None:
            self._closed.open()

    def __enter__(self) -> Self:
        """Show it for the time of the block."""
        self.show()
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def show(self) -> None:
        """Show the status line from now on, also after ``hide``."""
        with self._lock:
            if self._closed.is_open or self._is_shown:
                return
            self._is_shown = True
            # Brought back at once, or it would flicker; but not for each of many hides.
            if self._text and self._clock() - self._latest >= self._interval / 4:
                self._draw(self._text)
            if self._thread is None:
                self._begin()

    def hide(self) -> bool:
        """Take the status line off the screen; return whether it was shown.

        Others can write to the terminal until ``show``.
        """
        with self._lock:
            was_shown, self._is_shown = self._is_shown, False
            if self._is_drawn:
                self._write(ERASE)
                self._is_drawn = False
            return was_shown

    def close(self) -> None:
        """Take the status line off the screen for good."""
        with self._lock:
            self.hide()
            is_last = not self._closed.is_open
            self._closed.open()
            if is_last and self._is_worth_a_summary():
                self._say(self._progress.summary(color=self._has_colors()))
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            atexit.unregister(self.close)
            _join(thread)

    def _begin(self) -> None:
        # Closed before the interpreter ends: a thread that writes then can end it badly.
        atexit.register(self.close)
        thread = threading.Thread(target=self._loop, name="expcache-display", daemon=True)
        with suppress(RuntimeError):  # no thread to be had: nothing is shown
            thread.start()
            self._thread = thread

    def _loop(self) -> None:
        while not self._closed.wait(self._interval):
            self._refresh()

    def _refresh(self) -> None:
        """Draw the status line anew, or write a line, if it is time."""
        if not self._is_on() or self._clock() < self._next:
            return
        text = self._line(bar=self._is_terminal)  # without the lock: at first it imports rich
        with self._lock:
            if not self._is_on():
                return
            if self._is_terminal:
                self._draw(text)
            else:
                self._next = self._clock() + _EVERY
                self._say(text)

    def _is_on(self) -> bool:
        return self._is_shown and not self._closed.is_open

    def _line(self, *, bar: bool) -> str:
        stream = self._stream
        if stream is None:
            return ""
        width = columns(stream) - 1 if bar else _PLAIN_WIDTH
        return self._progress.line(width, color=self._has_colors(), bar=bar)

    def _has_colors(self) -> bool:
        if self._colors is None:
            self._colors = self._stream is not None and shows_colors(self._stream)
        return self._colors

    def _draw(self, text: str) -> None:
        self._text = text
        self._latest = self._clock()
        self._is_drawn = True
        self._write(placed(text))

    def _say(self, text: str) -> None:
        self._has_spoken = True
        self._write(f"expcache: {text}\n")

    def _is_worth_a_summary(self) -> bool:
        if not (self._summary and self._progress.computed and self._progress.elapsed > _WORTH):
            return False
        return self._is_terminal or self._has_spoken

    def _write(self, text: str) -> None:
        """Write in one piece, so that nothing can come between; a broken stream ends it all."""
        if self._stream is None:
            return
        try:
            self._stream.write(self._encodable(text))
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None
            self._closed.open()

    def _encodable(self, text: str) -> str:
        try:
            text.encode(getattr(self._stream, "encoding", None) or "utf-8")
        except UnicodeEncodeError:
            return text.translate(_ASCII)
        return text


def _join(thread: threading.Thread) -> None:
    """Wait a moment for a thread, also if Ctrl-C comes in between."""
    try:
        thread.join(timeout=1.0)
    except KeyboardInterrupt:
        # What a thread evaluates while it imports makes Python forget that Ctrl-C ends the program,
        # and leave with status 1 (PyRun_String resets the mark).
        thread.join(timeout=1.0)
        raise
