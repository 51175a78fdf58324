"""Many rows in few statements.

Each statement of SQLite lets another thread run and then waits for its turn again, which costs
more than the statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LENGTHS: Final = (64, 32, 16, 8, 4, 2, 1)
"""So many rows in one statement: few lengths, so that SQLite need not compile each anew."""


def portions(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield rows in portions of few different lengths."""
    start = 0
    for length in LENGTHS:
        while len(rows) - start >= length:
            yield rows[start : start + length]
            start += length


def marks(row: str, count: int) -> str:
    """Return the places of so many rows in a statement."""
    return ",".join((row,) * count)
