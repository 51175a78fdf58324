"""Some of many runs, chosen by a seed and their ids."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from xxhash import xxh3_64_intdigest

__all__ = ["check_fraction", "sample"]


def check_fraction(fraction: Any) -> float:
    """Return a share of the points.

    Raises:
        ValueError: it is none.
    """
    numeric = isinstance(fraction, (int, float)) and not isinstance(fraction, bool)
    if not numeric or not 0 < fraction <= 1:
        message = f"cannot audit with fraction={fraction!r}: it is no share of the points."
        raise ValueError(f"{message} Give a number above 0, and up to 1 for all of them.")
    return float(fraction)


def sample(ids: Iterable[str], fraction: float, seed: object) -> set[str]:
    """Return a share of the ids, at least one if there are any.

    Which they are depends on the seed and the ids alone, not on their order.
    """

    def rank(one: str) -> tuple[int, str]:
        return xxh3_64_intdigest(f"{seed}:{one}".encode()), one

    distinct = sorted(set(ids), key=rank)
    return set(distinct[: math.ceil(round(fraction * len(distinct), 9))])
