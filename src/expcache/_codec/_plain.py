"""Tell which values JSON keeps exactly, without any tag."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

DEPTH = 100
"""Containers nested deeper than this are left to pickle."""

INT_LIMIT = 2**2000
"""Longer integers are written in hexadecimal: a process may refuse to read 640 digits or more."""

TAG = "~"
"""A key that begins with this marks a tagged form."""


def is_plain(value: object) -> bool:
    """Tell whether `json.loads(json.dumps(value))` gives back the same value and types.

    Plain are None, bool, int, finite float and text, and lists and dicts of them whose keys
    are text without a leading `~`; each of exactly this type.
    """
    return _is_plain(value, DEPTH)


def _is_plain(value: Any, depth: int) -> bool:  # noqa: PLR0911  # a hot dispatch by exact type
    kind = type(value)
    if kind is float:
        return isfinite(value)
    if kind is str:
        return is_text(value)
    if kind is int:
        return bool(-INT_LIMIT < value < INT_LIMIT)
    if kind is bool or value is None:
        return True
    if kind is dict:
        return depth > 0 and has_plain_keys(value) and _are_plain(value.values(), depth - 1)
    if kind is list:
        return depth > 0 and _are_plain(value, depth - 1)
    return False


def _are_plain(values: Collection[Any], depth: int) -> bool:
    return are_finite(values) or all(_is_plain(value, depth) for value in values)


def are_finite(values: Collection[Any]) -> bool:
    """Tell whether all are finite floats, at the speed of C: such lists can be long."""
    return set(map(type, values)) <= {float} and all(map(isfinite, values))


def is_text(value: str) -> bool:
    """Tell whether the text has a UTF-8 form, which lone surrogates have not."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def has_plain_keys(value: dict[Any, Any]) -> bool:
    """Tell whether all keys can be keys of a JSON object that is no tagged form."""
    return all(type(key) is str and key[:1] != TAG and is_text(key) for key in value)
