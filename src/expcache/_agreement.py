"""Whether a stored record is of the same params as a run, where its id alone cannot tell.

A parameter at its default is not in the id: a record under the same id, of other code, may be of
another default. It is as good as ever for params that agree wherever both have a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from expcache._key import Key
from expcache._query import Located
from expcache._record import read_header
from expcache.errors import RecordError

if TYPE_CHECKING:
    from expcache._record import Header

__all__ = ["disagreements", "settle", "tells_all"]

_TEXT = 500
_FIELDS = 100


class Defined(Protocol):
    """What is asked of the definition of an experiment."""

    name: str
    declared: bool
    key: Key
    options: Any

    @property
    def basis(self) -> list[str]:
        """What the user declares of the code."""


def settle(definition: Defined, store: Any, located: Located, params: Mapping[str, Any]) -> Located:
    """Look again at a stale run of declared code: only a changed default makes it stale.

    The code of such an experiment changes with its defaults alone, unless what it depends on
    does.
    """
    if not definition.declared or located.status != "stale" or located.key is None:
        return located
    envelope = store.get(definition.name, located.key)
    try:
        header = None if envelope is None else read_header(envelope)
    except RecordError:
        return located
    if header is None or header.code_notes.get("declared") != definition.basis:
        return located
    if disagreements(definition, header, params):
        return located
    return Located("done", located.key)


def disagreements(definition: Defined, header: Header, params: Mapping[str, Any]) -> list[str]:
    """Return the parameters that are not the same in a record of a run's id as in the run.

    What is in one of them only counts as the same, and so does what is not hashed.
    """
    hashed = set(params) - set(definition.options.ignore)
    both = [name for name in params if name in hashed and name in header.params]
    if definition.options.key is None:
        # What is not at its default is in the id, and the id is the same.
        both = [name for name in both if definition.key.leaves_out(name, params[name])]
    if not both:
        return []
    from expcache._codec import describe  # noqa: PLC0415 - only for results of other code

    trees = {name: describe(params[name]) for name in both}
    return [n for n, tree in trees.items() if header.params[n] != tree or not tells_all(tree)]


def tells_all(tree: Any) -> bool:
    """Tell whether equal descriptions mean equal values: some things are told only in part."""
    if isinstance(tree, list):
        return all(map(tells_all, tree))
    if not isinstance(tree, dict):
        return True
    told = tree.get("~opaque") if len(tree) == 1 else None
    if not isinstance(told, dict) or "digest" in told:
        return all(map(tells_all, tree.values()))
    fields, text = told.get("fields"), told.get("text", "")
    whole = isinstance(fields, dict) and len(fields) < _FIELDS and len(text) < _TEXT
    return whole and tells_all(fields)
