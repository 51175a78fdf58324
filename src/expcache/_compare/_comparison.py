"""What came of comparing two values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

__all__ = ["Comparison", "Deviation"]

_LINES = 20


class Deviation(NamedTuple):
    """One place where two values differ."""

    path: str
    """How to get there from the value, such as ``['scores'][3]``; empty for the value itself."""
    old: Any
    """What is there in the old value; None if nothing is."""
    new: Any
    """What is there in the new value; None if nothing is."""
    text: str
    """The difference in words."""

    def __str__(self) -> str:
        """Say where and what."""
        return f"value{self.path}: {self.text}"


class Comparison:
    """Where two values differ; true, as ``same`` is, if they do not."""

    __slots__ = ("differences",)

    differences: tuple[Deviation, ...]
    """Each place where they differ: ``path``, ``old``, ``new`` and ``text``, in order."""

    def __init__(self, differences: Iterable[Deviation] = ()) -> None:
        """Hold what was found; users call ``compare``."""
        self.differences = tuple(differences)

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return not self.differences

    def __bool__(self) -> bool:
        """Be true where there is no difference, so that it can be asserted."""
        return self.same

    def __repr__(self) -> str:
        """Show how many differences there are."""
        return f"<Comparison: {self._head}>"

    def __str__(self) -> str:
        """Say where the values differ, a line each; the first of them where there are many."""
        return "\n".join([self._head, *(f"  {line}" for line in self.lines("value"))])

    @property
    def _head(self) -> str:
        count = len(self.differences)
        return f"{count} difference{'' if count == 1 else 's'}" if count else "same"

    def lines(self, name: str, *, limit: int = _LINES) -> list[str]:
        """Return one line a difference of a value of this name; the rest as a number."""
        some = [f"{name}{one.path}: {one.text}" for one in self.differences[:limit]]
        rest = len(self.differences) - limit
        return [*some, f"... and {rest} more"] if rest > 0 else some
