"""The directory of a store: opened when needed, and what this user may do there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from expcache._store._access import Access, access_to, on_network
from expcache._store._place import prepare
from expcache._warning import warn
from expcache.errors import StoreError, StoreWarning

if TYPE_CHECKING:
    from pathlib import Path


class Site:
    """A store's directory; where *create* allows it, the first write makes a missing one.

    Looking something up leaves no trace where nothing was ever stored.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        """Judge the directory at *path*, if it is there or has to be."""
        self.path: Final = path
        self.access: Access | None = None
        if not create or os.path.lexists(path):
            self._open(create=create)

    def _open(self, *, create: bool) -> Access:
        path = self.path
        prepare(path, create=create)
        self.access = access = access_to(path)
        if access.writable and on_network(path):
            warn(
                f"the store {str(path)!r} lies on a network file system, where a database can be "
                "damaged by writers on two machines. Keep it on a local disk: set EXPCACHE_STORE.",
                StoreWarning,
            )
        return access

    def create(self) -> None:
        """Make the directory now, if it is missing, rather than at the first write."""
        if self.access is None:
            self._open(create=True)

    @property
    def gone(self) -> bool:
        """Whether the directory was there and has been taken away."""
        return self.access is not None and not self.path.is_dir()

    def check_writable(self) -> None:
        """Raise `StoreError` where nothing can be written."""
        access = self.access or self._open(create=True)
        if not access.writable:
            raise StoreError(access.refusal, path=str(self.path))
