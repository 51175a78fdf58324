"""Capture what a call does: the value it returns or the exception it raises.

A run is captured once, where the user's function is called, and unwrapped once, where the
user asked for the result. Between the two, success and failure are values like any other.
"""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, final

from expcache.errors import RunFailedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

__all__ = ["Failure", "Value", "brief", "capture", "capture_async", "is_own"]

P = ParamSpec("P")
R = TypeVar("R")

_OWN = Path(__file__).parent
_OWN_REASON = (
    r"expcache\.errors\.\w+: cannot \w+ run [0-9a-f]{32} of '.*?': (?:it |its program )?(.+?)\. "
)
_OWN_PLACES = frozenset({_OWN, _OWN.with_name("pytest_expcache")})


@final
@dataclass(frozen=True, slots=True)
class Value(Generic[R]):
    """The value that a call returned."""

    value: R

    def unwrap(self) -> R:
        """Return the value."""
        return self.value


@final
@dataclass(frozen=True, slots=True)
class Failure:
    """The exception that a call raised, as text that outlives the process.

    `exception` is the live exception while the failure stays in the process that captured
    it; a pickled copy carries the texts only, since any exception may be unpicklable.
    """

    type: str
    message: str
    traceback: str
    exception: Exception | None = field(default=None, repr=False, compare=False)
    _trace: TracebackType | None = field(init=False, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Remember the frames of the user, since every raise adds some to the exception."""
        if self.exception is not None:
            trace = _without_own_head(self.exception.__traceback__)
            object.__setattr__(self, "_trace", trace)

    def unwrap(self) -> NoReturn:
        """Raise the live exception as it was raised, or `RunFailedError` where it is gone."""
        exception = self.exception
        if exception is None:
            raise RunFailedError(
                f"cannot give the result: the run failed with {self.type}: {self.message}. "
                "Read the traceback that is kept with it, or run it again.",
                id="",
                traceback=self.traceback,
            )
        try:
            raise exception.with_traceback(self._trace)
        finally:
            # The traceback holds this frame and this frame would hold the exception: a
            # cycle that keeps every local of the user's function alive until a collection.
            del exception, self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the texts without the live exception."""
        return Failure, (self.type, self.message, self.traceback)


def brief(error: object) -> str:
    """Return in one line how a run failed; where expcache ended it, the bare reason."""
    first = str(error).strip().partition("\n")[0]
    reason = re.match(_OWN_REASON, first)  # compiled when it is needed, not at import
    return first if reason is None else reason[1]


def capture(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Value[R] | Failure:
    """Call the function and return its value or its failure.

    Only `Exception` is an outcome: an interrupt, an exit or a cancellation passes through.
    """
    try:
        return Value(function(*args, **kwargs))
    except Exception as error:  # noqa: BLE001  # the one place where user code may raise anything
        return _failure(error)


async def capture_async(
    function: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs
) -> Value[R] | Failure:
    """Await the function and return its value or its failure, like `capture`."""
    try:
        return Value(await function(*args, **kwargs))
    except Exception as error:  # noqa: BLE001  # the same place for async functions
        return _failure(error)


def _failure(error: Exception) -> Failure:
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    message = _text_of(error)
    return Failure(name, message, _traceback_text(error, name, message), error)


def _text_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001  # the user's __str__ is user code
        return f"<no message: str() raised {type(broken).__name__}>"


def _traceback_text(error: Exception, name: str, message: str) -> str:
    try:
        lines = traceback.TracebackException.from_exception(error, compact=True)
        _drop_own_frames(lines)
        return "".join(lines.format())
    except Exception:  # noqa: BLE001  # formatting reads attributes that the user's class made
        return f"{name}: {message}\n"


def _drop_own_frames(lines: traceback.TracebackException) -> None:
    """Leave the user's frames, in this exception and all that are chained to it."""
    kept = [frame for frame in lines.stack if not is_own(frame.filename)]
    lines.stack = traceback.StackSummary.from_list(kept)
    chained = [lines.__cause__, lines.__context__, *(getattr(lines, "exceptions", None) or ())]
    for other in chained:
        if other is not None:
            _drop_own_frames(other)


def is_own(filename: str) -> bool:
    """Tell whether a file is one of this package."""
    return not _OWN_PLACES.isdisjoint(Path(filename).parents)


def _without_own_head(trace: TracebackType | None) -> TracebackType | None:
    """Cut the frames of this package off the outer end of a live traceback."""
    while trace is not None and is_own(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace
