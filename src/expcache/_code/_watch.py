"""Cheap re-check: is everything that a fingerprint was taken from still the same object?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import CellType, CodeType, FunctionType
from typing import Any, Final

__all__ = ["MISSING", "Watch", "contents", "is_frozen"]

MISSING: Final = object()
_FROZEN = (
    *(type(None), bool, int, float, complex, str, bytes, range, type(...), Decimal),
    *(date, time, timedelta, Enum, PurePath),
)


def contents(cell: CellType) -> object:
    """Return what a closure's cell holds, or `MISSING` while it is empty."""
    with suppress(ValueError):
        return cell.cell_contents
    return MISSING


def is_frozen(value: object) -> bool:
    """Tell whether a value of a known kind cannot change, so that its identity is enough."""
    if type(value) in {tuple, frozenset}:
        return all(is_frozen(item) for item in value)  # type: ignore[attr-defined]
    return isinstance(value, _FROZEN)


class Watch:
    """The objects that names, cells and functions had, and the bytes of what can change."""

    __slots__ = ("cells", "functions", "mutable", "names")

    def __init__(self) -> None:
        """Begin with nothing to watch."""
        # By place, which also keeps the mapping alive, so that ids stay unique.
        self.names: dict[tuple[int, str], tuple[Callable[..., object], str, object]] = {}
        self.cells: dict[int, tuple[CellType, object]] = {}
        self.functions: dict[int, tuple[FunctionType, CodeType]] = {}
        self.mutable: list[tuple[Callable[[], bytes], bytes]] = []

    def name(
        self, namespace: Any, name: str, value: object, owner: object = None
    ) -> tuple[int, str]:
        """Watch one name of a mapping, and return its place; a class owns its names."""
        place = (id(namespace if owner is None else owner), name)
        self.names[place] = (namespace.get, name, value)
        return place

    def cell(self, cell: CellType, value: object) -> tuple[int, str]:
        """Watch one cell, and return its place."""
        self.cells[id(cell)] = (cell, value)
        return (id(cell), "")

    def forget(self, places: set[tuple[int, str]]) -> None:
        """Stop watching places that the code itself changes."""
        for place in places:
            self.names.pop(place, None)
            self.cells.pop(place[0], None)

    def check(self) -> Callable[[], bool]:
        """Return a fast function that tells whether nothing changed."""
        names, functions = list(self.names.values()), list(self.functions.values())
        cells, mutable = list(self.cells.values()), self.mutable

        def unchanged() -> bool:
            for get, name, value in names:
                if get(name, MISSING) is not value:
                    return False
            for function, code in functions:
                if function.__code__ is not code:
                    return False
            for cell, value in cells:
                if contents(cell) is not value:
                    return False
            return all(probe() == seen for probe, seen in mutable) if mutable else True

        return unchanged
