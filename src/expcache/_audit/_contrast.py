"""The results of two codes at the same points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from expcache._audit._pair import Pair, frame_of_pairs, told
from expcache._compare import Tolerance
from expcache._query import code_of, find_code, id_of, is_result, located_at
from expcache._run import Run
from expcache._runset import RunSet
from expcache.errors import ExpcacheError, QueryError, UnknownIdError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contrast", "contrast"]

R = TypeVar("R")

_DIGITS = 12


class Counts(NamedTuple):
    """How many points have no result of one code or the other to compare."""

    only_old: int
    only_new: int
    neither: int
    accepted: Mapping[str, int]
    """How many have, for one code, an accepted result of this other one."""


class Contrast(Generic[R]):
    """The results of two codes at the points of a sweep, side by side.

    True, as ``same`` is, if none differs. Print it to read what does.
    """

    __slots__ = ("_accepted", "_head", "neither", "only_new", "only_old", "rows")

    def __init__(self, head: str, rows: Sequence[Pair[R]], counts: Counts) -> None:
        """Hold what was found; users call ``Sweep.compare``."""
        self._head = head
        self.rows = tuple(rows)
        """The points with both results, in order: ``old`` and ``new`` run, ``same``, ``texts``."""
        self.only_old, self.only_new, self.neither, self._accepted = counts

    @property
    def accepted(self) -> int:
        """How many points are not compared: one code computed no result, but one was accepted."""
        return sum(self._accepted.values())

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
        text = f"{self._head}: {points} point{'' if points == 1 else 's'} compared"
        if points:
            text += f", {count or 'none'} differ{'s' if count == 1 else ''}"
        lacking = (
            (self.only_old, "only old"),
            (self.only_new, "only new"),
            (self.neither, "neither"),
            *((n, f"accepted from {code[:_DIGITS]}") for code, n in self._accepted.items()),
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
                    "old": _readable(pair.old),
                    "new": _readable(pair.new),
                    "difference": "\n".join(pair.texts),
                },
            )
            for pair in self.rows
        ])  # fmt: skip


def _readable(run: Run[R]) -> R | None:
    """Return the result; None where the difference says why there is none."""
    try:
        return run.result
    except ExpcacheError:
        return None


def contrast(sweep: Any, old: str | None, new: str | None, tolerance: Tolerance) -> Contrast[Any]:
    """Put the results of two codes at the points of a sweep side by side.

    Args:
        sweep: whose points.
        old: the code of the old results, or its first digits; None for the latest other code.
        new: that of the new ones; None for the present code.
        tolerance: what counts as equal.
    """
    definition = sweep._state.performer.definition
    store, name = definition.store, definition.name
    keys = dict.fromkeys(filter(is_result, store.keys(name)))
    adopted = {
        key: older.key
        for key, older in definition.adopted(store).items()
        if older.is_of(store.get(definition.name, older.key))
    }
    own = dict.fromkeys(map(code_of, keys))

    def codes(prefix: str) -> list[str]:
        known = [*own, *map(code_of, adopted)]
        return [find_code(prefix, known, name, "compare with", listed=own)] * len(sweep)

    news = _present(sweep) if new is None else codes(new)
    olds = _latest(sweep, keys, news) if old is None else codes(old)
    _check_apart(olds, news)
    older, newer, counts = _sort(
        sweep, store, _Side(olds, keys, adopted), _Side(news, keys, adopted)
    )
    pairs = [
        Pair(one, other, sweep._params_at(one.index), tolerance)
        for one, other in zip(older._read_ahead(), newer._read_ahead(), strict=True)
    ]
    shown = " -> ".join(one[0][:_DIGITS] for one in (olds, news) if one)
    return Contrast(f"{sweep.name}: {shown}", pairs, counts)


def _present(sweep: Any) -> list[str]:
    """Return the present code of each point: the classes of its params may be part of it."""
    definition, (ids, classes) = sweep._state.performer.definition, sweep._identities()
    codes = [definition.code] * len(ids)
    for index, kinds in classes.items():
        codes[index] = definition.code_with(kinds)
    return codes


def _latest(sweep: Any, keys: Mapping[str, Any], news: Collection[str]) -> list[str]:
    """Return the code that stored a result of one of the points last and is not among these."""
    ids, present = set(sweep.ids), set(news)
    for key in reversed(list(keys)):
        if id_of(key) in ids and code_of(key) not in present:
            return [code_of(key)] * len(news)
    shown = ", ".join(code[:_DIGITS] for code in dict.fromkeys(news)) or "none"
    message = f"cannot compare the codes of {sweep.name!r}: no point has a result of another code"
    remedy = "Results stay when the code is edited: compute the points then."
    raise UnknownIdError(f"{message} than {shown}. {remedy}", id="")


def _check_apart(olds: Collection[str], news: Collection[str]) -> None:
    both = set(olds) & set(news)
    if both:
        code = min(both)
        message = (
            f"cannot compare code {code[:_DIGITS]} with itself: every result would be its own."
        )
        remedy = "Give two codes; codes() lists those that have results."
        raise QueryError(f"{message} {remedy}", name=code, known=())


class _Side(NamedTuple):
    """The results of one code: what it computed, and what counts for it."""

    codes: Sequence[str]
    """The code of each point."""
    keys: Collection[str]
    adopted: Mapping[str, str]

    def find(self, index: int, run_id: str) -> tuple[str | None, str | None]:
        """Return the key of the result that the code computed, or that of an accepted one."""
        own = f"{run_id}-{self.codes[index]}"
        if own in self.keys:
            return own, None
        other = self.adopted.get(own)
        return None, other if other in self.keys else None


def _sort(
    sweep: Any, store: Any, old: _Side, new: _Side
) -> tuple[RunSet[Any], RunSet[Any], Counts]:
    """Return the runs that have both results, each with its own record, and count the others."""
    name = sweep._state.performer.definition.name
    both: list[tuple[Run[Any], Run[Any]]] = []
    counts = {"old": 0, "new": 0, "": 0}
    accepted: Counter[str] = Counter()
    firsts: dict[str, int] = {}
    for index, run_id in enumerate(sweep.ids):
        firsts.setdefault(run_id, index)
    for run_id, index in firsts.items():
        (before, stands), (now, stood) = old.find(index, run_id), new.find(index, run_id)
        other = stands or stood
        if before and now:
            one: Run[Any] = Run(store, name, run_id, located=located_at(before), index=index)
            both.append((one, Run(store, name, run_id, located=located_at(now), index=index)))
        elif other:
            accepted[code_of(other)] += 1
        else:
            counts["old" if before else "new" if now else ""] += 1
    olds, news = RunSet(one for one, _ in both), RunSet(other for _, other in both)
    return olds, news, Counts(counts["old"], counts["new"], counts[""], accepted)
