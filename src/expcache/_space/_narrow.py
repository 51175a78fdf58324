"""Narrowing: lookups applied to a shape as close to its axes as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expcache._space._compound import Chain, Derived, Product, chained, multiplied
from expcache._space._grid import Grid
from expcache._space._rows import Listing
from expcache._space._scan import Filtered
from expcache._space._shape import Shape, count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expcache._lookup import Where

__all__ = ["narrowed"]

# Longer axes are not read until somebody asks for points.
_LONG = 100_000


def narrowed(shape: Shape, where: Where) -> Shape:
    """Return the points that match, without reading points where the axes tell it."""
    if not where.conditions:
        return shape
    return _narrowed(shape, where) if where.names <= set(shape.names) else Listing(shape.names, ())


def _narrowed(shape: Shape, where: Where) -> Shape:
    match shape:
        case Grid() if all(count(axis) <= _LONG for axis in _asked(shape, where)):
            return _narrowed_grid(shape, where)
        case Product(left=left, right=right):
            sides = (narrowed(side, where.only(side.names)) for side in (left, right))
            return multiplied(*sides)
        case Chain(parts=parts):
            return chained(*(narrowed(part, where) for part in parts))
        case Derived(base=base, calls=calls) if where.names.isdisjoint(calls):
            return Derived(narrowed(base, where), calls)
        case _:
            return Filtered(shape, where.matches)


def _asked(grid: Grid, where: Where) -> list[Sequence[Any]]:
    asked = where.names
    return [axis for name, axis in zip(grid.names, grid.axes, strict=True) if name in asked]


def _narrowed_grid(grid: Grid, where: Where) -> Grid:
    axes = (_kept(name, axis, where) for name, axis in zip(grid.names, grid.axes, strict=True))
    return Grid(grid.names, tuple(axes))


def _kept(name: str, axis: Sequence[Any], where: Where) -> Sequence[Any]:
    conditions = where.only((name,))
    if not conditions.conditions:
        return axis
    return tuple(value for value in axis if conditions.matches({name: value}))
