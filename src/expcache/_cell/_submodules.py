"""Submodules that only a function inside of a function names, or a comprehension.

After ``import a.b`` a function holds no more than ``a``. cloudpickle has ``a.b`` imported where the
function arrives, if the names are in its own code; it does not look into the codes inside of that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

__all__ = ["with_submodules"]

_SLOT = "_cloudpickle_submodules"


def with_submodules(value: Any, reduced: Any) -> Any:
    """Return what cloudpickle reduces a function to, with all submodules that it names."""
    if isinstance(value, FunctionType) and isinstance(reduced, tuple) and len(reduced) > 2:  # noqa: PLR2004
        own = value.__code__
        if any(isinstance(one, CodeType) for one in own.co_consts):
            slots = reduced[2][1]
            slots[_SLOT] = [*slots[_SLOT], *_named(slots["__globals__"].values(), {*_names(own)})]
    return reduced


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _names(one)


def _named(reached: Iterable[Any], names: set[str]) -> Iterator[ModuleType]:
    starts = [f"{one.__name__}." for one in reached if isinstance(one, ModuleType)]
    for name, module in list(sys.modules.items()):
        for start in starts:
            if name.startswith(start) and names.issuperset(name[len(start) :].split(".")):
                yield module
