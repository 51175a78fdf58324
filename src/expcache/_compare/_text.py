"""Where two texts differ."""

from __future__ import annotations

from itertools import zip_longest

from expcache._compare._show import show

__all__ = ["text_difference"]

_SHORT = 40
_BEFORE = 10
_AFTER = 30


def text_difference(old: str | bytes | bytearray, new: str | bytes | bytearray) -> str:
    """Say where two different texts differ: in whole, or the first line or place that does."""
    if isinstance(old, str) and isinstance(new, str) and ("\n" in old or "\n" in new):
        return _lines(old.split("\n"), new.split("\n"))
    if len(old) <= _SHORT and len(new) <= _SHORT:
        return f"{show(old)} -> {show(new)}"
    place = _first(old, new)
    start, end = max(0, place - _BEFORE), place + _AFTER
    unit = "character" if isinstance(old, str) else "byte"
    return f"{show(old[start:end])} -> {show(new[start:end])} at {unit} {place}"


def _lines(old: list[str], new: list[str]) -> str:
    pairs = list(zip_longest(old, new))
    differing = [index for index, (before, now) in enumerate(pairs) if before != now]
    before, now = pairs[differing[0]]
    if before is None or now is None:
        text = f"is gone, was {show(before)}" if now is None else f"is new: {show(now)}"
        return f"line {differing[0] + 1} {text} ({len(old)} -> {len(new)} lines)"
    count = f" ({len(differing)} of {len(pairs)} lines differ)" if len(differing) > 1 else ""
    return f"line {differing[0] + 1}: {text_difference(before, now)}{count}"


def _first(old: str | bytes | bytearray, new: str | bytes | bytearray) -> int:
    """Return where the first difference is, by halves: the texts may be long."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
