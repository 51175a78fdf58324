"""Tell which stored points were computed in another environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from expcache import Run
    from pytest_expcache._status import PointReport

__all__ = ["drift_lines", "drift_text", "stored_drift_lines"]

_SEPARATOR = ", "
_SHOWN = 8
_MADE_HERE = ("computed", "failed", "skipped")


def drift_text(run: Run[Any], session: pytest.Session) -> str:
    """Return what is different now, such as ``numpy 1.26.4 -> 2.0.1``; empty without any.

    A package that is not installed now is passed over: most likely nothing here uses it. The
    session ends if the project's choice of packages cannot be read.
    """
    from expcache.errors import StoreError  # noqa: PLC0415 - imported long since by the sweep

    try:
        drift = run.drift
    except StoreError as error:
        session.shouldfail = str(error)
        return ""
    changes = (f"{name} {then} -> {now}" for name, (then, now) in drift.items() if now)
    return _SEPARATOR.join(changes)


def drift_lines(told: Iterable[PointReport]) -> list[str]:
    """Return the line that counts such points and names what is different, if there are any."""
    kept = [one.drift for one in told if one.status not in _MADE_HERE]
    changes = Counter(change for text in kept if text for change in text.split(_SEPARATOR))
    if not changes:
        return []
    points = f"{sum(map(bool, kept))} of {len(kept)} cached point{'' if len(kept) == 1 else 's'}"
    more = f"{_SEPARATOR}..." if len(changes) > _SHOWN else ""
    shown = _SEPARATOR.join(list(changes)[:_SHOWN])
    return [f"computed in another environment: {points} ({shown}{more})"]


def stored_drift_lines(runs: list[Run[Any]]) -> list[str]:
    """Return the line that names what is different for runs that are stored, if anything is.

    Raises:
        pytest.UsageError: the project's choice of packages cannot be read.
    """
    if not runs:
        return []
    from expcache import RunSet  # noqa: PLC0415 - imported long since by the sweep
    from expcache.errors import ExpcacheError  # noqa: PLC0415 - as above

    try:
        drift = RunSet(runs).drift
    except ExpcacheError as error:
        raise pytest.UsageError(str(error)) from error
    points = f"of {len(runs)} cached point{'' if len(runs) == 1 else 's'}"
    changes = [
        f"{name} {then} -> {now} ({count} {points})"
        for name, versions in drift.items()
        for (then, now), count in versions.items()
        if now
    ]
    more = [f"and {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else []
    shown = _SEPARATOR.join([*changes[:_SHOWN], *more])
    return [f"computed in another environment: {shown}"] if changes else []
