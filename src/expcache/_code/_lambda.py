"""Which of the lambdas of a file a piece of code was compiled from."""

from __future__ import annotations

import ast
from types import CodeType

from expcache._code._normal import canonical

__all__ = ["find_lambda"]

Place = tuple[int, int]


def find_lambda(code: CodeType, tree: ast.Module) -> ast.Lambda | None:
    """Return the lambda of the code, by line and columns; None if several could be meant."""
    here = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno
    ]
    inside = _extent(code)
    if len(here) > 1 and inside is not None:
        around = [node for node in here if _begin(node) <= inside[0] and inside[1] <= _end(node)]
        # Lambdas around this one hold it too: the innermost begins last.
        here = sorted(around, key=_begin)[-1:]
    if len({canonical(node) for node in here}) != 1:
        return None
    return here[0]


def _extent(code: CodeType) -> tuple[Place, Place] | None:
    """Return where the code's instructions begin and end, or None without columns."""
    begin: list[Place] = []
    end: list[Place] = []
    for line, last, column, stop in code.co_positions():
        if line is not None and last is not None and column is not None and stop is not None:
            if (line, column) == (last, stop):
                continue  # of no width: the instruction that enters the function
            begin.append((line, column))
            end.append((last, stop))
    return (min(begin), max(end)) if begin else None


def _begin(node: ast.Lambda) -> Place:
    return node.body.lineno, node.body.col_offset


def _end(node: ast.Lambda) -> Place:
    return node.body.end_lineno or 0, node.body.end_col_offset or 0
