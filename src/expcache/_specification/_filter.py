"""Filters: expressions of parameters, such as ``C > gamma and kernel != "rbf"``.

They know comparisons, arithmetic with numbers, ``and``, ``or``, ``not``, ``in`` and literals, and
nothing else: no expression calls anything.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any

from expcache._specification._wrong import nearest

__all__ = ["read_filter"]

Values = Mapping[str, Any]
Part = Callable[[Values], Any]

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, many: value in many,
    ast.NotIn: lambda value, many: value not in many,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_LARGEST_POWER = 1000


def read_filter(text: str, known: tuple[str, ...]) -> tuple[Part, frozenset[str]]:
    """Return a function of a point's values, and the parameters that it asks for.

    Raises:
        ValueError: the text is no expression, or has a part that filters do not know.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = getattr(error, "msg", None) or error
        raise ValueError(f"{text!r} is no expression ({reason})") from error
    reader = _Reader(known)
    return reader.part(tree.body), frozenset(reader.names)


class _Reader:
    """Makes a function of each part of an expression."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = tuple(known)
        self.names: set[str] = set()

    def part(self, node: ast.expr) -> Part:
        part = self._value(node) or self._logic(node) or self._arithmetic(node)
        if part is None:
            raise ValueError(f"{ast.unparse(node)!r} is nothing that a filter knows")
        return part

    def _value(self, node: ast.expr) -> Part | None:
        match node:
            case ast.Constant(value=value) if isinstance(value, (int, float, str, type(None))):
                return lambda _: value
            case ast.Name(id=name):
                return self._name(name)
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                items = [self.part(one) for one in parts]
                return lambda values: [one(values) for one in items]
        return None

    def _logic(self, node: ast.expr) -> Part | None:
        match node:
            case ast.BoolOp(op=op, values=parts):
                return _joined(isinstance(op, ast.And), [self.part(one) for one in parts])
            case ast.UnaryOp(op=ast.Not(), operand=one):
                inner = self.part(one)
                return lambda values: not inner(values)
            case ast.Compare() if all(type(op) in _COMPARISONS for op in node.ops):
                return self._comparison(node)
        return None

    def _arithmetic(self, node: ast.expr) -> Part | None:
        match node:
            case ast.UnaryOp(op=sign, operand=one) if type(sign) in _SIGNS:
                return _signed(_SIGNS[type(sign)], self.part(one))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return _computed(_ARITHMETIC[type(op)], self.part(left), self.part(right))
        return None

    def _name(self, name: str) -> Part:
        if name not in self._known:
            near = nearest(name, (*self._known, "True", "False", "None"))
            names = ", ".join(self._known) or "none"
            raise ValueError(f"{name!r} is no parameter of the points, which are {names}{near}")
        self.names.add(name)
        return lambda values: values[name]

    def _comparison(self, node: ast.Compare) -> Part:
        first = self.part(node.left)
        rest = [
            (_COMPARISONS[type(op)], self.part(one))
            for op, one in zip(node.ops, node.comparators, strict=True)
        ]

        def compare(values: Values) -> bool:
            left = first(values)
            for holds, part in rest:
                right = part(values)
                if not holds(left, right):
                    return False
                left = right
            return True

        return compare


def _joined(every: bool, parts: list[Part]) -> Part:  # noqa: FBT001 - `and`, else `or`
    """Return the part that answers with the value that decides, as Python does."""

    def joined(values: Values) -> Any:
        answer: Any = every
        for one in parts:
            answer = one(values)
            if bool(answer) is not every:
                break
        return answer

    return joined


def _signed(sign: Callable[[Any], Any], part: Part) -> Part:
    return lambda values: sign(_checked(part(values)))


def _computed(compute: Callable[[Any, Any], Any], left: Part, right: Part) -> Part:
    def computed(values: Values) -> Any:
        one, other = _checked(left(values)), _checked(right(values))
        if compute is operator.pow and abs(other) > _LARGEST_POWER:
            raise TypeError(f"{one!r} to the power of {other!r} is too large")
        return compute(one, other)

    return computed


def _checked(value: object) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is no number")
    return value
