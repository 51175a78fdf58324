"""What differs between the environment of a record and that of this process."""

from __future__ import annotations

from typing import Any

from expcache._drift import drift_of
from expcache._explanation import Difference
from expcache._record import Header, read_value
from expcache._store import Store
from expcache.errors import RecordError

__all__ = ["environment_differences"]


def environment_differences(store: Store, header: Header) -> tuple[Difference, ...]:
    """Return what differs in Python and in the packages that the project chose."""
    digest = header.environment
    if digest is None:
        return ()
    drift = drift_of(digest, lambda: _stored(store, header.experiment, digest), store.path)
    return tuple(
        Difference("python" if name == "python" else "package", name, then, now or "none")
        for name, (then, now) in drift.items()
    )


def _stored(store: Store, experiment: str, digest: str) -> dict[str, Any]:
    envelope = store.get(experiment, f"environment-{digest}")
    try:
        found: dict[str, Any] = {} if envelope is None else read_value(envelope)
    except RecordError:
        return {}
    return found
