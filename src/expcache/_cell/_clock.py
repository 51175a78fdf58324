"""The time of day as records tell it: ISO 8601 text in UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["utc_text"]

_latest: tuple[int, str] = (-1, "")
"""A second and its text: most runs begin in the second in which others have."""


def utc_text(ago: float = 0.0) -> str:
    """Return what ``datetime.now(UTC).isoformat()`` gives, some seconds ``ago``."""
    global _latest  # noqa: PLW0603 - replaced as a whole, so that no thread sees half of it
    second, rest = divmod(time.time_ns() - int(ago * 1e9), 1_000_000_000)
    latest = _latest
    if latest[0] != second:
        text = datetime.fromtimestamp(second, UTC).isoformat().removesuffix("+00:00")
        _latest = latest = (second, text)
    micros = rest // 1000
    return f"{latest[1]}.{micros:06d}+00:00" if micros else f"{latest[1]}+00:00"
