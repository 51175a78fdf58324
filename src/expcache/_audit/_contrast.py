"""The results of two codes at the same points."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from expcache._audit._codes import find_code
from expcache._audit._pair import Pair, frame_of_pairs, told
from expcache._compare import Tolerance
from expcache._query import code_of, is_result, located_at
from expcache._run import Run
from expcache._runset import RunSet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contrast", "contrast"]

R = TypeVar("R")

_DIGITS = 12

Keys = Callable[[int, str], str | None]
"""Gives the record key of the point at an index, with this id; None if there is no result."""


class Counts(NamedTuple):
    """How many points have no result of one code or the other."""

    only_old: int
    only_new: int
    neither: int


class Contrast(Generic[R]):
    """The results of two codes at the points of a sweep, side by side.

    True, as ``same`` is, if none differs. Print it to read what does.
    """

    __slots__ = ("_head", "neither", "only_new", "only_old", "rows")

    def __init__(self, head: str, rows: Sequence[Pair[R]], counts: Counts) -> None:
        """Hold what was found; users call ``Sweep.compare``."""
        self._head = head
        self.rows = tuple(rows)
        """The points with both results, in order: ``old`` and ``new`` run, ``same``, ``texts``."""
        self.only_old, self.only_new, self.neither = counts

    @property
    def same(self) -> bool:
        """Whether no point differs; False if no point has both results."""
        return bool(self.rows) and all(pair.same for pair in self.rows)

    def __bool__(self) -> bool:
        """Be true where all is the same, so that it can be asserted."""
        return self.same

    @property
    def differences(self) -> tuple[Pair[R], ...]:
        """The rows whose results differ."""
        return tuple(pair for pair in self.rows if not pair.same)

    def __repr__(self) -> str:
        """Show how many points there are and how many of them differ."""
        return f"<Contrast of {self._text}>"

    def __str__(self) -> str:
        """Say how many points have both results, and what differs."""
        return told(self._text, self.rows)

    @property
    def _text(self) -> str:
        count, points = len(self.differences), len(self.rows)
        found = f"{points} point{'' if points == 1 else 's'} compared, {count or 'none'}"
        text = f"{self._head}: {found} differ{'s' if count == 1 else ''}"
        lacking = (
            (self.only_old, "only old"),
            (self.only_new, "only new"),
            (self.neither, "neither"),
        )
        counts = [f"{number} {words}" for number, words in lacking if number]
        return f"{text}; {', '.join(counts)}" if counts else text

    def to_frame(self) -> pd.DataFrame:
        """Return a table of the points with both results: params, ``old``, ``new``, ``difference``.

        Raises:
            ImportError: pandas is not installed; it comes with ``expcache[pandas]``.
        """
        return frame_of_pairs([
            (
                pair.id,
                pair.params,
                {
                    "old": pair.old.result,
                    "new": pair.new.result,
                    "difference": "\n".join(pair.texts),
                },
            )
            for pair in self.rows
        ])  # fmt: skip


def contrast(sweep: Any, old: str, new: str | None, tolerance: Tolerance) -> Contrast[Any]:
    """Put the results of two codes at the points of a sweep side by side.

    Args:
        sweep: whose points.
        old: the code of the old results, or its first digits.
        new: that of the new ones; None for the present code.
        tolerance: what counts as equal.
    """
    definition = sweep._state.performer.definition
    store, name = definition.store, definition.name
    keys = dict.fromkeys(filter(is_result, store.keys(name)))
    adopted = {key: older.key for key, older in definition.adopted(store).items()}
    known = [code_of(key) for key in (*keys, *adopted)]
    before = find_code(old, known, name)
    now = definition.code if new is None else find_code(new, known, name)
    sides = _of_code(before, keys, adopted), _of_code(now, keys, adopted)
    if new is None:
        sides = sides[0], _present(sweep)
    olds, news, counts = _sort(sweep, store, *sides)
    pairs = [
        Pair(one, other, sweep._params_at(one.index), tolerance)
        for one, other in zip(olds._read_ahead(), news._read_ahead(), strict=True)
    ]
    return Contrast(f"{sweep.name}: {before[:_DIGITS]} -> {now[:_DIGITS]}", pairs, counts)


def _of_code(code: str, keys: Collection[str], adopted: Mapping[str, str]) -> Keys:
    def key(index: int, run_id: str) -> str | None:  # noqa: ARG001 - the other one needs it
        own = f"{run_id}-{code}"
        found = own if own in keys else adopted.get(own)
        return found if found in keys else None

    return key


def _present(sweep: Any) -> Keys:
    located = sweep.plan()._located
    return lambda index, _: located[index].key if located[index].status == "done" else None


def _sort(sweep: Any, store: Any, old: Keys, new: Keys) -> tuple[RunSet[Any], RunSet[Any], Counts]:
    """Return the runs that have both results, each with its own record, and count the others."""
    name = sweep._state.performer.definition.name
    both: list[tuple[Run[Any], Run[Any]]] = []
    counts = {"old": 0, "new": 0, "": 0}
    for run_id, index in {one: i for i, one in reversed(list(enumerate(sweep.ids)))}.items():
        found = old(index, run_id), new(index, run_id)
        if found[0] is None or found[1] is None:
            counts["old" if found[0] else "new" if found[1] else ""] += 1
            continue
        before, now = map(located_at, (found[0], found[1]))
        one: Run[Any] = Run(store, name, run_id, located=before, index=index)
        both.append((one, Run(store, name, run_id, located=now, index=index)))
    both.sort(key=lambda pair: pair[0].index or 0)
    olds, news = RunSet(one for one, _ in both), RunSet(other for _, other in both)
    return olds, news, Counts(counts["old"], counts["new"], counts[""])
