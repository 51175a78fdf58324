"""How labelled arrays differ: those of xarray."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from expcache._compare._show import show
from expcache._compare._tolerance import Walking

__all__ = ["dataset_rule"]

Rule = Callable[[Walking, str, Any, Any], None]


def dataset_rule(value: Any) -> Rule | None:
    """Return how to compare what xarray holds arrays in; None for anything else."""
    names = {kind.__name__ for kind in type(value).__mro__}
    if "Dataset" in names:
        return _datasets
    if "DataArray" in names:
        return _arrays
    return _variables if "Variable" in names else None


def _datasets(walk: Walking, path: str, old: Any, new: Any) -> None:
    walk.compare(f"{path}.attrs", dict(old.attrs), dict(new.attrs))
    before, now = sorted(map(str, old.coords)), sorted(map(str, new.coords))
    walk.compare(f"{path}.coords", before, now)
    _parts(walk, path, old.variables, new.variables)


def _arrays(walk: Walking, path: str, old: Any, new: Any) -> None:
    walk.compare(f"{path}.name", old.name, new.name)
    _variables(walk, path, old.variable, new.variable)
    _parts(walk, f"{path}.coords", old.coords.variables, new.coords.variables)


def _parts(walk: Walking, path: str, old: Any, new: Any) -> None:
    for name in dict.fromkeys((*old, *new)):
        place = f"{path}[{show(name)}]"
        if name not in new:
            walk.note(place, old[name], None, "is gone")
        elif name not in old:
            walk.note(place, None, new[name], "is new")
        else:
            _variables(walk, place, old[name], new[name])


def _variables(walk: Walking, path: str, old: Any, new: Any) -> None:
    walk.compare(f"{path}.dims", tuple(old.dims), tuple(new.dims))
    walk.compare(f"{path}.attrs", dict(old.attrs), dict(new.attrs))
    walk.compare(path, old.values, new.values)
