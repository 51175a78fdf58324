"""Tracebacks as the user should see them: without the frames of expcache and of this plugin."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import FrameType, TracebackType

__all__ = ["forget_locals", "has_user_frames", "show_user_frames"]

_OWN = ("expcache", "pytest_expcache")


def show_user_frames(error: BaseException) -> None:
    """Cut the frames of this distribution out of an exception, and of those chained to it."""
    for one in _chain(error):
        one.__traceback__ = _user_frames(one.__traceback__)


def has_user_frames(error: BaseException) -> bool:
    """Whether anything of the user's is on the way to where an exception was raised."""
    return not all(_is_own(entry.tb_frame) for entry in _entries(error.__traceback__))


def forget_locals(error: BaseException) -> None:
    """Let go of the local variables that an exception holds; its lines can still be shown."""
    for one in _chain(error):
        if one.__traceback__ is not None:
            traceback.clear_frames(one.__traceback__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__]
            waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else ()


def _user_frames(trace: TracebackType | None) -> TracebackType | None:
    entries = list(_entries(trace))
    kept = [one for one in entries if not _is_own(one.tb_frame)]
    if not kept or len(kept) == len(entries):
        return trace
    rebuilt: TracebackType | None = None
    for one in reversed(kept):
        rebuilt = TracebackType(rebuilt, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return rebuilt


def _entries(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _is_own(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in _OWN
