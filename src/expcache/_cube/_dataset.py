"""A Dataset of runs: coordinates from their params, variables from their results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import xarray as xr

from expcache._cube._axis import Axis, axis_of
from expcache._cube._column import HOLE, array_of
from expcache._cube._places import Places, find_places
from expcache._cube._stack import Extents, labelled, merged, stack

__all__ = ["Row", "make_dataset"]


class Row(NamedTuple):
    """What a Dataset shows of a run: its record, which names of it are params, the attributes."""

    record: dict[str, Any]
    params: tuple[str, ...]
    attrs: Mapping[Any, Any] | None


def make_dataset(
    rows: Sequence[Row], dims: Sequence[str] | None, attrs: dict[str, Any]
) -> xr.Dataset:
    """Return the Dataset of rows.

    Raises:
        QueryError: ``dims`` names what is no parameter.
        ExportError: the runs fit no cube over these dimensions, or their results no common one.
    """
    names = dict.fromkeys(name for row in rows for name in row.params)
    axes = [axis_of(name, (row.record.get(name) for row in rows)) for name in names]
    places = find_places(axes, [row.record["id"] for row in rows], dims)
    made = _Dataset(places, {*names, *places.dims})
    for axis in axes:
        made.coordinate(axis)
    columns = dict(_columns(rows, made.taken))
    made.taken.update(columns)
    for name, cells in columns.items():
        made.variable(name, cells)
    return made.finish(attrs | merged([row.attrs for row in rows if row.attrs is not None]))


def _columns(rows: Sequence[Row], taken: set[str]) -> Iterator[tuple[str, list[Any]]]:
    """Give the name of each variable and what the runs have under it."""
    for name in dict.fromkeys(name for row in rows for name in row.record):
        cells = [HOLE if name in row.params else row.record.get(name, HOLE) for row in rows]
        if all(cell is HOLE for cell in cells):
            continue
        own = _own_name(cells) if name == "result" else None
        free = own or name
        free = f"result_{free}" if free in taken else free
        sets = [cell for cell in cells if isinstance(cell, xr.Dataset)]
        for part in dict.fromkeys(part for cell in sets for part in cell.data_vars):
            within = [c.get(part, HOLE) if isinstance(c, xr.Dataset) else HOLE for c in cells]
            yield f"{free}_{part}", within
        if not sets:
            yield free, cells


def _own_name(cells: list[Any]) -> str | None:
    """Return the name that all arrays among the results bear, if they do."""
    names = {getattr(cell, "name", None) for cell in cells if isinstance(cell, xr.DataArray)}
    name = names.pop() if len(names) == 1 else None
    return name if isinstance(name, str) else None


class _Dataset:
    """Coordinates and variables as they are found."""

    def __init__(self, places: Places, taken: set[str]) -> None:
        self.places = places
        self.taken = taken
        self._coords: dict[str, Any] = {}
        self._variables: dict[str, Any] = {}
        self._stacks: dict[str, list[Any]] = {}
        self._aside: dict[str, list[Any]] = {}

    def coordinate(self, axis: Axis) -> None:
        """Take in a parameter: along its dimension, over the others, or one value for all."""
        if axis.name in self.places.dims:
            self._coords[axis.name] = (axis.name, array_of(axis.labels))
        elif len(axis.labels) == 1:
            self._coords[axis.name] = ((), array_of(axis.labels).reshape(()))
        else:
            self._coords[axis.name] = (self.places.dims, self.places.spread(axis.values))

    def variable(self, name: str, cells: list[Any]) -> None:
        """Take in what the runs have under one name."""
        arrays = labelled(name, cells)
        if arrays is None:
            self._variables[name] = (self.places.dims, self.places.spread(cells))
            return
        arrays = [cell if cell is HOLE else self._renamed(cell) for cell in arrays]
        self._variables[name] = None  # it is made when all extents are known, but stands here
        self._stacks[name] = arrays
        for coordinate in dict.fromkeys(k for c in arrays if c is not HOLE for k in c.coords):
            self._lay_aside(name, coordinate, [_coordinate(cell, coordinate) for cell in arrays])

    def _renamed(self, cell: Any) -> Any:
        names = {n: self._free(n) for n in (*cell.dims, *cell.coords) if n in self.taken}
        return cell.rename(names) if names else cell

    def _free(self, name: str) -> str:
        return name if name not in self.taken else self._free(f"result_{name}")

    def _lay_aside(self, name: str, coordinate: str, cells: list[Any]) -> None:
        """Keep a coordinate that labels no dimension: a table of places, the name of a run."""
        if all(cell is HOLE for cell in cells):
            return
        both = list(zip(self._aside.get(coordinate, cells), cells, strict=True))
        if all(HOLE is one or HOLE is two or _alike(one, two) for one, two in both):
            self._aside[coordinate] = [two if one is HOLE else one for one, two in both]
        else:
            self._aside[f"{name}_{coordinate}"] = cells

    def finish(self, attrs: dict[str, Any]) -> xr.Dataset:
        """Return the Dataset."""
        extents = Extents()
        for cells in (*self._stacks.values(), *self._aside.values()):
            extents.add(cells)
        stacks = {name: self._stacked(cells, extents) for name, cells in self._stacks.items()}
        aside = {name: self._collapsed(cells, extents) for name, cells in self._aside.items()}
        labels = {dim: (dim, index, self._attrs_of(dim)) for dim, index in extents.indexes.items()}
        coords = self._coords | labels | aside
        return xr.Dataset(self._variables | stacks, coords=coords, attrs=attrs)

    def _attrs_of(self, dim: str) -> dict[Any, Any]:
        arrays = [cell for cells in self._stacks.values() for cell in cells if cell is not HOLE]
        return merged([cell.coords[dim].attrs for cell in arrays if dim in cell.coords])

    def _stacked(self, cells: list[Any], extents: Extents, places: Places | None = None) -> Any:
        dims, values = stack(cells, places or self.places, extents)
        return dims, values, merged([cell.attrs for cell in cells if cell is not HOLE])

    def _collapsed(self, cells: list[Any], extents: Extents) -> Any:
        """Return a coordinate without the dimensions of the runs where all agree on it."""
        present = [cell for cell in cells if cell is not HOLE]
        if all(_alike(cell, present[0]) for cell in present):
            return self._stacked(present[:1], extents, Places((), (), [0]))
        return self._stacked(cells, extents)


def _coordinate(cell: Any, name: str) -> Any:
    """Return a coordinate of an array, unless it labels a dimension of its own."""
    if cell is HOLE or name not in cell.coords or cell.coords[name].dims == (name,):
        return HOLE
    return cell.coords[name].reset_coords(drop=True)


def _alike(one: Any, two: Any) -> bool:
    return one is two or bool(one.identical(two))
