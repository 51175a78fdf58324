"""Results that are arrays, as one array with the dimensions of the runs before their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from expcache._cube._column import HOLE, exact, with_holes
from expcache._cube._places import Places, refuse_sparse
from expcache._lookup import same
from expcache.errors import ExportError

__all__ = ["Extents", "labelled", "merged", "stack"]

Cells = Sequence[Any]


def labelled(name: str, cells: Cells) -> list[Any] | None:
    """Return the cells as DataArrays of the same dimensions, or None if they are no such arrays.

    Arrays and lists of numbers get dimensions named after the variable.
    """
    if not any(_may_be(cell) for cell in cells):
        return None
    found = [cell if cell is HOLE or cell is None else _labelled(name, cell) for cell in cells]
    present = [cell for cell in found if cell is not HOLE and cell is not None]
    if any(not isinstance(cell, xr.DataArray) for cell in present):
        return None
    first = present[0]
    if any(set(cell.dims) != set(first.dims) for cell in present):
        return None
    return [HOLE if cell is None else _like(first, cell) for cell in found]


def _like(first: Any, cell: Any) -> Any:
    return cell if cell is HOLE or cell.dims == first.dims else cell.transpose(*first.dims)


def _may_be(cell: object) -> bool:
    if isinstance(cell, xr.DataArray):
        return True
    if isinstance(cell, np.ndarray):
        return cell.ndim > 0 and cell.dtype.kind != "V"
    return isinstance(cell, (list, tuple)) and bool(cell)


def _labelled(name: str, cell: Any) -> Any:
    if isinstance(cell, xr.DataArray):
        multi = [dim for dim, index in cell.indexes.items() if index.nlevels > 1]
        return cell.reset_index(multi) if multi else cell
    if isinstance(cell, (list, tuple)):
        cell = _numbers(cell)
    if not isinstance(cell, np.ndarray) or not cell.ndim or cell.dtype.kind == "V":
        return cell
    return xr.DataArray(cell, dims=[f"{name}_dim_{n}" for n in range(cell.ndim)])


def _numbers(cell: Any) -> Any:
    """Return a list of numbers, or of such lists of one length, as an array; others as it is."""
    try:
        array = np.array(cell)
    except ValueError:  # lists of several lengths
        return cell
    return array if array.dtype.kind in "biufc" and not _mixed(cell) and exact(array) else cell


def _mixed(cell: Any) -> bool:
    if not isinstance(cell, (list, tuple)):
        return False
    kinds = {isinstance(one, (bool, np.bool_)) for one in cell}
    return len(kinds) > 1 or any(_mixed(one) for one in cell)


class Extents:
    """How long each dimension of the results is, and its labels: the union of all of them."""

    def __init__(self) -> None:
        """Begin with no dimension."""
        self.indexes: dict[str, Any] = {}
        self.sizes: dict[str, int] = {}

    def add(self, cells: Cells) -> None:
        """Take in the dimensions of the arrays of one variable."""
        for cell in cells:
            if cell is not HOLE:
                for dim, size in cell.sizes.items():
                    self._add(dim, size, cell.indexes.get(dim))

    def _add(self, dim: str, size: int, index: Any) -> None:
        self.sizes[dim] = max(size, self.sizes.get(dim, 0))
        if index is None:
            return
        known = self.indexes.setdefault(dim, index)
        if known is not index and not known.equals(index):
            self.indexes[dim] = known.union(index)
        self.sizes[dim] = max(self.sizes[dim], len(self.indexes[dim]))

    def where(self, cell: Any) -> tuple[Any, ...]:
        """Return where a cell's values go: slices if all lie at the beginning, else positions.

        Raises:
            ExportError: it has no labels along a dimension where others have some.
        """
        found = [self._where(dim, size, cell.indexes.get(dim)) for dim, size in cell.sizes.items()]
        if all(isinstance(each, slice) for each in found):
            return tuple(found)
        return tuple(np.arange(each.stop) if isinstance(each, slice) else each for each in found)

    def _where(self, dim: str, size: int, index: Any) -> Any:
        known = self.indexes.get(dim)
        if known is None or (index is None and size == len(known)):
            return slice(0, size)
        if index is None:
            message = f"cannot align the results along {dim!r}: {size} values have no labels there,"
            remedy = "Give each of them a coordinate, or none."
            raise ExportError(f"{message} and others have {len(known)}. {remedy}", path=dim)
        return slice(0, size) if known.equals(index) else known.get_indexer(index)


def stack(cells: Cells, places: Places, extents: Extents) -> tuple[tuple[str, ...], Any]:
    """Return the dimensions and the values of all cells as one array."""
    present = [cell for cell in cells if cell is not HOLE]
    own = present[0].dims
    inner = tuple(extents.sizes[dim] for dim in own)
    dims, shape = (*places.dims, *own), (places.size, *inner)
    refuse_sparse(dims, math.prod(shape), sum(cell.size for cell in present))
    whole = len(present) == places.size and all(cell.shape == inner for cell in present)
    array = _empty(shape, _dtype(present, whole=whole))
    for position, cell in zip(places.positions, cells, strict=True):
        if cell is HOLE:
            continue
        where = extents.where(cell)
        if all(isinstance(each, slice) for each in where):
            array[(position, *where)] = cell.values
        else:
            array[position][np.ix_(*where)] = cell.values
    return dims, array.reshape((*places.shape, *inner))


def _dtype(cells: Sequence[Any], *, whole: bool) -> np.dtype[Any]:
    """Return the dtype for all: arrays mix as single values do, numbers with numbers only."""
    dtypes = {str(cell.dtype): cell.dtype for cell in cells}.values()
    kinds = {dtype.kind for dtype in dtypes}
    if len(kinds) > 1 and not kinds <= set("iufc"):
        return np.dtype(object)
    common = np.result_type(*dtypes)
    wide = common if whole else with_holes(common)
    inexact = wide.kind in "fc" and kinds & set("iu") and not all(exact(c.values) for c in cells)
    return np.dtype(object) if inexact else wide


def _empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    if dtype.kind in "Mm":
        return np.full(shape, np.array("NaT", dtype=dtype), dtype=dtype)
    return np.full(shape, np.nan, dtype=dtype) if dtype.kind in "fcO" else np.zeros(shape, dtype)


def merged(mappings: Sequence[Any]) -> dict[Any, Any]:
    """Return what all mappings say alike: the attributes that can be kept."""
    if not mappings:
        return {}
    first, *others = mappings
    return {
        name: value
        for name, value in first.items()
        if all(name in other and same(other[name], value) for other in others)
    }
