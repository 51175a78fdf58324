"""Worker processes of this machine, chosen by the word `local`."""

from __future__ import annotations

from typing import Any, Literal

from expcache._executor._local import LocalExecutor

__all__ = ["make"]


def make(
    *,
    jobs: int | Literal["auto"] = "auto",
    start_method: Any = None,
    memory: int | str | None = None,
) -> LocalExecutor:
    """Return a new executor; without a number of jobs, one for each processor."""
    return LocalExecutor(jobs, start_method=start_method, memory=memory)
