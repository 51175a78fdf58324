"""By how much numbers may differ, and by how much they do; who compares with it."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any, Protocol

__all__ = ["Tolerance", "Walking", "is_nan", "plain"]


class Tolerance:
    """What counts as equal: at most ``atol + rtol * abs(old)`` between two finite numbers."""

    __slots__ = ("atol", "rtol")

    def __init__(self, rtol: float, atol: float) -> None:
        """Hold the two.

        Raises:
            ValueError: one is no number from 0 up.
        """
        for name, value in (("rtol", rtol), ("atol", atol)):
            if not _is_tolerance(value):
                message = f"cannot compare with {name}={value!r}: it is no number from 0 up."
                raise ValueError(f"{message} Give one such as 1e-9.")
        self.rtol = float(rtol)
        self.atol = float(atol)

    def __bool__(self) -> bool:
        """Whether anything is tolerated."""
        return bool(self.rtol or self.atol)

    def agree(self, old: Any, new: Any) -> bool:
        """Whether two numbers of one type count as equal."""
        old, new = plain(old), plain(new)
        if is_nan(old) or is_nan(new):  # first, since signalling ones refuse to be compared
            if not isinstance(old, complex):
                return is_nan(old) and is_nan(new)
            return self.agree(old.real, new.real) and self.agree(old.imag, new.imag)
        return bool(old == new) or (bool(self) and self._close(old, new))

    def _close(self, old: Any, new: Any) -> bool:
        if isinstance(old, complex):
            finite = all(map(math.isfinite, (old.real, old.imag, new.real, new.imag)))
            return finite and abs(new - old) <= self.atol + self.rtol * abs(old)
        try:  # exactly: a float has no room for every int
            gap, size = abs(Fraction(new) - Fraction(old)), abs(Fraction(old))
        except (OverflowError, TypeError, ValueError):  # infinite, or NaN
            return False
        return gap <= Fraction(self.atol) + Fraction(self.rtol) * size

    @staticmethod
    def told(old: Any, new: Any) -> str:
        """Say by how much two numbers differ, if that can be said."""
        old, new = plain(old), plain(new)
        try:
            gap, size = abs(new - old), abs(old)
            relative = f", relative {float(gap / size):.3g}" if size else ""
            return f" (difference {float(gap):.3g}{relative})" if math.isfinite(gap) else ""
        except (ArithmeticError, TypeError, ValueError):
            return ""


def _is_tolerance(value: object) -> bool:
    return type(value) is not bool and isinstance(value, Real) and 0 <= float(value) < math.inf


def plain(number: Any) -> Any:
    """Return a number of numpy as the number of Python that is equal to it."""
    return number.item() if hasattr(number, "item") else number


def is_nan(value: Any) -> bool:
    """Whether a value is not equal to itself, as NaN and NaT are not.

    What answers with more than a truth value, such as a table, holds such numbers at most.
    """
    if isinstance(value, Decimal):
        return value.is_nan()
    try:
        said = value != value  # noqa: PLR0124 - that is the question
    except Exception:  # noqa: BLE001 - what cannot be compared is no such number
        return False
    return type(said).__name__ in ("bool", "bool_") and bool(said)


class Walking(Protocol):
    """What compares the parts of two values: all that rules for single types need."""

    tolerance: Tolerance

    def note(self, path: str, old: Any, new: Any, text: str) -> None:
        """Note a difference."""

    def compare(self, path: str, old: Any, new: Any) -> None:
        """Compare what two values have at the same place."""

    def differs(self, old: Any, new: Any) -> bool:
        """Whether two values differ, without noting where."""
