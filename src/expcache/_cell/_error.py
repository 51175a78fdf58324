"""Exceptions that travel: with their attributes, their chain, and tracebacks that show source."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from expcache._cell._pickler import dumps, loads
from expcache._cell._trace import frames_of, trace_of

__all__ = ["dump_error", "revive"]

LIMIT = 10 << 20
"""Exceptions that take more bytes stay behind; the text of their traceback is in the record."""


def dump_error(error: Exception) -> bytes | None:
    """Return an exception as bytes, or None if it would not come out of them again."""
    for rule in (_whole, _alone):
        try:
            content = dumps(error, rule=rule, limit=LIMIT)
            if type(loads(content, guarded=True)) is type(error):
                return content
        except Exception:  # noqa: BLE001, S112  # what a user's exception holds and does
            continue
    return None


def revive(error: bytes | None) -> Exception | None:
    """Return the exception of a `Reply` with its traceback, or None if it is not to be had."""
    if error is None:
        return None
    try:
        found = loads(error, guarded=True)
    except Exception:  # noqa: BLE001  # as above, and classes that are gone
        return None
    return found if isinstance(found, Exception) else None


def _whole(value: object) -> Any:
    if isinstance(value, TracebackType):
        return trace_of, (frames_of(value),)
    if isinstance(value, BaseException):
        links = (value.__cause__, value.__context__, value.__suppress_context__)
        return _parts(value, (value.__traceback__, getattr(value, "__notes__", None), links))
    return NotImplemented


def _alone(value: object) -> Any:
    """Leave the chain behind: some exception in it may be what cannot travel."""
    if isinstance(value, BaseException):
        return _parts(value, (value.__traceback__, getattr(value, "__notes__", None), None))
    return _whole(value)


def _parts(error: BaseException, around: tuple[Any, ...]) -> Any:
    reduced = error.__reduce_ex__(5)
    if isinstance(reduced, str) or len(reduced) > 3:  # noqa: PLR2004 - lists and setters of its own
        return NotImplemented
    build, args, state = (*reduced, None)[:3]
    base = _base(type(error))
    if _is_plain(type(error), base):
        # By what Exception itself knows: __init__ may ask for other arguments.
        build, args = _rebuild, (type(error), base, args)
    # The links after the exception: one of them may lead back to it.
    name = getattr(error, "name", None) if isinstance(error, AttributeError | NameError) else None
    return build, args, (state, name, *around), None, None, _surround


def _base(kind: type) -> type:
    return next(one for one in kind.__mro__ if one.__module__ == "builtins")


def _is_plain(kind: type, base: type) -> bool:
    names = ("__reduce__", "__reduce_ex__", "__getstate__")
    return all(getattr(kind, name) is getattr(base, name) for name in names)


def _rebuild(kind: type, base: Any, args: tuple[Any, ...]) -> BaseException:
    error: BaseException = base.__new__(kind, *args)
    base.__init__(error, *args)
    return error


def _surround(error: BaseException, around: tuple[Any, ...]) -> None:
    state, name, trace, notes, links = around
    if state is not None:
        error.__setstate__(state)
    if name is not None and isinstance(error, AttributeError | NameError):
        error.name = name  # before 3.12, these forget it
    if notes is not None:
        error.__notes__ = list(notes)
    if links is not None:
        error.__cause__, error.__context__, error.__suppress_context__ = links
    error.__traceback__ = trace
