"""Where each run stands: the dimensions, the place of each run, the coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from expcache._cube._axis import Axis
from expcache._cube._column import HOLE, array_of
from expcache.errors import ExportError, QueryError

__all__ = ["FLAT", "Places", "find_places", "refuse_sparse"]

FLAT = "point"
_CELLS = 1_000_000
_SPARSE = 100
_REMEDY = f"Give dims=({FLAT!r},) for one place a run, or dims with the params that tell them apart"


class Places(NamedTuple):
    """The dimensions of the runs, and the position of each run in the cube, counted flat."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    positions: list[int]

    @property
    def size(self) -> int:
        """How many places there are."""
        return math.prod(self.shape)

    def spread(self, values: Sequence[Any]) -> Any:
        """Return the values of the runs as an array of the cube's shape."""
        cells = [HOLE] * self.size
        for position, value in zip(self.positions, values, strict=True):
            cells[position] = value
        return array_of(cells).reshape(self.shape)


def find_places(axes: list[Axis], ids: list[str], dims: Sequence[str] | None) -> Places:
    """Return the places of runs over their parameters.

    Raises:
        QueryError: ``dims`` names what is no parameter.
        ExportError: two runs are at one place, or the cube is far larger than the runs.
    """
    if dims is None:
        chosen = [axis for axis in axes if len(axis.labels) > 1]
    elif tuple(dims) == (FLAT,) and FLAT not in {axis.name for axis in axes}:
        return Places((FLAT,), (len(ids),), list(range(len(ids))))
    else:
        chosen = _named(axes, dims)
    shape = tuple(len(axis.labels) for axis in chosen)
    names = tuple(axis.name for axis in chosen)
    refuse_sparse(names, math.prod(shape), len(ids))
    positions = [0] * len(ids)
    for axis in chosen:
        positions = [
            position * len(axis.labels) + place
            for position, place in zip(positions, axis.places, strict=True)
        ]
    _refuse_repeats(chosen, positions, ids)
    return Places(names, shape, positions)


def refuse_sparse(names: Sequence[str], cells: int, filled: int) -> None:
    """Refuse an array that would be nearly empty, and large."""
    if cells > _CELLS and cells > _SPARSE * filled:
        message = f"cannot make a cube of these runs: {' x '.join(names)} has {cells:,} places"
        raise ExportError(f"{message} for {filled:,} values. {_REMEDY}.", path=", ".join(names))


def _named(axes: list[Axis], dims: Sequence[str]) -> list[Axis]:
    known = {axis.name: axis for axis in axes}
    unknown = [name for name in dims if name not in known]
    if unknown or len(set(dims)) < len(dims):
        reason = f"there is no parameter {unknown[0]!r}" if unknown else "a name stands there twice"
        listed = ", ".join(map(repr, known))
        message = f"cannot make dims of {tuple(dims)!r}: {reason}."
        remedy = f"Use the parameters {listed}, or {FLAT!r} alone."
        name = unknown[0] if unknown else str(dims[0])
        raise QueryError(f"{message} {remedy}", name=name, known=tuple(known))
    return [known[name] for name in dims]


def _refuse_repeats(chosen: list[Axis], positions: list[int], ids: list[str]) -> None:
    seen: dict[int, int] = {}
    for run, position in enumerate(positions):
        other = seen.setdefault(position, run)
        if other == run:
            continue
        labels = [f"{axis.name}={axis.labels[axis.places[run]]!r}" for axis in chosen]
        place = f"at {', '.join(labels)}" if labels else "at the same params"
        message = f"cannot make a cube of these runs: {ids[other]} and {ids[run]} are both {place}."
        raise ExportError(f"{message} Leave one of them out. {_REMEDY}.", path=ids[run])
