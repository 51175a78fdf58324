"""The time of day that records tell."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expcache._cell._clock import utc_text

FIRST, LAST = 0, 4_000_000_000_000_000
"""Microseconds since 1970, up to 2096."""


@given(st.lists(st.integers(FIRST, LAST) | st.sampled_from([0, 10**6, 10**6 + 1]), min_size=1))
def test_it_is_told_as_datetime_tells_it(moments: list[int]) -> None:
    """Whatever was told before, the text is ISO 8601 in UTC to the microsecond."""
    for micros in moments:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "time_ns", lambda micros=micros: micros * 1000 + 999)
            told = utc_text()
        assert (
            told
            == datetime.fromtimestamp(micros // 10**6, UTC)
            .replace(microsecond=micros % 10**6)
            .isoformat()
        )


def test_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time that lies back is told, too."""
    monkeypatch.setattr(time, "time_ns", lambda: 5_400_000_000_000)
    assert utc_text(3600.5) == "1970-01-01T00:29:59.500000+00:00"
