"""What is handed over to the writer."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple, final

from expcache._store._rundirs import remove_directories

if TYPE_CHECKING:
    from pathlib import Path

    from expcache._store._claim import Claim
    from expcache._store._commit import Commit
    from expcache._store._folder import Folder
    from expcache.errors import StoreError


@final
class Write(NamedTuple):
    """One row to put; without an envelope, rows to delete together."""

    folder: Folder
    key: str
    envelope: bytes | None
    replace: bool
    commit: Commit
    parts: tuple[Path, ...] = ()
    claim: Claim | None = None
    directories: tuple[str, ...] = ()
    """Those of a record that is deleted."""
    others: tuple[str, ...] = ()

    def settle(
        self, *, won: bool = False, fenced: bool = False, error: StoreError | None = None
    ) -> None:
        """Tell the waiters; parts of an envelope that is not kept go."""
        if not won and self.parts:
            for part in self.parts:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
        if won and self.directories:
            remove_directories(self.folder.files, self.directories)
        self.commit.settle(won=won, fenced=fenced, error=error)


@final
class Mark(NamedTuple):
    """A place in the queue: everything before it is settled when its commit is."""

    commit: Commit
    last: bool
