"""What a run prints: kept beside its result, and still shown where it would have been.

One tee is put in front of ``sys.stdout`` and ``sys.stderr`` while any run is being captured,
and every thread or coroutine writes to the buffer of its own run. Swapping the streams per run
instead would leave a dead stream behind when two threads end in another order than they began.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

__all__ = ["OUTPUT_LIMIT", "Output", "captured"]

OUTPUT_LIMIT = 1 << 20
"""How many characters of output a record keeps: the first half and the last half of them."""

_current: ContextVar[Output | None] = ContextVar("expcache_output", default=None)
_lock = threading.Lock()
_active = 0
_tees: tuple[_Tee, _Tee] | None = None


class Output:
    """The text that one run printed, bounded in size."""

    __slots__ = ("_dropped", "_head", "_room", "_tail", "_tail_size")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._head: list[str] = []
        self._room = OUTPUT_LIMIT // 2
        self._tail: list[str] = []
        self._tail_size = 0
        self._dropped = 0

    def write(self, text: str) -> None:
        """Add a piece of text; beyond the limit, the middle is dropped."""
        head, rest = text[: self._room], text[self._room :]
        if head:
            self._head.append(head)
            self._room -= len(head)
        if rest:
            self._tail.append(rest)
            self._tail_size += len(rest)
            if self._tail_size > OUTPUT_LIMIT:
                self._shorten()

    def _shorten(self) -> None:
        tail = "".join(self._tail)
        keep = tail[-OUTPUT_LIMIT // 2 :]
        self._dropped += len(tail) - len(keep)
        self._tail, self._tail_size = [keep], len(keep)

    @property
    def text(self) -> str:
        """All that was printed, with a line that says how much is missing, if anything is."""
        if self._tail_size > OUTPUT_LIMIT // 2:
            self._shorten()
        gap = f"\n[{self._dropped} characters not kept]\n" if self._dropped else ""
        return "".join(self._head) + gap + "".join(self._tail)


class _Tee:
    """A stream that writes to the stream behind it and to the output of the current run."""

    def __init__(self, behind: TextIO | None) -> None:
        self._behind = behind  # None where a program has no console

    def write(self, text: str) -> int:
        output = _current.get()
        if output is not None:
            output.write(text)
        return len(text) if self._behind is None else self._behind.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


def _begin() -> None:
    global _active, _tees  # noqa: PLW0603 - the interpreter's streams are global too
    with _lock:
        _active += 1
        if _active == 1:
            _tees = _Tee(sys.stdout), _Tee(sys.stderr)
            sys.stdout, sys.stderr = _tees


def _end() -> None:
    global _active, _tees  # noqa: PLW0603 - as in _begin
    with _lock:
        _active -= 1
        if _active or _tees is None:
            return
        out, err = _tees
        # Somebody else may have redirected the streams meanwhile: theirs stay.
        if sys.stdout is out:
            sys.stdout = out._behind  # noqa: SLF001 - one noun, one module
        if sys.stderr is err:
            sys.stderr = err._behind  # noqa: SLF001 - as above
        _tees = None


@contextmanager
def captured() -> Iterator[Output]:
    """Collect what is printed inside the block by this thread or coroutine.

    Python-level writes only: what C code or a child process writes to the file descriptors
    is not seen here.
    """
    output = Output()
    token = _current.set(output)
    _begin()
    try:
        yield output
    finally:
        _end()
        _current.reset(token)
