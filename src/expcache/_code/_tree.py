"""Syntax trees without what says nothing about the computation, or is said better elsewhere."""

from __future__ import annotations

import ast
from typing import Any

from expcache._code._lookup import Cells, look
from expcache._code._names import is_own
from expcache._code._normal import replaced
from expcache._code._walk import Walk
from expcache._code._watch import MISSING

__all__ = ["body_without_methods", "expressions", "without_defaults", "without_own"]

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def expressions(node: Any) -> dict[str, ast.expr]:
    """Return the expressions of a function's defaults, by argument."""
    arguments: ast.arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    last = positional[len(positional) - len(arguments.defaults) :]
    found = {arg.arg: value for arg, value in zip(last, arguments.defaults, strict=True)}
    for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            found[arg.arg] = value
    return found


def without_defaults(node: Any) -> Any:
    """Return a function's node without its defaults: their values count, not their spelling."""
    return replaced(node, args=replaced(node.args, defaults=[], kw_defaults=[]))


def without_own(node: Any, walk: Walk, cells: Cells, namespace: dict[str, Any]) -> Any:
    """Return the node without the decorators of expcache, its own and those of its methods."""
    decorators = getattr(node, "decorator_list", None)
    if decorators:
        kept = [one for one in decorators if not _is_own_decorator(one, walk, cells, namespace)]
        node = replaced(node, decorator_list=kept)
    if isinstance(node, ast.ClassDef):
        body = [
            without_own(one, walk, cells, namespace) if isinstance(one, _FUNCTION) else one
            for one in node.body
        ]
        node = replaced(node, body=body)
    return node


def _is_own_decorator(
    decorator: ast.expr, walk: Walk, cells: Cells, namespace: dict[str, Any]
) -> bool:
    node: ast.expr = decorator
    names: list[str] = []
    while isinstance(node, (ast.Call, ast.Attribute)):
        names += [node.attr] if isinstance(node, ast.Attribute) else []
        node = node.func if isinstance(node, ast.Call) else node.value
    if not isinstance(node, ast.Name):
        return False
    seen = look(walk.watch, (node.id, *reversed(names)), cells, namespace)
    if seen is None or seen.value is MISSING:
        # A decorator that was imported inside a factory cannot be looked up; its name must do.
        return "experiment" in (node.id, *names)
    return is_own(seen.value)


def body_without_methods(node: ast.ClassDef) -> ast.ClassDef:
    """Return a class with its fields, bases and decorators only."""
    return replaced(node, body=[one for one in node.body if not isinstance(one, _FUNCTION)])
