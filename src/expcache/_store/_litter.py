"""What owners that died long ago have left among the claims."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from expcache._store._protocol import DAY

if TYPE_CHECKING:
    from expcache._store._claimsfile import ClaimsFile
    from expcache._store._owner import Owner

Judged = dict[str, tuple["Owner", bool]]
"""Owners by their names, and whether they live."""


class Litter:
    """Finds and sweeps away what nobody needs; inside a turn at the file."""

    def __init__(self, file: ClaimsFile, judge: Callable[[], Judged]) -> None:
        """Look at nothing yet."""
        self._file: Final = file
        self._judge: Final = judge

    def is_there(self) -> bool:
        """Tell whether owners that died long ago have left something."""
        old = self._file.old(time.time() - DAY) | self._file.idle()
        return bool(old) and any(
            not live for uuid, (_, live) in self._judge().items() if uuid in old
        )

    def sweep(self) -> None:
        """Remove the old claims of the dead, and those of the dead that claim nothing."""
        gone = [owner for owner, live in self._judge().values() if not live]
        self._file.delete_old((owner.uuid for owner in gone), time.time() - DAY)
        idle = self._file.idle()
        for owner in gone:
            if owner.uuid in idle:
                self._file.leave(owner)
