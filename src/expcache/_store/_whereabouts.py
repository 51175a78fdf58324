"""Where a run is that somebody has in hand."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Held", "Whereabouts"]

Held = Literal["queued", "running"]


class Whereabouts(NamedTuple):
    """Where a run is computed at this moment, or waits for it, as far as is known."""

    status: Held
    """``"queued"`` as long as an engine has not begun it, else ``"running"``."""
    host: str = ""
    """The machine that computes it."""
    pid: int = 0
    """The process that has claimed it, where no engine says more; else 0."""
    engine: str = ""
    """Such as ``"Slurm"``; an empty text for processes of that machine."""
    name: str = ""
    """What the engine's own tools know it by, such as ``12_3``."""
    since: float = 0.0
    """The Unix time since when."""

    @property
    def place(self) -> str:
        """Where that is, in words: *on node7, Slurm 12_3*."""
        host = f"on {self.host}" if self.host else ""
        engine = f"{self.engine} {self.name}".rstrip() if self.engine else ""
        return ", ".join(filter(None, (host, f"pid {self.pid}" if self.pid else "", engine)))

    def __str__(self) -> str:
        """Say where, and since when."""
        import time  # noqa: PLC0415 - for people who look

        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return ", ".join(filter(None, (self.place, f"since {since}")))
