"""From a dotted name in a definition to the object that it stands for now."""

from __future__ import annotations

import builtins
from types import CellType, ModuleType
from typing import Any, Final, NamedTuple

from expcache._code._block import Chain
from expcache._code._names import is_own, is_project_namespace, module_namespace
from expcache._code._watch import MISSING, Place, Watch

__all__ = ["Cells", "Place", "Seen", "look"]

Cells = dict[str, CellType]

# What the import system and the interpreter set: paths and machinery, no part of the program.
_MODULE_NAMES: Final = frozenset(
    {
        "__annotations__",
        "__builtins__",
        "__cached__",
        "__doc__",
        "__file__",
        "__loader__",
        "__name__",
        "__package__",
        "__path__",
        "__spec__",
        "__debug__",
        "__class__",
    }
)


class Seen(NamedTuple):
    """What the first `used` names of a chain lead to, and the place it was found in."""

    value: Any
    place: Place
    namespace: dict[str, Any]
    used: int = 1


def look(watch: Watch, chain: Chain, cells: Cells, namespace: dict[str, Any]) -> Seen | None:
    """Return what a chain leads to through modules; None for names of Python's own."""
    name = chain[0]
    if name in _MODULE_NAMES:
        return None
    if name in cells:
        value, place = watch.cell(cells[name], name)
        return _inside(watch, chain, Seen(value, place, namespace))
    value, place = watch.name(namespace, name)
    if value is MISSING and hasattr(builtins, name):
        return None
    return _inside(watch, chain, Seen(value, place, namespace))


def _inside(watch: Watch, chain: Chain, seen: Seen) -> Seen:
    """Go on through the modules of the project that the chain names."""
    while seen.used < len(chain) and isinstance(seen.value, ModuleType):
        inner = module_namespace(seen.value)
        if not is_project_namespace(inner) or is_own(seen.value):
            break
        value, place = watch.name(inner, chain[seen.used])
        seen = Seen(value, place, inner, seen.used + 1)
    return seen
