"""Which part of a value keeps the whole from travelling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

__all__ = ["find_culprit"]

_DEPTH = 6


def find_culprit(
    value: object, path: str, dumps: Callable[[object], object], depth: int = _DEPTH
) -> tuple[str, str]:
    """Return the path to the innermost part that cannot be pickled, and what it raised."""
    for name, part in _parts(value) if depth else ():
        try:
            dumps(part)
        except Exception:  # noqa: BLE001 - whatever its own reduce raises: it is in there
            return find_culprit(part, f"{path}{name}", dumps, depth - 1)
    return path, _reason(value, dumps)


def _reason(value: object, dumps: Callable[[object], object]) -> str:
    try:
        dumps(value)
    except Exception as error:  # noqa: BLE001 - as above
        return f"{type(error).__name__}: {error}"
    return "only together with the rest"


def _parts(value: Any) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple):
        yield from ((f"[{position}]", part) for position, part in enumerate(value))
    elif isinstance(value, FunctionType):
        yield from _reached(value)
    elif isinstance(value, type):
        yield from ((f".{name}", part) for name, part in vars(value).items() if name[:2] != "__")
    elif isinstance(getattr(value, "__dict__", None), dict):
        yield from ((f".{name}", part) for name, part in vars(value).items())


def _reached(function: FunctionType) -> Iterator[tuple[str, object]]:
    for name in sorted(_names(function.__code__) & function.__globals__.keys()):
        if function.__globals__[name] is not function:
            yield f", its global {name!r}", function.__globals__[name]
    cells = function.__closure__ or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        try:
            yield f", its variable {name!r}", cell.cell_contents
        except ValueError:  # not yet bound
            continue
    for name, default in (function.__kwdefaults__ or {}).items():
        yield f", its default of {name!r}", default
    for position, default in enumerate(function.__defaults__ or ()):
        yield f", its default {position}", default


def _names(code: CodeType) -> set[str]:
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return set(code.co_names).union(*map(_names, inner))
