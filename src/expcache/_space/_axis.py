"""Axis: the values that one parameter takes, read from whatever the user gave for them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from expcache._space._shape import count
from expcache.errors import SpaceError

__all__ = ["Axis"]

_PLAIN_KINDS = "?biufcUS"  # numpy kinds whose `tolist` gives equal Python scalars


class Axis(NamedTuple):
    """One parameter's values in order; a constant is the one value of every point."""

    name: str
    values: Sequence[Any]
    constant: bool = False

    @classmethod
    def read(cls, name: str, given: object) -> Axis:
        """Read an axis: texts, bytes, mappings, None and what is no iterable are constants.

        Raises:
            SpaceError: The values have no order, or there are none.
        """
        if _is_constant(given):
            return cls(name, (given,), constant=True)
        _refuse(name, given)
        values = _values(given)
        if not values:
            raise SpaceError(
                f"cannot build axis {name!r}: it is empty. "
                f"Give it at least one value, or leave the parameter out."
            )
        return cls(name, values)

    @property
    def size(self) -> int:
        """The number of values."""
        return count(self.values)


def _is_constant(given: object) -> bool:
    if isinstance(given, (str, bytes, bytearray, memoryview, Mapping)):
        return True
    if getattr(given, "ndim", None) == 0:  # an array of no dimension has an __iter__ that fails
        return True
    try:
        iter(given)  # type: ignore[call-overload]
    except TypeError:
        return True
    return False


def _refuse(name: str, given: object) -> None:
    if isinstance(given, (set, frozenset)):
        raise SpaceError(
            f"cannot build axis {name!r}: a {type(given).__name__} has no order. "
            f"Use sorted(...) to give it one."
        )
    if _is_of("pandas", ("DataFrame",), given):
        raise SpaceError(
            f"cannot build axis {name!r}: a DataFrame is a table, not a list of values. "
            f"Name a column, or use points(frame.to_dict('records')) for its rows."
        )


def _values(given: Any) -> Sequence[Any]:
    """Return an unchanging sequence; arrays give Python scalars, ranges stay ranges."""
    if isinstance(given, (range, tuple)):
        return given
    if (
        _is_of("numpy", ("ndarray",), given)
        and given.ndim == 1
        and given.dtype.kind in _PLAIN_KINDS
    ):
        return tuple(given.tolist())
    if _is_of("pandas", ("Series", "Index"), given):
        return tuple(given.tolist())
    items: Iterable[Any] = given
    return tuple(items)


def _is_of(library: str, kinds: tuple[str, ...], given: object) -> bool:
    # Never imports the library: nobody holds its objects before the program imported it.
    module = sys.modules.get(library)
    return module is not None and isinstance(given, tuple(getattr(module, kind) for kind in kinds))
