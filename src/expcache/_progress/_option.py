"""What users say about progress, made into what shows it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO, TypeAlias

from expcache._progress._display import Display
from expcache._progress._guard import GuardedDisplay
from expcache._progress._progress import Progress, Unwatched
from expcache._progress._terminal import is_terminal

__all__ = ["Option", "from_option"]

Option: TypeAlias = bool | Callable[[Progress], object] | None

_DELAY = 0.5
"""What ends sooner shows nothing."""


def from_option(
    option: Option, total: int | None, *, jobs: int = 1, stream: TextIO | None = None
) -> tuple[Progress, Display]:
    """Return what counts and what shows it, for the ``progress`` that a user gave.

    Args:
        option: None shows it on a terminal only, True always, False never; a function is called
            with the progress after each change.
        total: how many runs there will be; None if that is not known.
        jobs: how many of them can be computed at once.
        stream: where to show it; None is standard error.

    Raises:
        TypeError: the option is none of these.
    """
    if callable(option):
        return Progress(total, jobs=jobs, changed=option), Display(Progress(total), None)
    if option not in (None, True, False):
        message = f"cannot show progress with progress={option!r}: it is no function."
        raise TypeError(f"{message} Give None, True, False or a function of a Progress.")
    target = sys.stderr if stream is None else stream
    if option is False or target is None or (option is None and not is_terminal(target)):
        unwatched = Unwatched(total, jobs=jobs)
        return unwatched, Display(unwatched, None)
    progress = Progress(total, jobs=jobs)
    return progress, GuardedDisplay(progress, target, delay=_DELAY, summary=True)
