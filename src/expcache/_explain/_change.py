"""The first statement in which two normal forms of a definition differ."""

from __future__ import annotations

import ast
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any, NamedTuple

__all__ = ["Change", "count_changed", "first_change", "lines_of", "method_at", "shortened"]

_WIDTH = 60
_BEFORE = 20
"""How much is shown before what differs, in lines that begin alike."""


class Change(NamedTuple):
    """Where two texts differ first: the line in the new one, and the statement in both."""

    line: int
    old: str | None
    new: str | None


def first_change(old: list[ast.stmt], new: list[ast.stmt]) -> Change | None:
    """Return where two texts differ, apart from decorators and defaults; None if they do not."""
    found = _in_list(old, new, Change(0, None, None))
    return None if found is None else Change(found.line, *shortened(found.old, found.new))


def shortened(old: str | None, new: str | None) -> tuple[str | None, str | None]:
    """Return two texts as far as they are shown; those that begin alike, where they differ."""
    if old is None or new is None or old[: _WIDTH - 3] != new[: _WIDTH - 3]:
        return _cut(old), _cut(new)
    begin = (
        len(list(takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))) - _BEFORE
    )
    return (_cut(old), _cut(new)) if begin <= 0 else (_from(old, begin), _from(new, begin))


def _from(text: str, begin: int) -> str | None:
    return _cut(f"...{text[begin:]}")


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."


def count_changed(old: list[str], new: list[str]) -> int:
    """Return how many lines differ between two texts."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return sum(
        max(old_end - old_begin, new_end - new_begin)
        for tag, old_begin, old_end, new_begin, new_end in matcher.get_opcodes()
        if tag != "equal"
    )


def lines_of(body: list[ast.stmt]) -> list[str]:
    """Return the statements of a normal form, a line each, without decorators and defaults.

    The normal form is changed.
    """
    for one in (node for part in body for node in ast.walk(part)):
        if isinstance(one, ast.arguments):
            one.defaults, one.kw_defaults = [], [None] * len(one.kwonlyargs)
        elif isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            one.decorator_list = []
    module = ast.Module(body=body, type_ignores=[])
    lines = ast.unparse(ast.fix_missing_locations(module)).splitlines()
    return [one for one in lines if one.strip() not in {"else:", "try:", "finally:"}]


def method_at(body: list[ast.stmt], line: int) -> str:
    """Return the name of the method of a class that has a line; empty if none has."""
    for one in getattr(body[0], "body", []) if body else []:
        if one.lineno <= line <= (one.end_lineno or one.lineno):
            if isinstance(one, ast.ClassDef):
                return f"{one.name}.{method_at([one], line)}".removesuffix(".")
            return getattr(one, "name", "")
    return ""


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
    if isinstance(next(iter([*old, *new]), None), ast.stmt):
        return _in_statements(old, new, near)
    for before, now in zip(old, new, strict=False):
        found = _differs(before, now, near)
        if found is not None:
            return found if len(old) == len(new) else _moved(now, near)
    if len(old) == len(new):
        return None
    return _moved(new[len(old)] if len(new) > len(old) else None, near)


def _moved(now: Any, near: Change) -> Change:
    """Return the change of a list of expressions that got longer or shorter."""
    return near._replace(line=getattr(now, "lineno", near.line))


def _in_statements(old: list[Any], new: list[Any], near: Change) -> Change | None:
    """Compare statements with those that they have come from, not just by their places."""
    before_all, now_all = ([ast.dump(one) for one in body] for body in (old, new))
    matcher = SequenceMatcher(None, before_all, now_all, autojunk=False)
    for tag, *ends in matcher.get_opcodes():
        if tag == "equal":
            continue
        gone, come = old[ends[0] : ends[1]], new[ends[2] : ends[3]]
        if len(gone) > len(come) and (not come or _likest(come[0], gone)):
            end = getattr(new[-1], "end_lineno", None) if new else None
            after = new[ends[2]].lineno if ends[2] < len(new) else end
            return Change(after or near.line, _shown(gone[0]), None)
        if len(come) > len(gone) and (not gone or _likest(gone[0], come)):
            return Change(come[0].lineno, None, _shown(come[0]))
        for before, now in zip(gone, come, strict=False):
            found = _differs(before, now, near)
            if found is not None:
                return found
    return None


def _likest(one: Any, others: list[Any]) -> int:
    """Return the position of the statement that is most like one; the first of several."""
    text = ast.dump(one)
    likeness = [SequenceMatcher(None, ast.dump(other), text).ratio() for other in others]
    return likeness.index(max(likeness))


def _shown(node: Any) -> str | None:
    """Return the first line of a statement; of arguments, all of them."""
    if node is None:
        return None
    try:
        lines = ast.unparse(ast.fix_missing_locations(node)).splitlines()
    except (AttributeError, TypeError, ValueError, RecursionError):
        return None
    text = next((one for one in lines if not one.startswith("@")), "")
    return f"({text})" if isinstance(node, ast.arguments) else text
