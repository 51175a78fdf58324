"""Rows of texts in columns that fit the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len, set_cell_size

__all__ = ["Column", "layout", "left_out", "shortened"]

_GAP = "  "
_ELLIPSIS = "…"
_LEAST = 8
"""A column of texts is not made narrower than this, but left out."""


class Column(NamedTuple):
    """One column of a table."""

    title: str
    right: bool = False
    """Whether numbers stand in it."""
    least: int | None = None
    """How narrow it may become; None: its texts are never shortened."""
    rank: int = 0
    """Where not all columns fit, those of the highest rank are left out first; 0: never."""


def layout(
    columns: Sequence[Column], rows: Sequence[Sequence[Any]], width: int | None
) -> Iterator[str]:
    """Yield the line of the titles and one line a row.

    Without a width, nothing is left out or shortened.
    """
    texts = [[_plain(cell) for cell in row] for row in rows]
    widths = _widths(columns, texts)
    shown = _fitting(columns, widths, width)
    if width is not None:
        _narrow(columns, widths, shown, width)
    for row in ([column.title for column in columns], *texts):
        cells = (_cell(row[n], widths[n], right=columns[n].right) for n in shown)
        yield _GAP.join(cells).rstrip()


def left_out(
    columns: Sequence[Column], rows: Sequence[Sequence[Any]], width: int | None
) -> list[str]:
    """Return the titles of the columns that `layout` leaves out."""
    widths = _widths(columns, [[_plain(cell) for cell in row] for row in rows])
    shown = _fitting(columns, widths, width)
    return [column.title for n, column in enumerate(columns) if n not in shown]


def _widths(columns: Sequence[Column], texts: Sequence[Sequence[str]]) -> list[int]:
    return [
        max(map(cell_len, (column.title, *(row[n] for row in texts))))
        for n, column in enumerate(columns)
    ]


def shortened(text: str, width: int | None) -> str:
    """Return a text that takes no more columns than there are."""
    if width is None or cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + _ELLIPSIS


def _plain(cell: Any) -> str:
    return "" if cell is None else " ".join(str(cell).split("\n"))


def _cell(text: str, width: int, *, right: bool) -> str:
    text = shortened(text, width)
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def _total(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[n] for n in shown) + len(_GAP) * (len(shown) - 1)


def _least(columns: Sequence[Column], widths: Sequence[int]) -> list[int]:
    return [
        width if column.least is None else min(width, max(column.least, cell_len(column.title)))
        for column, width in zip(columns, widths, strict=True)
    ]


def _fitting(columns: Sequence[Column], widths: Sequence[int], width: int | None) -> list[int]:
    """Return which columns are shown."""
    shown, least = list(range(len(columns))), _least(columns, widths)
    while width is not None and _total(least, shown) > width:
        worst = max(shown, key=lambda n: (columns[n].rank, n))
        if columns[worst].rank == 0:
            break
        shown.remove(worst)
    return shown


def _narrow(columns: Sequence[Column], widths: list[int], shown: Sequence[int], width: int) -> None:
    """Take from the widest column that may be narrower until all fit."""
    least = _least(columns, widths)
    while _total(widths, shown) > width:
        loose = [n for n in shown if widths[n] > least[n]]
        if not loose:
            return
        widest = max(loose, key=lambda n: widths[n])
        widths[widest] -= 1
