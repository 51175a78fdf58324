"""Make one piece of bytes of many cells."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

from xxhash import xxh3_128_hexdigest

from expcache._cell._cell import Cell
from expcache._cell._common import MEMORY, PYTHON, SCHEME, Common, Payload, sender
from expcache._cell._culprit import find_culprit
from expcache._cell._kinds import Kinds, kinds_of
from expcache._cell._pickler import dumps, travels_by_name
from expcache._cell._shipped import shipped
from expcache._environment import own_facts
from expcache.errors import ExecutorError

__all__ = ["Parcel", "pack"]

_PLAIN = frozenset({bool, bytes, complex, float, int, str, type(None)})
"""What is its own copy: no two points can share a change of it."""

_REMEDY = "Make it inside the experiment, or compute in this process: jobs=1."


class Parcel:
    """What cells of one experiment share, pickled once; valid while nothing of it changes."""

    __slots__ = ("_common", "_digest", "_first", "_named", "by_value")

    def __init__(
        self,
        cell: Cell,
        *,
        by_value: bool = False,
        spill: str | None = None,
        files: str | None = None,
        apart: bool = False,
    ) -> None:
        """Pickle what this cell shares with the others of its sweep.

        With ``apart``, workers see nothing of the store: what runs compute beside their own is
        kept in their memory.

        Raises:
            ExecutorError: something cannot be pickled; it says what.
        """
        self.by_value = by_value
        self._first = cell
        self._named: dict[type, bool] = {}
        by_name = travels_by_name(cell.function, by_value=by_value)
        common = Common.of(cell, by_name=by_name, spill=spill, files=files)
        if apart:
            common.store, common.shared = MEMORY, files is not None
            common.modules, common.facts = shipped(cell.function, cell.depends), own_facts()
        try:
            self._common = dumps(common, by_value=by_value)
        except Exception as error:  # noqa: BLE001 - whatever a user's reduce raises
            _refuse(f"experiment {cell.experiment!r}", _found_in(common, by_value), error)
        self._digest = xxh3_128_hexdigest(self._common)

    def pack(self, cells: Sequence[Cell]) -> bytes:
        """Return cells as bytes for `replies`.

        Raises:
            ExecutorError: a parameter cannot be pickled; it says which.
        """
        first = self._first
        for cell in cells:
            if cell.function is not first.function or cell.experiment != first.experiment:
                raise ValueError("cannot pack cells of several experiments. Pack each by itself.")
        points = [self._point(cell) for cell in cells]
        payload = Payload(SCHEME, PYTHON, sender(), self._digest, self._common, points)
        return pickle.dumps(tuple(payload), protocol=5)

    def _point(self, cell: Cell) -> tuple[Any, ...]:
        """Return the fields of a `Point`."""
        identity = cell.identity
        values = tuple([cell.params[name] for name in cell.signature.names])
        params: tuple[object, ...] | bytes = values
        if not _PLAIN.issuperset(map(type, values)):
            params = _dumped(cell, values, kinds_of(cell, self._goes_by_name), self.by_value)
        earlier = [dict(one) for one in cell.earlier] if cell.earlier else ()
        rest = earlier, cell.generation, cell.number
        return identity.id, identity.preimage, cell.code, params, *rest

    def _goes_by_name(self, kind: type) -> bool:
        if kind not in self._named:
            self._named[kind] = travels_by_name(kind, by_value=self.by_value)
        return self._named[kind]


def pack(
    cells: Sequence[Cell],
    *,
    by_value: bool = False,
    spill: str | None = None,
    files: str | None = None,
) -> bytes:
    """Return cells of one experiment as bytes for `replies`.

    Args:
        cells: the cells, one at least.
        by_value: send the code of the project whole, even where it could be imported.
        spill: the directory that large parts of results are written to; without it, they stay
            in the records.
        files: the directory that the runs make theirs in; without it, they can make none.

    Raises:
        ExecutorError: something cannot be pickled; it says what.
    """
    return Parcel(cells[0], by_value=by_value, spill=spill, files=files).pack(cells)


def _dumped(cell: Cell, values: tuple[object, ...], kinds: Kinds, by_value: bool) -> bytes:  # noqa: FBT001
    try:
        return dumps((values, kinds) if kinds else (values,), by_value=by_value)
    except Exception as error:  # noqa: BLE001 - whatever a user's reduce raises
        found = [(f"its parameter {name!r}", cell.params[name]) for name in cell.signature.names]
        _refuse(f"run {cell.identity.id} of {cell.experiment!r}", _first(found, by_value), error)


def _found_in(common: Common, by_value: bool) -> tuple[str, str] | None:  # noqa: FBT001
    depends = [(f"its depends[{at}]", one) for at, one in enumerate(common.depends)]
    return _first([("its function", common.function), *depends], by_value)


def _first(named: list[tuple[str, object]], by_value: bool) -> tuple[str, str] | None:  # noqa: FBT001
    try_one = partial(dumps, by_value=by_value)
    for name, value in named:
        try:
            try_one(value)
        except Exception:  # noqa: BLE001 - as above
            return find_culprit(value, name, try_one)
    return None


def _refuse(what: str, found: tuple[str, str] | None, error: Exception) -> NoReturn:
    path, reason = found or ("a part of it", f"{type(error).__name__}: {error}")
    path = path.removeprefix("its function, ")
    message = f"cannot send {what}: {path} cannot be pickled ({reason.rstrip('.')})."
    raise ExecutorError(f"{message} {_REMEDY}") from error
