"""Why the points of a sweep are hits or misses: those of one reason together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from expcache._explanation._explanation import Explanation

__all__ = ["Group", "SweepExplanation"]


_SHOWN = 20
"""How many reasons are shown."""


class Group(NamedTuple):
    """Points of a sweep that are hits, or misses, for one reason.

    ``indices`` are their positions in the sweep, ``example`` is the explanation of the first.
    """

    indices: tuple[int, ...]
    example: Explanation

    @property
    def hit(self) -> bool:
        """Whether the points would be served from the store."""
        return self.example.hit

    @property
    def status(self) -> str:
        """The status of the points."""
        return self.example.status

    @property
    def reason(self) -> str:
        """Why, in a few words."""
        return self.example.reason

    def lines(self) -> Iterator[str]:
        """Yield the words for people: how many points and why, then the first in full."""
        yield f"{_points(len(self.indices))} {self.status}: {self.reason}"
        if self.hit and not self.example.differences:
            return
        shown = str(self.example).splitlines()
        if len(self.indices) == 1:
            yield from shown
        else:
            yield f"such as {shown[0]}"
            yield from shown[1:]


@dataclass(frozen=True, slots=True, repr=False)
class SweepExplanation:
    """Why the points of a sweep are hits or misses; ``str`` gives it in words."""

    name: str
    groups: tuple[Group, ...]

    def __len__(self) -> int:
        """Return the number of points."""
        return sum(len(group.indices) for group in self.groups)

    def __repr__(self) -> str:
        """Show how many points are hits and misses, and for how many reasons."""
        return f"<SweepExplanation of {self._counts()}, {len(self.groups)} reasons>"

    def __str__(self) -> str:
        """Return the words for people: the counts, then the points of each reason."""
        lines = [f"{self.name}: {self._counts()}"]
        for group in self.groups[:_SHOWN]:
            first, *others = group.lines()
            lines += [f"  {first}", *(f"    {one}" for one in others)]
        more = len(self.groups) - _SHOWN
        return "\n".join([*lines, *([f"  and {more} more reasons"] if more > 0 else [])])

    @property
    def hits(self) -> int:
        """How many points would be served from the store."""
        return sum(len(group.indices) for group in self.groups if group.hit)

    @property
    def misses(self) -> int:
        """How many points would not be served from the store."""
        return len(self) - self.hits

    def _counts(self) -> str:
        return f"{_points(len(self))}, {self.hits} stored, {self.misses} not"


def _points(count: int) -> str:
    return f"{count} point{'' if count == 1 else 's'}"
