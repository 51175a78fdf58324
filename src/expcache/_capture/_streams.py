"""What a run prints: kept beside its result, and still shown where it would have been.

One tee is put in front of ``sys.stdout`` and ``sys.stderr`` while any run is being captured,
and every thread or coroutine writes to the buffer of its own run. Swapping the streams per run
instead would leave a dead stream behind when two threads end in another order than they began.
"""

from __future__ import annotations

import sys
import threading
from contextvars import ContextVar, Token
from typing import Any, TextIO

from expcache._capture._output import Output

__all__ = ["captured"]

_current: ContextVar[tuple[Output, bool] | None] = ContextVar("expcache_output", default=None)
_lock = threading.Lock()
_active = 0
_tees: tuple[_Tee, _Tee] | None = None


class _Tee:
    """A stream that writes to the stream behind it and to the output of the current run."""

    def __init__(self, behind: TextIO | None) -> None:
        self._behind = behind  # None where a program has no console

    def write(self, text: str) -> int:
        current = _current.get()
        if current is not None:
            output, show = current
            output.write(text)
            if not show:
                return len(text)
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


class captured:  # noqa: N801 - used like a function
    """Collect what is printed inside the block by this thread or coroutine.

    Python-level writes only: what C code or a child process writes to the file descriptors
    is not seen here.
    """

    __slots__ = ("_output", "_token")

    _token: Token[tuple[Output, bool] | None]

    def __init__(self, *, show: bool = True) -> None:
        """Begin nothing yet; without ``show``, what is printed is kept only."""
        self._output = Output(), show

    def __enter__(self) -> Output:
        """Begin to collect."""
        self._token = _current.set(self._output)
        _begin()
        return self._output[0]

    def __exit__(self, *_: object) -> None:
        """Put everything back."""
        _end()
        _current.reset(self._token)
