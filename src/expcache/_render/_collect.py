"""Put what rendered directories hold into the store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from expcache._render._collected import Collected, Refused
from expcache._render._findings import find
from expcache._render._keep import Keeping, Kept
from expcache._render._manifest import find_manifests
from expcache._render._refusal import refuse
from expcache._store import Store, current_store, open_store
from expcache.errors import RenderError

__all__ = ["collect"]

_UNDER_WAY = 64
"""How many records may be on their way to the disk."""


def collect(
    directory: str | os.PathLike[str],
    *,
    store: str | os.PathLike[str] | Store | None = None,
    trust: bool = False,
) -> Collected:
    """Put the results that rendered directories hold into the store; the directories stay.

    Each result is stored under the id and the code that its directory was rendered for, with its
    params, output and times. A result that is stored already stays as it is, so this can be
    called at any time, and again.

    Args:
        directory: what ``render`` made, or a copy of it or of one directory in it.
        store: where to put them; the current store by default.
        trust: whether results that take unpickling may be taken, which can execute anything.

    Raises:
        RenderError: nothing was rendered there.
        StoreError: the store cannot be written to.
    """
    place = Path(directory)
    found = find_manifests(place)
    if not found:
        message = f"cannot collect from {str(place)!r}: nothing was rendered there."
        refuse(message, "Give the directory that render made, or a copy of it.")
    target = store if not isinstance(store, (str, os.PathLike)) else open_store(store)
    return _Collecting(target or current_store(), trust=trust).all(found)


class _Collecting:
    """One call."""

    def __init__(self, store: Store, *, trust: bool) -> None:
        self._keeping = Keeping(store)
        self._store = store
        self._trust = trust
        self._found: dict[str, list[Any]] = {name: [] for name in Collected._fields}

    def all(self, directories: Iterable[Path]) -> Collected:
        pending: list[Kept] = []
        try:
            for directory in directories:
                pending += self._take(directory)
                if len(pending) >= _UNDER_WAY:
                    self._settle(pending)
        finally:
            self._settle(pending)
        return Collected(**{name: tuple(found) for name, found in self._found.items()})

    def _take(self, directory: Path) -> Iterator[Kept]:
        """Take what is in one directory; yield its record if there is to be one."""
        finding = find(directory, self._store, trust=self._trust)
        if isinstance(finding, Refused):
            self._found["refused"].append(finding)
        elif finding.header is None:
            self._found[finding.word].append(finding.id)
        else:
            try:
                yield self._keeping.keep(finding, finding.header)
            except RenderError as error:
                self._found["refused"].append(Refused(str(directory), str(error)))

    def _settle(self, pending: list[Kept]) -> None:
        while pending:
            kept = pending.pop(0)
            word = kept.finding.word if self._keeping.settle(kept) else "stored"
            self._found[word].append(kept.finding.id)
