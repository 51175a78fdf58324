"""Ranges: the values between two numbers, by step or by how many there are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

__all__ = ["RANGE_KEYS", "values_of"]

RANGE_KEYS = ("start", "stop", "step", "num", "scale", "min", "max")

_LIMIT = 10_000_000

Number = int | float


def values_of(given: Mapping[str, object]) -> Sequence[Number]:
    """Return the values of a range.

    With a step, as Python's `range`: the end is not a value, and the step is 1 by default; steps of
    decimal fractions are exact, so that 0, 0.1, 0.2, 0.3 are the numbers that one would write. With
    ``num``, as `numpy.linspace`: both ends are values. With ``scale: log``, the values have equal
    ratios, rounded to 15 digits.

    Raises:
        ValueError: the keys do not fit together or to their values; it says how.
    """
    low, high = _ends(given)
    if "num" not in given:
        if "scale" in given:
            raise ValueError("a scale needs num, the number of values")
        return _finite(_stepped(low, high, _number(given, "step", 1)))
    if "step" in given:
        raise ValueError("step and num contradict each other")
    num, scale = given["num"], given.get("scale", "linear")
    if not isinstance(num, int) or isinstance(num, bool) or not 1 <= num <= _LIMIT:
        raise ValueError(f"num is {num!r}, no whole number from 1 to {_LIMIT}")
    if scale == "linear":
        return _finite(_spaced(_rounded(low), _rounded(high), num))
    if scale == "log":
        return _finite(_in_ratio(_rounded(low), _rounded(high), num))
    raise ValueError(f"scale is {scale!r}, neither 'linear' nor 'log'")


def _ends(given: Mapping[str, object]) -> tuple[Number, Number]:
    first, last = ("min", "max") if "max" in given or "min" in given else ("start", "stop")
    others = {"start", "stop"} if first == "min" else set[str]()
    if others & given.keys():
        raise ValueError("min and max do not go together with start and stop")
    if last not in given:
        raise ValueError(f"there is no {last}")
    if first not in given and "num" in given:
        raise ValueError(f"there is no {first}")
    return _number(given, first, 0), _number(given, last, 0)


def _number(given: Mapping[str, object], key: str, default: int) -> Number:
    value = given.get(key, default)
    endless = isinstance(value, float) and not math.isfinite(value)
    if endless or isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{key} is {value!r}, no finite number")
    return value


def _stepped(low: Number, high: Number, step: Number) -> Sequence[Number]:
    if not step:
        raise ValueError("step is 0")
    if isinstance(low, int) and isinstance(high, int) and isinstance(step, int):
        return range(low, high, step)
    first, last, by = _exact(low), _exact(high), _exact(step)
    count = max(0, math.ceil((last - first) / by))
    if count > _LIMIT:
        raise ValueError(f"it has {count} values, more than {_LIMIT}")
    try:
        return tuple(float(first + at * by) for at in range(count))
    except OverflowError as error:
        raise ValueError("its numbers are too large to have decimals") from error


def _rounded(number: Number) -> float:
    """Return the number as a float, if that is the same number."""
    try:
        if float(number) == number:
            return float(number)
    except OverflowError:
        pass
    raise ValueError(f"{number} has more digits than a decimal number can hold")


def _finite(values: Sequence[Number]) -> Sequence[Number]:
    """Return the values, if all of them are numbers."""
    if not isinstance(values, range) and not all(map(math.isfinite, values)):
        raise ValueError("its ends are too far apart")
    return values


def _exact(number: Number) -> Fraction:
    """Return the number as it is written in decimal digits."""
    return Fraction(Decimal(repr(number)))


def _spaced(low: Number, high: Number, num: int) -> Sequence[float]:
    if num == 1:
        return (float(low),)
    first, span = low * 1.0, high * 1.0 - low * 1.0
    step = span / (num - 1)
    if step:
        inner = tuple(at * step + first for at in range(num - 1))
    else:  # the same number again and again, or one so small that it cannot be divided
        inner = tuple(at / (num - 1) * span + first for at in range(num - 1))
    return (*inner, float(high))


def _in_ratio(low: Number, high: Number, num: int) -> Sequence[float]:
    if low <= 0 or high <= 0:
        raise ValueError("a logarithmic scale has positive ends only")
    if num == 1:
        return (float(low),)
    start, span = math.log10(low), math.log10(high) - math.log10(low)
    inner = (10 ** (start + at / (num - 1) * span) for at in range(1, num - 1))
    return (float(low), *(float(f"{one:.15g}") for one in inner), float(high))
