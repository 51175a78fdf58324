"""Tracebacks as plain facts, and tracebacks made of them again.

A frame cannot be sent. What shows a traceback asks a frame for its file, the line, the line where
its function begins and the function's name: code that does nothing else but stand there has all
four.
"""

from __future__ import annotations

import sys
from functools import cache
from types import CodeType, TracebackType
from typing import Any, NamedTuple

from expcache._outcome import is_own

__all__ = ["Place", "frames_of", "trace_of"]

_NO_COLUMNS = 13
_STEP = 8
_CHUNK, _MORE = 6, 0x40


class Place(NamedTuple):
    """One frame: where it is, and what it belongs to."""

    file: str
    line: int
    first: int
    name: str
    qualname: str
    module: str | None
    hidden: bool


def frames_of(trace: TracebackType | None) -> list[Place]:
    """Return the frames of the user, outermost first."""
    found: list[Place] = []
    while trace is not None:
        frame = trace.tb_frame
        code = frame.f_code
        if not is_own(code.co_filename):
            line = trace.tb_lineno or code.co_firstlineno
            hidden = bool(frame.f_locals.get("__tracebackhide__") is True)
            module = frame.f_globals.get("__name__")
            first, names = code.co_firstlineno, (code.co_name, code.co_qualname)
            found.append(Place(code.co_filename, line, first, *names, module, hidden))
        trace = trace.tb_next
    return found


def trace_of(places: list[Place]) -> TracebackType | None:
    """Return a traceback that shows these places."""
    trace: TracebackType | None = None
    for place in reversed(places):
        one = _stand(Place(*place))
        one.tb_next = trace
        trace = one
    return trace


def _stand(place: Place) -> TracebackType:
    code = _stub().replace(
        co_filename=place.file,
        co_name=place.name,
        co_qualname=place.qualname,
        co_firstlineno=place.first,
        co_linetable=_lines(len(_stub().co_code) // 2, place.line - place.first),
    )
    names: dict[str, Any] = {"__name__": place.module, "__file__": place.file}
    try:
        exec(code, names, {"__tracebackhide__": True} if place.hidden else {})  # noqa: S102
    except ZeroDivisionError:
        trace = sys.exc_info()[2]
        assert trace is not None  # noqa: S101 - for the type checker
        assert trace.tb_next is not None  # noqa: S101 - for the type checker
        return trace.tb_next
    raise AssertionError(place)


@cache
def _stub() -> CodeType:
    return compile("1 / 0", "<stub>", "exec")


def _lines(units: int, delta: int) -> bytes:
    """Return a line table that puts all code on one line, without columns."""
    table = b""
    for start in range(0, units, _STEP):
        count = min(_STEP, units - start)
        table += bytes([0x80 | _NO_COLUMNS << 3 | count - 1]) + _signed(0 if start else delta)
    return table


def _signed(number: int) -> bytes:
    rest = -number << 1 | 1 if number < 0 else number << 1
    digits = []
    while rest >= _MORE:
        digits.append(_MORE | rest & (_MORE - 1))
        rest >>= _CHUNK
    return bytes([*digits, rest])
