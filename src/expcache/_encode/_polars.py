"""Canonical bytes of polars' frames, series and dtypes; imported when one is met."""

from __future__ import annotations

import sys
from typing import Any

from expcache._encode._builtin import encode_int, encode_str
from expcache._encode._dispatch import ENCODERS, child, each, named, refusing

_polars: Any = sys.modules["polars"]
_QUERY = "Collect it first, and pass the frame"
_PLAIN = {
    getattr(_polars, name)
    for name in (
        *(f"{kind}{bits}" for kind in ("Int", "UInt") for bits in (8, 16, 32, 64)),
        "Float32",
        "Float64",
    )
}


def _frame(value: Any, depth: int) -> bytes:
    columns = each(value.get_columns(), depth, value)
    return named("polars.DataFrame", encode_int(value.height, 0), *columns)


def _series(value: Any, depth: int) -> bytes:
    """Write name, dtype and values; how they are split into chunks does not count."""
    head = encode_str(value.name, 0) + encode_str(repr(value.dtype), 0)
    if value.dtype in _PLAIN:
        missing = child(value.is_null().to_numpy(), depth, "", value)
        filled = child(value.fill_null(0).to_numpy(), depth, "", value)
        return named("polars.Series", head, missing, filled)
    return named("polars.Series of objects", head, *each(value.to_list(), depth, value))


ENCODERS.update(
    {
        _polars.DataFrame: _frame,
        _polars.Series: _series,
        _polars.LazyFrame: refusing(_QUERY),
    },
)
