"""Why a run has no result, though it was sent: what its error says."""

from __future__ import annotations

from expcache._completion._todo import Todo
from expcache._executor import Lost
from expcache.errors import CrashError, TimeLimitError

__all__ = ["cannot_compute", "reason_of"]


def cannot_compute(one: Todo, reason: str) -> str:
    """Return the message of a run that was not computed."""
    return f"cannot compute run {one.run.id} of {one.run.experiment!r}: {reason}"


def reason_of(one: Todo, lost: Lost, limit: float | None) -> Exception:
    """Return the exception that stands for what a worker was lost with."""
    if lost.reason == "timeout" and limit is not None:
        message = f"it took longer than its time limit of {limit:g} s and was ended."
        remedy = "Give it more time with timeout=, or find in its output where it was."
        return TimeLimitError(cannot_compute(one, f"{message} {remedy}"), seconds=limit)
    if lost.why:
        message = f"{lost.why}. Run it again."
        return CrashError(cannot_compute(one, message), exitcode=lost.exitcode)
    how, remedy = _ending(lost.exitcode)
    return CrashError(cannot_compute(one, f"its process {how}. {remedy}"), exitcode=lost.exitcode)


def _ending(exitcode: int | None) -> tuple[str, str]:
    from signal import SIGKILL, Signals  # noqa: PLC0415 - only for crashes

    if exitcode is None:
        return "is gone", "Run it again."
    if exitcode >= 0:
        return f"exited with status {exitcode}", "Let it return or raise instead."
    try:
        name = Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    if -exitcode == SIGKILL:
        return f"was killed ({name})", "The system does this when memory runs out, too."
    return f"was ended by {name}", "Its output tells where it was."
