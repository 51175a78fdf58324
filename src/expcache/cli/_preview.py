"""What would be computed: ``--dry-run``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from expcache.cli._ending import DONE
from expcache.cli._points import named, params_of, points, store_of
from expcache.cli._table import Column
from expcache.cli._value import to_json
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._sweep import Sweep

__all__ = ["AGAIN", "preview"]

AGAIN = "--mode retry-failed tries again"
_SPARED = {
    "resume": ("done", "failed", "running", "queued"),
    "retry-failed": ("done", "running", "queued"),
    "overwrite": (),
}
_PLANNED = (Column("id"), Column("status"), Column("would", rank=1), Column("params", least=12))


def preview(view: View, sweep: Sweep[Any], mode: str) -> int:
    """Tell what would be computed; nothing is computed or written."""
    spared = _SPARED[mode]
    statuses = sweep.plan().statuses
    would = [status not in spared for status in statuses]
    rows = list(zip(sweep, statuses, would, strict=True))
    if view.json:
        told = [
            {"id": run.id, "status": status, "runs": runs, "params": to_json(run.params)}
            for run, status, runs in rows
        ]
        counts = {"points": len(rows), "would_run": sum(would)}
        view.emit({"store": store_of(sweep), **named(sweep), **counts, "runs": told})
        return DONE
    view.line(f"store {store_of(sweep)}")
    lines = params_of(view, sweep, sweep)
    view.table(
        _PLANNED,
        [
            [run.id[:8], status, _would(status, runs=runs), line]
            for (run, status, runs), line in zip(rows, lines, strict=True)
        ],
    )
    _print_counts(view, sweep.name, list(zip(statuses, would, strict=True)))
    return DONE


def _would(status: str, *, runs: bool) -> str:
    """Return what a sweep would do with a run; what somebody computes now is waited for."""
    if runs:
        return "run"
    return "wait" if status in ("running", "queued") else "skip"


def _print_counts(view: View, name: str, planned: list[tuple[Any, bool]]) -> None:
    run = Counter(status for status, runs in planned if runs)
    skip = Counter(status for status, runs in planned if not runs)
    counts = f"{_counted(run, 'would run')}, {_counted(skip, 'would not')}"
    view.line(f"{name}: {points(len(planned))}, {counts}")
    if skip["failed"]:
        view.note(f"What failed is not tried again; {AGAIN}.")


def _counted(statuses: Counter[Any], word: str) -> str:
    """Return how many points would, or would not, be computed, and what they are."""
    parts = [f"{count} {status}" for status, count in statuses.most_common()]
    told = f" ({', '.join(parts)})" if parts else ""
    return f"{statuses.total()} {word}{told}"
