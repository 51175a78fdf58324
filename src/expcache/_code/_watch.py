"""Cheap re-check: is everything that a fingerprint was taken from still the same object?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import CellType, CodeType, FunctionType
from typing import Any, Final, NamedTuple

from expcache._code._pin import PINS, Bound, Held
from expcache._code._wrapped import is_code

__all__ = ["MISSING", "Place", "Watch", "contents", "is_frozen"]

MISSING: Final = object()
Place = tuple[int, str]
_FROZEN = (
    *(type(None), bool, int, float, complex, str, bytes, range, type(...), Decimal),
    *(date, time, timedelta, Enum, PurePath),
)


class _Name(NamedTuple):
    get: Callable[..., object]
    bound: Bound


class _Mutable(NamedTuple):
    probe: Callable[[object], bytes]
    seen: bytes
    held: Held


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

    __slots__ = ("cells", "functions", "mutable", "names", "pinned")

    def __init__(self) -> None:
        """Begin with nothing to watch."""
        self.names: dict[Place, _Name] = {}
        self.cells: dict[Place, Bound] = {}
        self.functions: dict[int, tuple[FunctionType, CodeType]] = {}
        self.mutable: list[_Mutable] = []
        self.pinned: list[Bound] = []

    def name(self, namespace: Any, name: str, owner: Any = None) -> tuple[Any, Place]:
        """Return what a name of a mapping stands for, and its place; a class owns its names."""
        owner = namespace if owner is None else owner
        place = (id(owner), name)
        value = self._pinned(place)
        if value is None:
            value = Bound(owner, name, namespace.get(name, MISSING))
            self.names[place] = _Name(namespace.get, value)
        return value.value, place

    def cell(self, cell: CellType, name: str) -> tuple[Any, Place]:
        """Return what a cell holds, and its place."""
        place = (id(cell), "")
        value = self._pinned(place)
        if value is None:
            value = self.cells[place] = Bound(cell, name, contents(cell))
        return value.value, place

    def _pinned(self, place: Place) -> Bound | None:
        pinned = PINS.places.get(place)
        if pinned is not None:
            self.pinned.append(pinned)
        return pinned

    def value(self, held: Held, probe: Callable[[object], bytes]) -> None:
        """Watch a value that can change, by the bytes that the probe gives."""
        self.mutable.append(_Mutable(probe, probe(held.value), held))

    def pin(self) -> None:
        """Pin what changed. New code is no state: a function that was replaced is a new one."""
        now = [(place, one.bound, one.get(place[1], MISSING)) for place, one in self.names.items()]
        now += [(place, one, contents(one.owner)) for place, one in self.cells.items()]  # type: ignore[arg-type]
        for place, bound, value in now:
            if value is not bound.value and not (is_code(value) and is_code(bound.value)):
                PINS.places.setdefault(place, bound)
        for probe, seen, held in self.mutable:
            if probe(held.value) != seen:
                PINS.values.setdefault(id(held.value), held)

    def check(self) -> Callable[[], bool]:
        """Return a fast function that tells whether nothing changed."""
        names = [(one.get, one.bound.name, one.bound.value) for one in self.names.values()]
        functions = list(self.functions.values())
        cells: list[tuple[Any, object]] = [(one.owner, one.value) for one in self.cells.values()]
        mutable = [(one.probe, one.held.value, one.seen) for one in self.mutable]

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
            return all(probe(value) == seen for probe, value, seen in mutable) if mutable else True

        return unchanged
