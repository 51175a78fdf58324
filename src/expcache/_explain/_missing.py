"""Why nothing is stored of a run: what is stored of its experiment, or under other names."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any, NamedTuple

from expcache._definition import Definition
from expcache._explain._nearest import Nearest
from expcache._explain._params import RENAMED, described, items_of, param_differences
from expcache._explanation import Difference
from expcache._query import id_of, is_failure
from expcache._record import Header
from expcache._store import Store

__all__ = ["Missing", "Near"]

_NAMES = 5


class Near(NamedTuple):
    """The nearest record, if there is one, and what differs."""

    cause: str
    header: Header | None = None
    differences: tuple[Difference, ...] = ()
    remedy: str = ""

    @property
    def same(self) -> bool:
        """Whether there is a record of these very params, under another id."""
        return self.header is not None and not self.differences


class Missing:
    """What is stored of an experiment, and of which others anything is."""

    def __init__(self, definition: Definition, store: Store) -> None:
        """Read what is stored now."""
        self._definition = definition
        self._store = store
        self._nearest = Nearest(store, definition.name, definition.options.ignore)

    @cached_property
    def failed(self) -> dict[str, str]:
        """The newest failure of each run, by its id."""
        keys = self._store.keys(self._definition.name)
        return {id_of(key): key for key in keys if is_failure(key)}

    def near(self, params: Mapping[str, Any]) -> Near:
        """Return what is nearest to params of which nothing is stored."""
        options, key = self._definition.options, self._definition.key
        items = items_of(described(params), options.version, options.ignore)
        free = {name for name, value in params.items() if key.leaves_out(name, value)}
        kept = self._nearest.find(items, free)
        if kept is None:
            return self._elsewhere()
        lacking = free.difference(kept.items)
        found = tuple(
            param_differences(kept.items, {n: t for n, t in items.items() if n not in lacking})
        )
        words = "is missing: nothing is stored of these params"
        return Near(words, kept.header, found, self._remedy(found))

    def _remedy(self, found: tuple[Difference, ...]) -> str:
        """Return how to keep what is stored, if parameters have come and gone.

        A value is never taken from the params that are asked for: the results were computed with
        another one, which nothing here tells.
        """
        renamed = {str(one.old): one.name for one in found if one.words == RENAMED}
        come = [one.name for one in found if one.old is None]
        gone = [one.name for one in found if one.new is None]
        if come and gone and len(come) == len(gone) == 1 and not renamed:
            renamed, come, gone = {gone[0]: come[0]}, [], []
        if renamed and not come and not gone:
            names = " and ".join(
                f"{old} {'is called ' * (not place)}{new}"
                for place, (old, new) in enumerate(renamed.items())
            )
            return f"If {names} now: {self._migrate(f'rename={renamed!r}')}."
        if gone and (come or renamed):
            names = (
                f"from {', '.join([*renamed, *gone])} to {', '.join([*renamed.values(), *come])}"
            )
            return f"If parameters have other names now: {self._migrate('rename={...}')}, {names}."
        return self._change(found, come, gone)

    def _change(self, found: tuple[Difference, ...], come: list[str], gone: list[str]) -> str:
        if not found or len(come) + len(gone) < len(found):
            return ""
        if gone:
            without = f"If the stored results hold without {', '.join(gone)}"
            return f"{without}: {self._migrate(f'drop={gone!r}')}."
        defaults = self._definition.key.signature.defaults
        added = ", ".join(f"{name!r}: ..." for name in come if name not in defaults)
        if not added:
            return ""
        values = "with the value that the stored results were computed with"
        return f"To keep what is stored: {self._migrate(f'add={{{added}}}')}, {values}."

    def _migrate(self, options: str) -> str:
        name = self._definition.function.__qualname__
        return f"{name}.migrate({options})"

    def _elsewhere(self) -> Near:
        """Tell of the names in the store, where there is none of this experiment's records."""
        name, here = self._definition.name, f"in {self._store.path}"
        others = [one for one in self._store.experiments() if one != name]
        if not others:
            return Near(f"is missing: nothing is stored {here}")
        last = name.rpartition(".")[2]
        close = [one for one in others if one.rpartition(".")[2] == last]
        close += [one for one in get_close_matches(name, others) if one not in close]
        words = f"is missing: nothing is stored of {name!r} {here}"
        if close:
            found = Difference("experiment", name, close[0], name, words="has another name there")
            migrate = self._migrate(f"from_name={close[0]!r}")
            return Near(words, None, (found,), f"To keep what is stored: {migrate}.")
        listed = ", ".join(map(repr, others[:_NAMES]))
        more = f" and {len(others) - _NAMES} more" if len(others) > _NAMES else ""
        return Near(f"{words}, only of {listed}{more}")
