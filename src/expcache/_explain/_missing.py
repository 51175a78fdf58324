"""Why nothing is stored of a run: what is stored of its experiment, or under other names."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from expcache._definition import Definition
from expcache._explain._nearest import Nearest
from expcache._explain._params import described, items_of, param_differences
from expcache._explanation import Difference
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

    def near(self, params: Mapping[str, Any]) -> Near:
        """Return what is nearest to params of which nothing is stored."""
        options = self._definition.options
        items = items_of(described(params), options.version, options.ignore)
        kept = self._nearest.find(items)
        if kept is None:
            return self._elsewhere()
        found = tuple(param_differences(kept.items, items))
        words = "is missing: nothing is stored of these params"
        return Near(words, kept.header, found, self._remedy(found))

    def _remedy(self, found: tuple[Difference, ...]) -> str:
        """Return how to keep the record, where only the parameters have changed."""
        renamed = {str(one.old): one.name for one in found if "another name" in one.words}
        defaults = self._definition.key.signature.defaults
        added = [one for one in found if one.old is None and one.name not in defaults]
        dropped = [one.name for one in found if one.new is None]
        if not found or len(renamed) + len(added) + len(dropped) < len(found):
            return ""
        given = [f"rename={renamed!r}"] if renamed else []
        given += [f"add={{{', '.join(f'{one.name!r}: {one.new}' for one in added)}}}"] * bool(added)
        given += [f"drop={dropped!r}"] if dropped else []
        return self._migrate(", ".join(given))

    def _migrate(self, options: str) -> str:
        name = self._definition.function.__qualname__
        return f"To keep what is stored: {name}.migrate({options})."

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
            return Near(words, None, (found,), self._migrate(f"from_name={close[0]!r}"))
        listed = ", ".join(map(repr, others[:_NAMES]))
        more = f" and {len(others) - _NAMES} more" if len(others) > _NAMES else ""
        return Near(f"{words}, only of {listed}{more}")
