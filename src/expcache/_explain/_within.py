"""Which item of a table or list differs, where two of them differ in one only."""

from __future__ import annotations

import ast
from typing import Any

__all__ = ["narrowed"]

_DEPTH = 10
_DOTS = "..."
"""What stands in a text in place of what is left out."""


def narrowed(old: str, new: str) -> tuple[str, str, str]:
    """Return the way to what differs between two values, such as ``['rate']``, and its texts."""
    if _DOTS in old or _DOTS in new:
        return "", old, new
    try:
        before, now = ast.literal_eval(old), ast.literal_eval(new)
    except (SyntaxError, ValueError):
        return "", old, new
    way = ""
    for _ in range(_DEPTH):
        keys = _differing(before, now)
        if len(keys) != 1:
            break
        way += f"[{keys[0]!r}]"
        before, now = before[keys[0]], now[keys[0]]
    return (way, repr(before), repr(now)) if way else ("", old, new)


def _differing(old: Any, new: Any) -> list[Any]:
    """Return the keys or positions of the items that differ; none for what is no container."""
    if type(old) is not type(new) or _len(old) != _len(new):
        return []
    if isinstance(old, dict):
        return [] if list(old) != list(new) else [key for key in old if _differ(old[key], new[key])]
    if isinstance(old, (list, tuple)):
        return [place for place in range(len(old)) if _differ(old[place], new[place])]
    return []


def _len(value: Any) -> int:
    return len(value) if isinstance(value, (dict, list, tuple)) else 0


def _differ(old: object, new: object) -> bool:
    return repr(old) != repr(new)
