"""What became of the points that ``--sweep-audit`` chose, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_expcache._status import PointReport

__all__ = ["audit_lines"]

_REMEDY = (
    "  either the runs are not deterministic: make the seed a parameter;",
    "  or they depend on what is not seen: name it in depends=.",
    "  --sweep-refresh stores the new results.",
)


def audit_lines(told: Iterable[PointReport], planned: Mapping[str, int] | None) -> list[str]:
    """Return what became of the audited points, if any were to be; and what to do next.

    Args:
        told: what the tests told of their points.
        planned: how many selected points had each status; None where nothing was to be audited.
    """
    counts = Counter(one.status for one in told)
    audited, differs = counts["audited"] + counts["differs"], counts["differs"]
    if audited:
        points = f"{audited} stored point{'' if audited == 1 else 's'} computed once more"
        line = f"audit: {points}, {differs or 'none'} differ{'s' if differs == 1 else ''}"
        return [line, *(_REMEDY if differs else ())]
    return [] if planned is None else [_nothing(planned)]


def _nothing(planned: Mapping[str, int]) -> str:
    stored = planned.get("done", 0)
    if stored:
        return (
            f"audit: none of {stored} stored point{'' if stored == 1 else 's'} computed once more"
        )
    others = ", ".join(f"{count} {status}" for status, count in planned.items() if count)
    return f"audit: no stored points to audit{f' ({others})' if others else ''}"
