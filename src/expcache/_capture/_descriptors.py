"""What a process prints, whoever in it does: C code and its own child processes included.

For workers, where one run goes on at a time and the process is ours: the descriptors 1 and 2 lead
to a file that outlives a crash.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Self, TextIO, cast

from expcache._capture._notices import hold
from expcache._capture._output import OUTPUT_LIMIT, gap

__all__ = ["Descriptors", "read_output"]


class Descriptors:
    """The standard descriptors of this process, led to a file for good."""

    __slots__ = ("_file", "_flush_c", "_reading")

    def __init__(self, path: str) -> None:
        """Lead everything that is printed from now on to the file at ``path``."""
        _flush()
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o600)
        self._reading = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        for target in (1, 2):
            os.dup2(self._file, target, inheritable=True)
        sys.stdout, sys.stderr = _text(1), _text(2)
        vars(sys).update(__stdout__=sys.stdout, __stderr__=sys.stderr)
        self._flush_c = _c_flush()
        _be_silent()

    def captured(self) -> _Captured:
        """Collect what the process prints inside the block."""
        return _Captured(self)

    def clear(self) -> None:
        """Forget what was printed so far."""
        self.flush()
        if self._size():
            os.ftruncate(self._file, 0)

    def flush(self) -> None:
        """Bring to the file what Python and C still hold back."""
        _flush()
        self._flush_c()

    def read(self) -> str:
        """Return what was printed since it was cleared."""
        self.flush()
        size = self._size()
        return _ends(self._read, size) if size else ""

    def _size(self) -> int:
        return os.lseek(self._reading, 0, os.SEEK_END)  # a third of what fstat takes

    def _read(self, count: int, start: int) -> bytes:
        os.lseek(self._reading, start, os.SEEK_SET)
        return os.read(self._reading, count)


class _Captured:
    """What is printed inside one block."""

    __slots__ = ("_source", "text")

    def __init__(self, source: Descriptors) -> None:
        self._source = source
        self.text = ""

    def __enter__(self) -> Self:
        """Begin with nothing."""
        self._source.clear()
        return self

    def __exit__(self, *_: object) -> None:
        """Keep the text."""
        self.text = self._source.read()


def read_output(path: str | os.PathLike[str]) -> str:
    """Return what a process that ended had printed to its file; empty where there is none."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - one call, no Path

            def read(count: int, start: int) -> bytes:
                file.seek(start)
                return file.read(count)

            return _ends(read, os.fstat(file.fileno()).st_size)
    except OSError:
        return ""


def _ends(read: Callable[[int, int], bytes], size: int) -> str:
    if size <= OUTPUT_LIMIT:
        return read(size, 0).decode("utf-8", "replace")
    half = OUTPUT_LIMIT // 2
    head, tail = read(half, 0), read(half, size - half)
    middle = gap(size - 2 * half, "bytes")
    return head.decode("utf-8", "replace") + middle + tail.decode("utf-8", "replace")


def _text(target: int) -> TextIO:
    # Each line reaches the file at once: the parent reads it after a crash.
    options: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape"}
    return cast("TextIO", open(target, "w", buffering=1, closefd=False, **options))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # the user may have closed or taken it
            continue


def _c_flush() -> Callable[[], Any]:
    """Return what empties the buffers of C's standard streams."""
    try:
        import ctypes  # noqa: PLC0415 - only workers need it

        flush = ctypes.CDLL(None).fflush
    except (ImportError, AttributeError, OSError, TypeError):
        return lambda: None
    return lambda: flush(None)


def _be_silent() -> None:
    """Keep what nobody here receives out of the output: the parent shows the log records."""
    import logging  # noqa: PLC0415 - loaded here, so that the records of every run are seen

    logging.lastResort = logging.NullHandler()
    hold()
