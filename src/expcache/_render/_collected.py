"""What was collected."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Collected", "Refused"]


class Refused(NamedTuple):
    """A directory that nothing was taken from, and why."""

    directory: str
    reason: str


class Collected(NamedTuple):
    """What ``collect`` found in the directories; print it."""

    done: tuple[str, ...]
    """The runs whose results are new in the store."""
    failed: tuple[str, ...]
    """The runs whose failures are."""
    stored: tuple[str, ...]
    """The runs that were in the store already; that stays as it is."""
    unfinished: tuple[str, ...]
    """The runs that have not ended, or not begun."""
    refused: tuple[Refused, ...]
    """The directories that do not hold what was rendered, each with the reason."""

    def __str__(self) -> str:
        """Return the counts, and what was refused."""
        counts = {
            "done": self.done,
            "failed": self.failed,
            "stored before": self.stored,
            "unfinished": self.unfinished,
            "refused": self.refused,
        }
        told = ", ".join(f"{len(found)} {word}" for word, found in counts.items() if found)
        lines = [f"collected: {told or 'nothing'}"]
        lines += [f"  {one.directory}: {one.reason}" for one in self.refused]
        return "\n".join(lines)
