"""Lookups: what `where(C__ge=1, name="a", k__in=[1, 2])` asks of a parameter mapping.

A lookup is a parameter's name, alone for equality or followed by `__ne`, `__lt`, `__le`, `__gt`,
`__ge` or `__in`. Equality is Python's, made total: NaN equals NaN, arrays compare as wholes, and
no comparison raises. Values that cannot be ordered against each other do not match.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from expcache.errors import QueryError

__all__ = ["Where", "same"]


def same(left: object, right: object) -> bool:
    """Whether two values are equal, for any values at all.

    As Python's `==` (so `1`, `1.0` and `True` are equal), but NaN equals NaN, arrays are equal
    when their shapes and all their elements are, and an `==` that raises means unequal.
    """
    if left is right:
        return True
    try:
        return _same(left, right)
    except Exception:  # noqa: BLE001 - `==` is the user's code, and a lookup must not fail by it
        return False


def _same(left: object, right: object) -> bool:
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return _same_sequences(left, right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if _is_array(left) or _is_array(right):
        return _same_arrays(left, right)
    whole = getattr(left, "equals", None)
    if type(left) is type(right) and callable(whole):  # pandas and polars: their `==` is a table
        return bool(whole(right))
    return bool(left == right) or bool(left != left and right != right)  # noqa: PLR0124 - NaN


def _same_sequences(
    left: list[object] | tuple[object, ...], right: list[object] | tuple[object, ...]
) -> bool:
    if isinstance(left, list) is not isinstance(right, list) or len(left) != len(right):
        return False
    return all(map(same, left, right))


def _is_array(value: object) -> bool:
    numpy = sys.modules.get("numpy")  # nobody has an array before numpy is imported
    return numpy is not None and isinstance(value, numpy.ndarray)


def _same_arrays(left: object, right: object) -> bool:
    numpy = sys.modules["numpy"]
    try:
        return bool(numpy.array_equal(left, right, equal_nan=True))
    except TypeError:  # texts and objects have no isnan
        return bool(numpy.array_equal(left, right))


def _differs(value: object, wanted: object) -> bool:
    return not same(value, wanted)


def _among(value: object, wanted: Iterable[object]) -> bool:
    return any(same(value, one) for one in wanted)


_COMPARISONS: dict[str, Callable[..., object]] = {
    "": same,
    "ne": _differs,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "in": _among,
}
_SUFFIXES = tuple(f"__{comparison}" for comparison in _COMPARISONS if comparison)


class Condition(NamedTuple):
    """One lookup: a parameter, a comparison, and the value to compare with."""

    name: str
    comparison: str
    wanted: object

    def holds(self, params: Mapping[str, object]) -> bool:
        """Whether the parameter is there and compares as asked."""
        try:
            value = params[self.name]
            return bool(_COMPARISONS[self.comparison](value, self.wanted))
        except Exception:  # noqa: BLE001 - absent, incomparable, or an array of answers: no match
            return False


class Where(NamedTuple):
    """Conditions that a parameter mapping meets or does not."""

    conditions: tuple[Condition, ...]

    @classmethod
    def parse(cls, lookups: Mapping[str, object], known: Collection[str]) -> Where:
        """Read lookups about parameters of the known names.

        Raises:
            QueryError: A lookup names an unknown parameter or comparison, or `__in` no collection.
        """
        return cls(tuple(_condition(key, wanted, known) for key, wanted in lookups.items()))

    @property
    def names(self) -> frozenset[str]:
        """The parameters that are asked about."""
        return frozenset(condition.name for condition in self.conditions)

    def only(self, names: Collection[str]) -> Where:
        """Keep the conditions on these parameters."""
        return Where(tuple(one for one in self.conditions if one.name in names))

    def matches(self, params: Mapping[str, object]) -> bool:
        """Whether every condition holds; one on an absent parameter does not."""
        return all(condition.holds(params) for condition in self.conditions)


def _condition(key: str, wanted: object, known: Collection[str]) -> Condition:
    name, comparison = _split(key, known)
    if comparison == "in":
        wanted = _collection(key, wanted)
    return Condition(name, comparison, wanted)


def _split(key: str, known: Collection[str]) -> tuple[str, str]:
    # A parameter's own name may hold "__": the longest known name that fits is meant.
    fitting = [name for name in known if key == name or key.startswith(f"{name}__")]
    if not fitting:
        raise _unknown_parameter(key, known)
    name = max(fitting, key=len)
    comparison = key[len(name) + 2 :]
    if key != name and (not comparison or comparison not in _COMPARISONS):
        raise QueryError(
            f"cannot look up {key!r}: {comparison!r} is no comparison for {name!r}. "
            f"Append one of {', '.join(_SUFFIXES)}, or nothing for equality.",
            name=key,
            known=_SUFFIXES,
        )
    return name, comparison


def _unknown_parameter(key: str, known: Collection[str]) -> QueryError:
    from difflib import get_close_matches  # noqa: PLC0415 - only for this error

    stem, _, suffix = key.rpartition("__")
    name = stem if stem and suffix in _COMPARISONS else key
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    listed = f"The parameters are {', '.join(map(repr, known))}." if known else "There are none."
    return QueryError(
        f"cannot look up {name!r}: there is no such parameter. {hint}{listed}",
        name=name,
        known=tuple(known),
    )


def _collection(key: str, wanted: object) -> tuple[object, ...]:
    if isinstance(wanted, Iterable) and not isinstance(wanted, (str, bytes)):
        return tuple(wanted)
    raise QueryError(
        f"cannot look up {key!r}: {wanted!r} is no collection of values. Give a list.",
        name=key,
        known=(),
    )
