"""Two results of one point, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from expcache._compare import Comparison, Deviation, Tolerance, compare, show
from expcache._run import Run
from expcache._runset import frame_of
from expcache.errors import ExpcacheError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Pair", "compare_runs", "frame_of_pairs", "told"]

R = TypeVar("R")

_LINES = 20
_COLUMNS = ("id", "same", "old", "new", "difference")


class Pair(Generic[R]):
    """One point, with its old and its new run.

    What differs is kept as text; ``comparison`` reads both results again, unless it was made of
    something that may be gone by now.
    """

    __slots__ = ("_comparison", "_tolerance", "index", "new", "old", "params", "texts")

    def __init__(
        self,
        old: Run[R],
        new: Run[R],
        params: Mapping[str, Any],
        tolerance: Tolerance,
        *,
        comparison: Comparison | None = None,
    ) -> None:
        """Compare two runs, unless that was done already."""
        self.old = old
        self.new = new
        self.index = old.index
        self.params = dict(params)
        self._tolerance = tolerance
        self._comparison = comparison
        found = compare_runs(old, new, tolerance) if comparison is None else comparison
        self.texts = found.lines("result")

    def __repr__(self) -> str:
        """Show the point and whether its results are the same."""
        return f"<Pair {self.label}: {'same' if self.same else self.texts[0]}>"

    @property
    def id(self) -> str:
        """The id of both runs."""
        return self.old.id

    @property
    def same(self) -> bool:
        """Whether both results are the same."""
        return not self.texts

    @property
    def label(self) -> str:
        """The params in one line."""
        return ", ".join(f"{name}={show(value)}" for name, value in self.params.items())

    @property
    def comparison(self) -> Comparison:
        """Where the results differ, with the values there."""
        kept = self._comparison
        return compare_runs(self.old, self.new, self._tolerance) if kept is None else kept


def compare_runs(old: Run[Any], new: Run[Any], tolerance: Tolerance) -> Comparison:
    """Compare the results of two runs; what has none, or cannot be read, is a difference."""
    try:
        before = old.result
    except ExpcacheError as error:
        return _differs(f"the old one cannot be read: {error}")
    if new.error is not None:
        return _differs(f"{show(before)} -> the run fails with {new.error}", before)
    try:
        now = new.result
    except ExpcacheError as error:
        return _differs(f"the new one cannot be read: {error}", before)
    return compare(before, now, rtol=tolerance.rtol, atol=tolerance.atol)


def _differs(text: str, old: Any = None) -> Comparison:
    return Comparison([Deviation("", old, None, text)])


def told(head: str, pairs: Iterable[Pair[Any]]) -> str:
    """Return a heading and what differs in pairs: a line each, the first of them."""
    differing = [pair for pair in pairs if not pair.same]
    lines = [f"  {pair.label}: {text}" for pair in differing[:_LINES] for text in pair.texts]
    rest = len(differing) - _LINES
    more = [f"  ... and {rest} more points"] if rest > 0 else []
    return "\n".join([head, *lines, *more])


def frame_of_pairs(rows: Sequence[tuple[str, Mapping[str, Any], dict[str, Any]]]) -> pd.DataFrame:
    """Return a table of points: id, params, and what is told of each."""
    records = []
    for run_id, params, columns in rows:
        named = {f"param_{n}" if n in _COLUMNS else n: value for n, value in params.items()}
        records.append({"id": run_id, **named, **columns})
    return frame_of(records)
