"""Digits for the values that no short text stands for: equal for equal values, everywhere."""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["Digits"]

_LENGTH = 8


class Digits:
    """The digits of the values of one sweep, each taken once."""

    def __init__(self) -> None:
        """Begin without any."""
        self._known: dict[int, tuple[object, str | None]] = {}

    def of(self, value: object) -> str | None:
        """Return the digits of a value, or None if it has no identity, as ignored ones may."""
        known = self._known.get(id(value))
        if known is None:  # with the value, so that no other one gets its place in memory
            known = self._known[id(value)] = value, _digits_of(value)
        return known[1]


def _digits_of(value: object) -> str | None:
    from expcache.errors import IdentityError  # noqa: PLC0415 - imported long since by the sweep

    try:
        return str(_experiment().id(value))[:_LENGTH]
    except IdentityError:
        return None


@cache
def _experiment() -> Any:
    """Return an experiment of one parameter: its ids tell values apart and nothing else."""
    import expcache  # noqa: PLC0415 - imported long since by the sweep

    @expcache.experiment(name="pytest_expcache.value", version=1)
    def stand_for(value: object) -> object:
        return value

    return stand_for
