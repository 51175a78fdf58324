"""A note of what Slurm computes, for whoever comes when the sender is gone."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from expcache._executor._batch import Batch
from expcache._executor._spool import Spool, read_whole, write_whole

__all__ = ["Note", "notes_in"]

END = ".note"


@dataclass
class Note:
    """Which runs, by the keys of their records, are in which batch of which spool."""

    spool: str
    keys: list[list[str]]
    """Of each batch."""
    name: str = ""
    """What Slurm calls the array; "" as long as it was not submitted."""
    host: str = field(default_factory=platform.node)
    path: Path | None = field(default=None, compare=False)
    """Where the note lies."""

    @classmethod
    def of(cls, spool: Spool, batches: Sequence[Batch]) -> Note:
        """Return a note of batches that are about to be submitted."""
        return cls(str(spool.path), [list(batch.keys) for batch in batches])

    def write(self, place: Path) -> None:
        """Write it, whole."""
        place.mkdir(mode=0o700, exist_ok=True)
        self.path = place / f"{Path(self.spool).name}{END}"
        told = {name: it for name, it in asdict(self).items() if name != "path"}
        write_whole(self.path, json.dumps(told).encode())

    def remove(self) -> None:
        """Take it away."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink()


def notes_in(place: str | os.PathLike[str]) -> Iterator[Note]:
    """Yield the notes of a place; what is no note is passed over."""
    for path in sorted(Path(place).glob(f"*{END}")):
        with suppress(OSError, ValueError, TypeError):
            told: dict[str, Any] = json.loads(read_whole(path))
            yield Note(**told, path=path)
