"""What Slurm's own queue says: no accounting is needed for that."""

from __future__ import annotations

import subprocess
from typing import Final, NamedTuple

__all__ = ["OVER", "Standing", "cancel", "standings"]

SECONDS: Final = 60
OVER: Final = frozenset(
    {
        *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"),
        *("OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"),
    }
)
"""The states that nothing comes after."""


class Standing(NamedTuple):
    """What Slurm says of one element of an array, or of what is none."""

    state: str
    host: str
    script: str
    """The file that was submitted."""

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state in OVER


def standings() -> dict[str, Standing] | None:
    """Return all of this user's that Slurm knows by now, by its name; None if it does not answer.

    Raises:
        FileNotFoundError: there is no Slurm here.
    """
    command = ["squeue", "--me", "-h", "-r", "-t", "all", "-o", "%i|%T|%N|%o"]
    try:
        answer = subprocess.run(  # noqa: S603 - as users have it
            command, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if answer.returncode != 0:
        return None
    lines = (line.split("|", 3) for line in answer.stdout.splitlines())
    return {line[0].strip(): Standing(*line[1:]) for line in lines if len(line) == 4}  # noqa: PLR2004


def cancel(name: str, *, waiting: bool = False) -> None:
    """Cancel an array, or what of it is ``waiting``; what has ended is passed over."""
    subprocess.run(  # noqa: S603 - as above
        ["scancel", "--quiet", *(["--state=PENDING"] if waiting else []), name],  # noqa: S607 - as users have it
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
