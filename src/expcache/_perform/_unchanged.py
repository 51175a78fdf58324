"""Whether the params of a run are still what they were when its id was taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expcache._cell import Cell
from expcache._key import Identity, Key
from expcache._run import Run
from expcache._warning import warn
from expcache.errors import IdentityError, RecordWarning

__all__ = ["identity_of", "vouch_for"]

_PLAIN = frozenset({bool, bytes, complex, float, int, str, type(None)})
"""What nothing can change in place."""


def identity_of(key: Key, run: Run[Any], params: Mapping[str, Any]) -> Identity:
    """Return the identity of a run's params, as they are now.

    Raises:
        IdentityError: they were changed.
    """
    known = run._identity
    if known.preimage and _cannot_change(params):
        return known
    identity = key.identify(params)
    if identity.id == run.id:
        return identity
    message = f"cannot compute run {run.id} of {run.experiment!r}: its parameters were"
    remedy = "Let the experiment that did it work on a copy; if a file was changed, run it again."
    raise IdentityError(
        f"{message} changed in place since its id was taken. {remedy}",
        path="params",
        kind="changed",
    )


def vouch_for(key: Key, run: Run[Any], cell: Cell) -> None:
    """Warn of a run that changed its params."""
    # Points of a sweep share the values of an axis: an experiment that sorts its argument
    # would silently change the points that follow.
    if _cannot_change(cell.params):
        return
    try:
        unchanged = key.identify(cell.params) == cell.identity
    except IdentityError:
        unchanged = False
    if not unchanged:
        message = f"cannot vouch for the parameters of run {run.id} of {run.experiment!r}:"
        remedy = "Let it work on a copy."
        warn(f"{message} the experiment changed one of them in place. {remedy}", RecordWarning)


def _cannot_change(params: Mapping[str, Any]) -> bool:
    return _PLAIN.issuperset(map(type, params.values()))
