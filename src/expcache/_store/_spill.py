"""Large parts from a process that has no store open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expcache._store._protocol import Spill


def spill_into(directory: str) -> Spill:
    """Return a spill that writes parts into a directory, as `Store.parts_directory` named it."""
    from pathlib import Path  # noqa: PLC0415 - only needed with large values, as what follows

    from expcache._store._parts import write_part  # noqa: PLC0415 - see above

    parts = Path(directory)
    return lambda content, digest: write_part(parts, content, digest)
