"""What the runs themselves change: a counter, a cache, a log. It counts as it was before them.

A run that changes what its own fingerprint is taken from would make its result stale at once. So
what changed while a run went on is pinned: in this process it counts by what it was before that
run, for every experiment that reaches it. The next process begins with that very value again.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

__all__ = ["PINS", "Bound", "Held", "note"]


class Held(NamedTuple):
    """A value that can change: its bytes, and the functions and classes that they refer to."""

    value: object
    name: str
    body: bytes
    opaque: tuple[str, ...]
    parts: tuple[tuple[bytes, Any], ...]


class Bound(NamedTuple):
    """What a name or a cell held; the owner is kept, so that its id stays its own."""

    owner: object
    name: str
    value: object


class Pins:
    """Values by identity, and names and cells by place. The first pin of each is the true one."""

    def __init__(self) -> None:
        """Begin without pins."""
        self.values: dict[int, Held] = {}
        self.places: dict[tuple[int, str], Bound] = {}


PINS: Final = Pins()
"""Those of this process, shared by all trackers."""


def note(name: str) -> str:
    """Return the sentence that says so to the user."""
    return f"{name!r} is changed by the runs themselves: its value before the first one counts"
