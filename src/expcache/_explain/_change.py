"""The first statement in which two normal forms of a definition differ."""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

__all__ = ["Change", "first_change"]

_WIDTH = 60


class Change(NamedTuple):
    """Where two texts differ first: the line in the new one, and the statement in both."""

    line: int
    old: str | None
    new: str | None


def first_change(old: list[ast.stmt], new: list[ast.stmt]) -> Change | None:
    """Return where two texts differ, apart from decorators and defaults; None if they do not."""
    return _in_list(old, new, Change(0, None, None))


def _differs(old: object, new: object, near: Change) -> Change | None:
    if type(old) is not type(new):
        return near if new is None else _nearer(old, new, near)
    if isinstance(old, list) and isinstance(new, list):
        return _in_list(old, new, near)
    if not isinstance(old, ast.AST):
        return None if repr(old) == repr(new) else near
    near = _nearer(old, new, near)
    for name in new._fields:  # type: ignore[attr-defined]
        if name in {"ctx", "decorator_list", "defaults", "kw_defaults"}:
            continue
        found = _differs(getattr(old, name, None), getattr(new, name, None), near)
        if found is not None:
            return found
    return None


def _nearer(old: Any, new: Any, near: Change) -> Change:
    line = getattr(new, "lineno", near.line)
    if isinstance(new, (ast.stmt, ast.arguments)):
        return Change(line, _shown(old), _shown(new))
    return near._replace(line=line)


def _in_list(old: list[Any], new: list[Any], near: Change) -> Change | None:
    for before, now in zip(old, new, strict=False):
        found = _differs(before, now, near)
        if found is not None:
            return found if len(old) == len(new) else _moved(before, now, old, new, near)
    if len(old) == len(new):
        return None
    if len(new) > len(old):
        return _moved(None, new[len(old)], old, new, near)
    end = getattr(new[-1], "end_lineno", None) if new else None
    return _moved(old[len(new)], None, old, new, near)._replace(line=end or near.line)


def _moved(before: Any, now: Any, old: list[Any], new: list[Any], near: Change) -> Change:
    """Return the change of a list that got longer or shorter: its items may only have moved."""
    line = getattr(now, "lineno", near.line)
    if not isinstance(now if before is None else before, ast.stmt):
        return near._replace(line=line)
    if len(new) > len(old) and _has(new, before):
        before = None
    elif len(new) < len(old) and _has(old, now):
        now = None
    return Change(line, _shown(before), _shown(now))


def _has(nodes: list[Any], one: Any) -> bool:
    return one is not None and any(ast.dump(node) == ast.dump(one) for node in nodes)


def _shown(node: Any) -> str | None:
    """Return the first line of a statement; of arguments, all of them."""
    if node is None:
        return None
    try:
        lines = ast.unparse(ast.fix_missing_locations(node)).splitlines()
    except (AttributeError, TypeError, ValueError, RecursionError):
        return None
    text = next((one for one in lines if not one.startswith("@")), "")
    text = f"({text})" if isinstance(node, ast.arguments) else text
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
