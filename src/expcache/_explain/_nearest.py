"""Which stored record is the nearest to params of which nothing is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from expcache._explain._params import VERSION, Items, items_of
from expcache._query import id_of, is_result
from expcache._record import Header, read_header
from expcache._store import Store
from expcache.errors import RecordError

__all__ = ["Kept", "Nearest"]

_WINDOW = 512
_MOST = 10_000
"""How many runs are looked at, newest first."""

_COMPARED = 500
"""How many of them are compared one by one, where none differs in one parameter only."""

_BUDGET = 100_000
"""How many such comparisons there are at most: a sweep may ask for thousands of points."""

Rest = frozenset[tuple[str, str]]


class Kept(NamedTuple):
    """One stored run: its record, and its params as items."""

    header: Header
    items: Items


class Nearest:
    """Finds the record that differs least, by an index in which each leaves out one item."""

    def __init__(self, store: Store, experiment: str, ignored: Collection[str]) -> None:
        """Read what is stored of an experiment now."""
        self._budget = _BUDGET
        self._all: list[Kept] = []
        self._whole: dict[Rest, Kept] = {}
        self._without: dict[Rest, dict[str, Kept]] = {}
        self._names: dict[frozenset[str], None] = {}
        for header in _headers(store, experiment):
            self._add(Kept(header, items_of(header.params, header.version, ignored)))

    def _add(self, kept: Kept) -> None:
        pairs = frozenset(kept.items.items())
        self._all.append(kept)
        self._names.setdefault(frozenset(kept.items))
        self._whole.setdefault(pairs, kept)
        for pair in pairs:
            self._without.setdefault(pairs - {pair}, {}).setdefault(pair[0], kept)

    def __bool__(self) -> bool:
        """Tell whether anything is stored."""
        return bool(self._all)

    def find(self, items: Items, free: Collection[str] = ()) -> Kept | None:
        """Return the record that differs least from these items; the newest of several.

        Where a record has one name that these lack, and lacks one that these have, it is compared
        as if one were the other. It may lack those of the names that are ``free``.
        """
        pairs = frozenset(items.items())
        if pairs in self._whole:
            return self._whole[pairs]
        renamed = list(self._renamed(items, free))
        ranked = [(1, self._whole[one]) for one in renamed if one in self._whole]
        ranked += self._neighbours(pairs)
        ranked = ranked or [found for one in renamed for found in self._neighbours(one)]
        return min(ranked, key=lambda one: one[0])[1] if ranked else self._compared(pairs)

    def _renamed(self, items: Items, free: Collection[str]) -> Iterator[Rest]:
        """Yield the items under the names that records have, where one name may be another."""
        for names in self._names:
            gone = names - items.keys()
            new = items.keys() - names
            if len(gone) == 1 and len(new.difference(free) or new) == 1:
                (old,), (name,) = gone, new.difference(free) or new
                kept = {one: text for one, text in items.items() if one in names}
                yield frozenset({**kept, old: items[name]}.items())

    def _neighbours(self, pairs: Rest) -> Iterator[tuple[int, Kept]]:
        """Yield the records that differ in one item, after a rank: the surest cause is first."""
        for kept in self._without.get(pairs, {}).values():
            yield 2, kept
        for pair in pairs:
            rest = pairs - {pair}
            if rest in self._whole:
                yield 3, self._whole[rest]
            kept_with = self._without.get(rest, {}).get(pair[0])
            if kept_with is not None:
                yield 0 if pair[0] == VERSION else 4, kept_with

    def _compared(self, pairs: Rest) -> Kept | None:
        newest = self._all[: max(1, min(_COMPARED, self._budget))]
        self._budget -= len(newest)
        return min(newest, key=lambda kept: len(pairs ^ kept.items.items()), default=None)


def _headers(store: Store, experiment: str) -> Iterator[Header]:
    """Yield the headers of the newest record of each run, newest first."""
    newest = {id_of(key): key for key in store.keys(experiment) if is_result(key)}
    keys = list(newest.values())[::-1][:_MOST]
    for start in range(0, len(keys), _WINDOW):
        window = keys[start : start + _WINDOW]
        found = store.get_many(experiment, window)
        for key in window:
            try:
                if key in found:
                    yield read_header(found[key])
            except RecordError:  # damaged: it is no neighbour
                continue
