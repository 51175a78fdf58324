"""Terminals to look at, for the tests of what is shown on them."""

from __future__ import annotations

import codecs
import os
import pty
import termios
from dataclasses import dataclass

import pyte
import pytest

ROWS = 6


@dataclass
class Completed:
    """What a progress reads of a run."""

    cached: bool = False
    status: str = "done"
    runtime: float | None = 1.0


@dataclass
class Clock:
    """A time that only tests change."""

    now: float = 100.0

    def __call__(self) -> float:
        """Return it."""
        return self.now


class Terminal:
    """A real terminal device, and the screen that a person would see behind it."""

    def __init__(self, columns: int = 60) -> None:
        """Open it."""
        self._end, device = pty.openpty()
        # Another way in, that neither waits for room nor for those who do.
        self._side = os.open(os.ttyname(device), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        self.resize(columns, device)
        self.stream = os.fdopen(device, "w", encoding="utf-8", newline="")
        self.screen = pyte.Screen(columns, ROWS)
        self._feed = pyte.Stream(self.screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def resize(self, columns: int, device: int | None = None) -> None:
        """Change how wide the terminal says that it is."""
        device = self.stream.fileno() if device is None else device
        termios.tcsetwinsize(device, (ROWS, columns))

    def write(self, text: str) -> None:
        """Print as another part of the program would."""
        self.stream.write(text)
        self.stream.flush()

    def lines(self) -> list[str]:
        """Return what stands on the screen."""
        text = self._mark()
        while "\x05" not in text:
            text += self._read()
        self._feed.feed(text.replace("\x05", ""))
        return [line.rstrip() for line in self.screen.display]

    def _mark(self) -> str:
        """Print a mark that shows nothing, behind all that has arrived; return what had to go."""
        text = ""
        while True:
            try:
                os.write(self._side, b"\x05")
            except BlockingIOError:  # only reading makes room
                text += self._read()
            else:
                return text

    def _read(self) -> str:
        return self._decoder.decode(os.read(self._end, 1 << 16))

    @property
    def cursor(self) -> tuple[int, int]:
        """Return row and column of the cursor, as of the latest look."""
        return self.screen.cursor.y, self.screen.cursor.x

    def close(self) -> None:
        """Let go of both ends."""
        self.stream.close()
        os.close(self._side)
        os.close(self._end)


def words(line: str) -> str:
    """Return a line without the bar before it."""
    return line.lstrip("━╸╺ ")


@pytest.fixture
def lone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of whoever runs the tests decide what is shown."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
