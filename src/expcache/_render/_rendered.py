"""What was rendered."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["Rendered"]


class Rendered(NamedTuple):
    """What ``render`` made, and what it left as it was; print it."""

    name: str
    """Of the sweep."""
    directory: Path
    """Where the directories of the runs are."""
    ids: tuple[str, ...]
    """The runs that have a new directory, each named by the id."""
    waiting: tuple[str, ...]
    """The runs that have one of before, of which nothing is collected."""
    stored: int
    """How many points need none: there is a result, or somebody computes it now."""
    submit: Path | None
    """The script that submits the new ones; None if there are none."""

    def __str__(self) -> str:
        """Return what was done, and what is to do."""
        runs = "1 run" if len(self.ids) == 1 else f"{len(self.ids)} runs"
        lines = [f"{self.name}: {runs} rendered into {self.directory}"]
        if self.waiting:
            lines[0] += f", {len(self.waiting)} waiting there"
        if self.stored:
            lines[0] += f", {self.stored} need none"
        if self.submit is not None:
            lines.append(f"submit them: sh {self.submit}")
        return "\n".join(lines)
