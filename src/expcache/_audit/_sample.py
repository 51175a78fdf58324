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
    share = _percentage(fraction) if isinstance(fraction, str) else fraction
    numeric = isinstance(share, (int, float)) and not isinstance(share, bool)
    if not numeric or not 0 < share <= 1:
        message = f"cannot audit with fraction={fraction!r}: it is no share of the points."
        remedy = "Give one above 0 and up to 1, which is all of them, or a text such as '10%'."
        raise ValueError(f"{message} {remedy}")
    return float(share)


def _percentage(text: str) -> float:
    try:
        return float(text.removesuffix("%")) / 100 if text.endswith("%") else math.nan
    except ValueError:
        return math.nan


def sample(ids: Iterable[str], fraction: float, seed: object) -> set[str]:
    """Return a share of the ids, at least one if there are any.

    Which they are depends on the seed and the ids alone, not on their order.
    """

    def rank(one: str) -> tuple[int, str]:
        return xxh3_64_intdigest(f"{seed}:{one}".encode()), one

    distinct = sorted(set(ids), key=rank)
    return set(distinct[: math.ceil(round(fraction * len(distinct), 9))])
