"""Which call computed a run: a launch, with an id that people can read."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Launch", "current_launch", "launch", "new_launch", "tags_from"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)


class Launch:
    """One call that computes runs, or several that belong together: from ``launch()``.

    As a context manager, what is computed in the block belongs to it.
    """

    __slots__ = ("_before", "id", "tags")

    id: str
    tags: tuple[str, ...]

    def __init__(self, id: str, tags: tuple[str, ...] = ()) -> None:  # noqa: A002 - the word for it
        """Name a launch; users call ``expcache.launch``."""
        self.id = id
        self.tags = tags
        self._before: list[Launch | None] = []

    def __repr__(self) -> str:
        """Show id and tags."""
        return f"<Launch {self.id}{' ' if self.tags else ''}{', '.join(self.tags)}>"

    def __eq__(self, other: object) -> bool:
        """Compare id and tags."""
        return isinstance(other, Launch) and (self.id, self.tags) == (other.id, other.tags)

    def __hash__(self) -> int:
        """Hash what is compared."""
        return hash((self.id, self.tags))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as id and tags."""
        return Launch, (self.id, self.tags)

    def __enter__(self) -> Self:
        """Let what is computed from now on, in any thread, belong to this launch."""
        global _chosen  # noqa: PLW0603 - this module is where the global lives
        with _lock:
            self._before.append(_chosen)
            _chosen = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Go back to the launch before."""
        global _chosen  # noqa: PLW0603 - as above
        with _lock:
            _chosen = self._before.pop()

    def tagged(self, tags: tuple[str, ...]) -> Launch:
        """Return this launch with more tags."""
        return Launch(self.id, tuple(dict.fromkeys((*self.tags, *tags)))) if tags else self


_lock = threading.Lock()
_chosen: Launch | None = None
_own: tuple[int, Launch] | None = None
"""The launch of single calls, and the process that it belongs to."""


def launch(*, tags: str | Iterable[str] = (), id: str | None = None) -> Launch:  # noqa: A002 - the word for it
    """Return a launch of its own: in its ``with`` block, all runs are computed as one launch.

    Without one, each call of ``Sweep.run`` and of ``as_completed`` is a launch, and so are all
    single calls of a process together, and a session of pytest.

    Args:
        tags: words that the record of each run carries beside those of its experiment.
        id: one to go on with, such as that of the process that has started this one.

    Raises:
        ValueError: the id is none, or a tag is no text.
    """
    if id is not None and not _ID.fullmatch(id):
        message = f"cannot use {id!r} as the id of a launch: it is no plain word."
        raise ValueError(f"{message} Use letters, digits, '-', '_' and '.', at most 64.")
    found = tags_from(tags)
    return new_launch(found) if id is None else Launch(id, found)


def new_launch(tags: tuple[str, ...] = ()) -> Launch:
    """Return a launch that begins now: its id is the time in UTC, and what nobody else has."""
    from datetime import UTC, datetime  # noqa: PLC0415 - not needed for a hit

    return Launch(f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.urandom(4).hex()}", tags)


def current_launch(*, single: bool) -> Launch | None:
    """Return the launch whose block this is; for a ``single`` call else the process's own."""
    global _own  # noqa: PLW0603 - as above
    if _chosen is not None or not single:
        return _chosen
    if _own is None or _own[0] != os.getpid():
        _own = os.getpid(), new_launch()
    return _own[1]


def tags_from(tags: str | Iterable[str]) -> tuple[str, ...]:
    """Return tags as they are stored.

    Raises:
        ValueError: one is no text, or an empty one.
    """
    found: tuple[object, ...] = (tags,) if isinstance(tags, str) else tuple(tags)
    for tag in found:
        if not isinstance(tag, str) or not tag:
            message = f"cannot use {tag!r} as a tag: it is no word."
            raise ValueError(f"{message} Give texts, such as tags=('night', 'v2').")
    return tuple(dict.fromkeys(map(str, found)))
