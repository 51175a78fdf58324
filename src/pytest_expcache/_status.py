"""What is told of points: in the properties of reports, as letters, as rows of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pytest_expcache._audited import audit_lines
from pytest_expcache._drift import drift_lines

__all__ = ["PREFIX", "PointReport", "Tally", "plan_line", "plan_table", "tally_table", "word_of"]

Word: TypeAlias = tuple[str, str, tuple[str, dict[str, bool]]]
Properties: TypeAlias = list[tuple[str, Any]]

PREFIX = "expcache."
_NAMES = tuple(f"{PREFIX}{name}" for name in ("id", "sweep", "status", "seconds"))
_STATUS, _CHECK, _DRIFT = f"{PREFIX}status", f"{PREFIX}check", f"{PREFIX}drift"
_RETRIED = f"{PREFIX}retried"
_CACHED: Word = ("passed", "c", ("CACHED", {"cyan": True}))
_STALE: Word = ("passed", "S", ("STALE", {"yellow": True}))
_AUDITED: Word = ("passed", "a", ("AUDITED", {"cyan": True}))
_PLAN_COLUMNS = ("points", "done", "stale", "failed", "running", "queued", "missing")
_TALLY_COLUMNS = (
    *("points", "computed", "cached", "stale", "failed", "missing"),
    *("s computed", "s saved"),
)
_RARE = ("stale",)
"""Columns that are there only where something is in them."""
_WIDTH, _NAME = 80, 16
_AUDITS = ("audited", "differs")
_OUTLIVE = ("computed", *_AUDITS)
_SPENT = ("computed", "failed", *_AUDITS)
_COLUMN_OF = {
    "skipped": "failed",
    "audited": "cached",
    "differs": "cached",
    "refused": "stale",
}


@dataclass(frozen=True, slots=True)
class PointReport:
    """What one test tells of its point. Texts and numbers only: it travels between processes."""

    id: str
    sweep: str
    status: str
    """One of computed, cached, stale, failed, skipped; audited or differs if stored; refused if
    stale, where that is an error."""
    seconds: float
    """How long the experiment ran, now or when its result was computed."""
    check: str
    """The name of the check, or an empty text for the sweep itself."""
    drift: str = ""
    """What is different from the environment in which a stored point was computed."""
    retried: int = 0
    """How many attempts at the experiment failed in this session before its last one."""

    def to_properties(self) -> Properties:
        """Return the report as properties of a test, which junit files show too."""
        pairs = zip(_NAMES, (self.id, self.sweep, self.status, self.seconds), strict=True)
        rare = ((_CHECK, self.check), (_DRIFT, self.drift), (_RETRIED, self.retried))
        return [*pairs, *(pair for pair in rare if pair[1])]

    @classmethod
    def from_properties(cls, properties: Iterable[tuple[str, object]]) -> PointReport | None:
        """Return what the properties of a test tell, or None if it is no test of a point."""
        told: dict[str, Any] = dict(properties)
        if _STATUS not in told:
            return None
        run_id, sweep, status, seconds = map(told.__getitem__, _NAMES)
        rare = told.get(_CHECK, ""), told.get(_DRIFT, ""), told.get(_RETRIED, 0)
        return cls(run_id, sweep, status, seconds, *rare)


@dataclass(slots=True)
class Tally:
    """What the session did with the points of its sweeps."""

    selected: dict[str, int] = field(default_factory=dict)
    """How many points of each sweep were selected, as far as known."""
    stored: dict[str, set[str]] = field(default_factory=dict)
    """The runs of each sweep that have a result although no test told of them."""
    planned: dict[str, int] | None = None
    """How many selected points had each status, where some were to be audited; else None."""
    _told: dict[str, dict[str, PointReport]] = field(default_factory=dict)
    _retried: set[tuple[str, str]] = field(default_factory=set)
    """The points that took more than one attempt."""

    def select(self, names: Iterable[str]) -> None:
        """Count the selected points, given the sweep of each."""
        self.selected = dict(Counter(names))

    def add(self, told: PointReport) -> None:
        """Take in one report; that a point was computed outlives that it was read afterwards."""
        points = self._told.setdefault(told.sweep, {})
        if told.retried:
            self._retried.add((told.sweep, told.id))
        before = points.get(told.id)
        if before is None or before.status not in _OUTLIVE or told.status != "cached":
            points[told.id] = told

    def tells(self, name: str, run_id: str) -> bool:
        """Whether any test told of this run of a sweep."""
        return run_id in self._told.get(name, ())

    def told(self) -> Iterable[PointReport]:
        """Return what is told of each point."""
        return (one for points in self._told.values() for one in points.values())

    def head(self) -> list[str]:
        """Return the names of the columns."""
        counted = {_COLUMN_OF.get(one.status, one.status) for one in self.told()}
        return ["sweep", *(c for c in _TALLY_COLUMNS if c not in _RARE or c in counted)]

    def rows(self) -> list[list[str]]:
        """Return one row a sweep, in the order of their first reports."""
        head = self.head()
        rows = map(self._row, dict.fromkeys((*self.selected, *self._told)))
        return [[row[column] for column in head] for row in rows]

    def summary(self) -> str:
        """Say how many of the selected points lack a result."""
        names = {*self.selected, *self._told}
        total = sum(map(self._points, names))
        have = sum(map(self._unreached, names)) + sum(
            told.status in ("computed", "cached", "stale", *_AUDITS)
            for points in self._told.values()
            for told in points.values()
        )
        return f"{total - have} of {total} selected points still lack a result{self._rare()}"

    def audit(self) -> list[str]:
        """Say what became of the points that were to be audited, if there were any."""
        return audit_lines(self.told(), self.planned)

    def _rare(self) -> str:
        """Say how many results are not those of the present code, or took some attempts."""
        stale = sum(one.status == "stale" for one in self.told())
        rest = f"; {stale} stale result{'s' * (stale > 1)} reused" if stale else ""
        retried = len(self._retried)
        return rest + (f"; {retried} took more than one attempt" if retried else "")

    def _points(self, name: str) -> int:
        known = len(self._told.get(name, ())) + self._unreached(name)
        return max(self.selected.get(name, 0), known)

    def _unreached(self, name: str) -> int:
        """Return how many points have a result although the session did not come to them."""
        return len(self.stored.get(name, set()).difference(self._told.get(name, ())))

    def _row(self, name: str) -> dict[str, str]:
        told = self._told.get(name, {}).values()
        times = Counter(_COLUMN_OF.get(one.status, one.status) for one in told)
        times["cached"] += self._unreached(name)
        points = self._points(name)
        missing = points - sum(times.values())
        saved = sum(one.seconds for one in told if one.status in ("cached", "stale"))
        spent = sum(one.seconds for one in told if one.status in _SPENT)
        counts = {**times, "points": points, "missing": missing}
        texts = {column: str(counts.get(column, 0)) for column in _TALLY_COLUMNS}
        return {"sweep": name, **texts, "s computed": f"{spent:.2f}", "s saved": f"{saved:.2f}"}


def word_of(properties: Iterable[tuple[str, object]]) -> Word | None:
    """Return category, letter and word of a passed test that is to stand out, or None.

    Its point was stored already: only of the sweep itself, since a check that passed did run,
    whatever its point. Or it took more than one attempt.
    """
    told = PointReport.from_properties(properties)
    if told is not None and told.retried:
        return "passed", ".", (f"PASSED after {told.retried + 1} attempts", {"yellow": True})
    words = {"cached": _CACHED, "stale": _STALE, "audited": _AUDITED}
    return None if told is None or told.check else words.get(told.status)


def tally_table(tally: Tally) -> list[str]:
    """Return the lines that tell what the session did; none if it had no sweeps."""
    if not tally.rows():
        return []
    lines = table(tally.head(), tally.rows())
    return [*lines, *drift_lines(tally.told()), *tally.audit(), tally.summary()]


def plan_table(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return the lines that tell what is stored of the points of each sweep."""
    queued = any(of.get("queued") for of in counts.values())
    columns = [one for one in _PLAN_COLUMNS if one != "queued" or queued]
    rows = [
        [name, str(sum(of.values())), *(str(of.get(status, 0)) for status in columns[1:])]
        for name, of in counts.items()
    ]
    return table(("sweep", *columns), rows)


def plan_line(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Return the line that tells, before the tests, what is stored."""
    total: Counter[str] = Counter()
    for of in counts.values():
        total.update(of)
    parts = [f"{total.total()} point{'' if total.total() == 1 else 's'}", f"{total['done']} cached"]
    for status in ("stale", "failed", "running", "queued"):
        word = "failed before" if status == "failed" else status
        parts += [f"{total[status]} {word}"] if total[status] else []
    return f"sweeps: {', '.join(parts)}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return aligned lines, of at most 80 columns if names of 16 fit: these left, numbers right."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    room = _WIDTH - sum(width + 2 for width in widths[1:])
    widths[0] = min(widths[0], max(room, _NAME))
    return [_line(row, widths) for row in cells]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name = row[0] if len(row[0]) <= widths[0] else row[0][: widths[0] - 3] + "..."
    numbers = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join((name.ljust(widths[0]), *numbers)).rstrip()
