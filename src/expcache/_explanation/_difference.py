"""One thing that differs between a stored record and the present."""

from __future__ import annotations

import os
from typing import NamedTuple

__all__ = ["Difference", "place_of"]


class Difference(NamedTuple):
    """One thing that differs: what kind of thing, its name, how it was and how it is.

    ``kind`` is ``parameter``, ``default``, ``version``, ``function``, ``decorator``, ``class``,
    ``constant``, ``module``, ``package``, ``python``, ``depends``, ``declared``, ``code``,
    ``command``, ``file``, ``ignore=``, ``experiment`` or ``record``.
    ``file`` and ``line`` say where the change is at present; the line is 0 where that cannot be
    told. ``old`` is None for what was not there, ``new`` for what is there no more. ``more`` is how
    many lines have changed besides.
    """

    kind: str
    name: str
    old: str | None = None
    new: str | None = None
    file: str = ""
    line: int = 0
    words: str = "changed"
    more: int = 0

    @property
    def place(self) -> str:
        """File and line, the file as seen from the working directory; empty when unknown."""
        return place_of(self.file, self.line)

    @property
    def reason(self) -> str:
        """What changed, in a few words: ``function study.fit changed (study.py:12)``."""
        place = f" ({self.place})" if self.place else ""
        return f"{self.kind} {self.name} {self.words}{place}"

    def __str__(self) -> str:
        """Return the reason, and how it was and is."""
        values = self._values()
        more = f", and {self.more} more line{'' if self.more == 1 else 's'}" if self.more else ""
        shown = f"{more}; .diff() shows them" if more else ""
        return f"{self.reason}: {values}{shown}" if values else f"{self.reason}{shown}"

    def _values(self) -> str:
        if self.old is None:
            return "" if self.new is None else self.new
        if self.new is None:
            return f"was {self.old}"
        return "" if self.old == self.new else f"{self.old} -> {self.new}"


def place_of(file: str, line: int) -> str:
    """Return ``file:line``, the file as seen from the working directory if it lies there."""
    if not file:
        return ""
    here = os.getcwd() + os.sep  # noqa: PTH109 - texts are compared
    shown = file.removeprefix(here)
    return f"{shown}:{line}" if line else shown
