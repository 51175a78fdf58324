"""Call: a user's function applied to a point's values."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from expcache.errors import SpaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from expcache._space._shape import Point

__all__ = ["Call"]


class Call:
    """A function that is given the point's values by keyword: those that its signature names.

    One that takes `**kwargs` is given all of them. A name with a default may be absent from a
    point; one without may not.
    """

    __slots__ = ("_doing", "_everything", "_function", "_needed", "_optional")

    def __init__(self, function: Callable[..., object], known: Sequence[str], doing: str) -> None:
        """Read the signature and compare it with the known parameters.

        Raises:
            SpaceError: The function cannot be called so, or asks for an unknown parameter.
        """
        self._doing = doing
        self._function = function
        named = _parameters(function, doing)
        kinds = {parameter.kind for parameter in named}
        by_name = [one for one in named if one.kind not in _GATHERING]
        self._everything = inspect.Parameter.VAR_KEYWORD in kinds
        self._needed = tuple(one.name for one in by_name if one.default is one.empty)
        self._optional = tuple(one.name for one in by_name if one.default is not one.empty)
        self._require(known, f"The parameters are {', '.join(map(repr, known)) or 'none'}.")

    def __call__(self, point: Point) -> Any:
        """Call the function with values of the point."""
        values = {name: point[name] for name in self._needed if name in point}
        if len(values) < len(self._needed):
            self._require(point, f"Give it a default: the point {point!r} has no such parameter.")
        if self._everything:
            return self._function(**point)
        for name in self._optional:
            if name in point:
                values[name] = point[name]
        return self._function(**values)

    def _require(self, known: Sequence[str] | Point, remedy: str) -> None:
        missing = [name for name in self._needed if name not in known]
        if missing:
            raise SpaceError(
                f"cannot {self._doing}: {_described(self._function)} asks for "
                f"{', '.join(map(repr, missing))}, which is no parameter here. {remedy}"
            )


_GATHERING = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _parameters(function: Callable[..., object], doing: str) -> list[inspect.Parameter]:
    remedy = "Give a function whose arguments are named like parameters."
    if not callable(function):
        raise SpaceError(f"cannot {doing}: {function!r} is no function. {remedy}")
    try:
        named = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise SpaceError(
            f"cannot {doing}: {_described(function)} has no signature to read. {remedy}"
        ) from None
    if any(one.kind is inspect.Parameter.POSITIONAL_ONLY for one in named):
        raise SpaceError(
            f"cannot {doing}: {_described(function)} has positional-only arguments. {remedy}"
        )
    return named


def _described(function: object) -> str:
    return getattr(function, "__qualname__", None) or repr(function)
