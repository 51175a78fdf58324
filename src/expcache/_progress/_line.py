"""One line that tells people how far a sweep is, at any width."""

from __future__ import annotations

import math
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress_bar import ProgressBar

__all__ = ["Counts", "duration", "rate", "render"]

_BAR = 10, 40
"""The least and the most columns that a bar takes."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Counts(NamedTuple):
    """All that a line tells, of one moment."""

    total: int | None
    done: int
    cached: int = 0
    failed: int = 0
    running: int = 0
    rate: float = 0.0
    left: float | None = None
    queued: int = 0


class _Part(NamedTuple):
    """A piece of the line; the higher its rank, the sooner it is left out."""

    rank: int
    style: str
    text: str


def duration(seconds: float) -> str:
    """Write a time in its two largest units, such as ``3m05s``."""
    whole = math.ceil(seconds)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02}h"


def rate(per_second: float) -> str:
    """Write a rate in the unit that leaves a number above one, such as ``4.2/min``."""
    value, unit = per_second * _HOUR, "h"
    for scale, name in ((1, "s"), (_MINUTE, "min")):
        if per_second * scale >= 1:
            value, unit = per_second * scale, name
            break
    return f"{value:.0f}/{unit}" if value >= 9.95 else f"{value:.1f}/{unit}"  # noqa: PLR2004


def _parts(counts: Counts) -> list[_Part]:
    """Return the pieces in the order in which they are read."""
    of = "" if counts.total is None else f"/{counts.total}"
    parts = [_Part(0, "bold", f"{counts.done}{of}"), _Part(3, "", " done")]
    if counts.cached:
        parts.append(_Part(5, "cyan", f" ({counts.cached} cached)"))
    if counts.failed:
        parts.append(_Part(1, "bold red", f"  {counts.failed} failed"))
    if counts.running:
        parts.append(_Part(4, "yellow", f"  {counts.running} running"))
    if counts.queued:
        parts.append(_Part(4, "", f"  {counts.queued} queued"))
    if counts.rate > 0:
        parts.append(_Part(6, "", f"  {rate(counts.rate)}"))
    if counts.left:
        parts.append(_Part(2, "", f"  {duration(counts.left)} left"))
    return parts


def _fitting(parts: list[_Part], width: int) -> tuple[list[_Part], int]:
    """Return the pieces that there is room for, and the room that remains."""
    kept: list[_Part] = []
    for part in sorted(parts):
        if len(part.text) > width:
            if not kept:
                break  # without the count, nothing else makes sense
            continue
        kept.append(part)
        width -= len(part.text)
    return [part for part in parts if part in kept], width


def render(counts: Counts, width: int, *, color: bool, bar: bool = True) -> str:
    """Write the line in at most so many columns."""
    from rich.text import Text  # noqa: PLC0415 - only for people who watch

    parts, room = _fitting(_parts(counts), width)
    file = StringIO()
    console = _console(file, width, color=color)
    if bar and parts and counts.total and room > _BAR[0]:
        columns = min(room - 1, _BAR[1])
        console.print(_bar(counts, columns))
        # In colours, rich fills the bar to its end; without, it leaves the rest to us.
        missing = 0 if color else columns - len(file.getvalue())
        file.write(" " * (missing + 1))
    text = Text(end="")
    for part in parts:
        text.append(part.text, part.style if color else "")
    console.print(text, end="", no_wrap=True)
    return file.getvalue()


def _console(file: StringIO, width: int, *, color: bool) -> Console:
    """Return a console that writes into a text, whatever this program's streams are."""
    from rich.console import Console  # noqa: PLC0415 - only for people who watch

    return Console(
        file=file,
        width=max(1, width),
        force_terminal=color,
        force_jupyter=False,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        highlight=False,
    )


def _bar(counts: Counts, width: int) -> ProgressBar:
    from rich.progress_bar import ProgressBar  # noqa: PLC0415 - only for people who watch

    return ProgressBar(
        total=counts.total,
        completed=counts.done + counts.failed,
        width=width,
        style="bright_black",
        complete_style="green",
        finished_style="green",
    )
