"""How far two values differ, and where; pure, for any values."""

from __future__ import annotations

from typing import Any

from expcache._compare._comparison import Comparison, Deviation
from expcache._compare._show import show
from expcache._compare._tolerance import Tolerance
from expcache._compare._walk import Walk

__all__ = ["Comparison", "Deviation", "Tolerance", "compare", "show"]


def compare(old: Any, new: Any, *, rtol: float = 0.0, atol: float = 0.0) -> Comparison:
    """Return where two values differ, and by how much.

    Containers, dataclasses, arrays, tables and other objects are compared part by part. Values of
    different types differ, even 1 and 1.0. NaN equals NaN. The order of keys does not count.

    Args:
        old: any value.
        new: another one.
        rtol: by how much a number may differ, as a share of the old one.
        atol: by how much it may differ at least, whatever its size.

    Raises:
        ValueError: a tolerance is no number from 0 up.
    """
    walk = Walk(Tolerance(rtol, atol))
    try:
        walk.compare("", old, new)
    except RecursionError:
        walk.note("", old, new, "nested too deeply to be compared")
    return Comparison(walk.found)
