"""The text of a definition in its normal form: without what does not count."""

from __future__ import annotations

import ast
import warnings
from typing import Any

from expcache._code import normal_fields

__all__ = ["decorators_of", "read", "unparsed"]

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_KEPT = ("ctx", "simple")
"""Fields that do not count, but without which no text can be made of a tree."""


def read(text: str, *, methods: bool = True) -> list[ast.stmt] | None:
    """Return the normal form of a part's text; None for what is no whole statement.

    Args:
        text: the lines of a definition, or of a module.
        methods: whether the methods of a class belong to it.
    """
    if not text:
        return None
    for shown, shift in ((text, 0), (f"if 1:\n{text}", 1)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                body: list[Any] = ast.parse(shown).body
        except (SyntaxError, ValueError):
            continue  # a text in a definition may begin left of the definition
        body = body[0].body if shift else body
        return [_normal(one, methods=methods) for one in body]
    return None


def _normal(node: ast.AST, *, methods: bool = True, inside_class: bool = False) -> Any:
    if isinstance(node, (ast.Constant, ast.MatchSingleton)):
        return ast.copy_location(type(node)(value=node.value), node)  # type: ignore[arg-type]
    is_class = isinstance(node, ast.ClassDef)
    within = is_class or (inside_class and not isinstance(node, (*_FUNCTION, ast.Lambda)))
    kept = dict(normal_fields(node, inside_class=inside_class))
    made: dict[str, object] = {}
    for name in node._fields:
        value = kept.get(name, [] if isinstance(getattr(node, name, None), list) else None)
        if name in _KEPT:
            value = getattr(node, name, None)
        elif name == "body" and not value and isinstance(value, list):
            value = [ast.copy_location(ast.Pass(), node.body[-1])]  # type: ignore[attr-defined]
        elif name == "decorator_list":
            value = [one for one in value if not _is_own(one)]  # type: ignore[attr-defined]
        elif name == "body" and is_class and not methods:
            value = [one for one in value if not isinstance(one, _FUNCTION)]  # type: ignore[attr-defined]
        made[name] = _value(value, within)
    return ast.copy_location(type(node)(**made), node)


def _value(value: object, within: bool) -> object:  # noqa: FBT001 - as in the walk
    if isinstance(value, ast.AST):
        return _normal(value, inside_class=within)
    if not isinstance(value, list):
        return value
    return [_value(one, within) for one in value]


def _is_own(decorator: ast.expr) -> bool:
    """Tell whether a decorator is one of expcache's, by its name: it does not count."""
    names: list[str] = []
    node: ast.expr = decorator
    while isinstance(node, (ast.Call, ast.Attribute)):
        names += [node.attr] if isinstance(node, ast.Attribute) else []
        node = node.func if isinstance(node, ast.Call) else node.value
    names += [node.id] if isinstance(node, ast.Name) else []
    return "experiment" in names or names[:1] == ["check"]


def decorators_of(statements: list[ast.stmt]) -> list[ast.expr]:
    """Return the decorators of the one definition that a text holds."""
    one = statements[0] if len(statements) == 1 else None
    return list(getattr(one, "decorator_list", ()))


def unparsed(text: str, *, methods: bool = True) -> str:
    """Return a text in its normal form, or as it is where that is not known."""
    found = read(text, methods=methods)
    if found is None:
        return text
    module = ast.Module(body=found, type_ignores=[])
    return ast.unparse(ast.fix_missing_locations(module))
