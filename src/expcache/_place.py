"""Where in the user's program something was made."""

from __future__ import annotations

from types import FrameType, FunctionType
from typing import Any

__all__ = ["Place"]


class Place:
    """Where in the user's program a sweep was made: its module's names, file and line."""

    __slots__ = ("file", "globals", "line")

    def __init__(self, frame: FrameType) -> None:
        """Remember the place that a frame stands at, without keeping the frame."""
        self.globals = frame.f_globals
        self.file = frame.f_code.co_filename
        self.line = frame.f_lineno

    def name_of(self, thing: object) -> str | None:
        """Return the module-level variable that holds the thing, if one does."""
        return next((name for name, held in list(self.globals.items()) if held is thing), None)

    def function(self) -> FunctionType:
        """Return a function of ``run`` that seems to be written at this place.

        pytest takes the location of a test from the code of its function.
        """
        code = _template.__code__.replace(co_filename=self.file, co_firstlineno=self.line)
        return FunctionType(code, self.globals, "run")


def _template(run: Any) -> None:
    """Stand where pytest looks for the function behind a sweep."""
