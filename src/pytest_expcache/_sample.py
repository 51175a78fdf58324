"""Which stored points a session computes once more, and what counts as the same result."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

import pytest

__all__ = ["SAMPLE", "Sample", "read_sample"]

SAMPLE = (
    ("sweep_audit", "N|P%", "compute so many stored points once more, and compare the results"),
    ("sweep_audit_seed", "SEED", "choose other points for --sweep-audit"),
    ("sweep_rtol", "SHARE", "by how much an audited number may differ, as a share of the old one"),
    ("sweep_atol", "SIZE", "by how much an audited number may differ at least"),
)
_MEANING = "it is neither a share nor a number of points"


class Sample(NamedTuple):
    """What is said of audits: how many points of each sweep, which ones, how exactly."""

    share: float
    """How many of the points of a sweep that have a result, at least one; or 0."""
    count: int  # type: ignore[assignment] # not the method of tuples
    """How many points of a sweep, if no share; or 0."""
    seed: str
    rtol: float
    atol: float

    def __bool__(self) -> bool:
        """Whether anything is to be audited."""
        return bool(self.share or self.count)

    def choose(self, ids: Iterable[str]) -> set[str]:
        """Return the sample of the stored runs of one sweep: the one that ``Sweep.audit`` takes."""
        from xxhash import xxh3_64_intdigest  # noqa: PLC0415 - for audits only

        def rank(one: str) -> tuple[int, str]:
            return xxh3_64_intdigest(f"{self.seed}:{one}".encode()), one

        distinct = sorted(set(ids), key=rank)
        share = math.ceil(round(self.share * len(distinct), 9))
        return set(distinct[: share if self.share else self.count])


def read_sample(config: pytest.Config) -> Sample:
    """Read the options that speak of audits.

    Raises:
        pytest.UsageError: one makes no sense, or contradicts another.
    """
    share, count = _how_many(_said(config, "sweep_audit"))
    if (share or count) and config.getoption("sweep_refresh"):
        message = "cannot combine --sweep-audit with --sweep-refresh: one compares what is stored,"
        raise pytest.UsageError(f"{message} the other replaces it. Leave one of them out.")
    seed = _said(config, "sweep_audit_seed") or "0"
    return Sample(share, count, seed, _size(config, "sweep_rtol"), _size(config, "sweep_atol"))


def _said(config: pytest.Config, name: str) -> str:
    option: str | None = config.getoption(name)
    return option if option is not None else str(config.getini(name)).strip()


def _how_many(text: str) -> tuple[float, int]:
    if text.isdecimal():
        return 0.0, int(text)
    if not text:
        return 0.0, 0
    number = _number(text.removesuffix("%"))
    share = number / 100 if text.endswith("%") else number
    if not 0 <= share <= 1:
        _refuse(text, "sweep_audit", _MEANING, "Give one such as 10%, 0.1 or 5.")
    return share, 0


def _size(config: pytest.Config, name: str) -> float:
    text = _said(config, name)
    size = _number(text or "0")
    if not 0 <= size < math.inf:
        _refuse(text, name, "it is no number from 0 up", "Give one such as 1e-9.")
    return size


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _refuse(text: str, name: str, reason: str, remedy: str) -> NoReturn:
    option = f"--{name.replace('_', '-')}"
    raise pytest.UsageError(f"cannot use {text!r} as {option}: {reason}. {remedy}")
