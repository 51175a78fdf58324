"""Classes that a pickle describes, and that this process has already.

A class of a script or a notebook is pickled with all that it holds. Where the class itself is at
hand, cloudpickle finds it again, and then overwrites it with the copies of its methods that the
pickle holds, which see other globals than the user's. Reading a value must change no class.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["KnownClasses"]

_MAKERS = ("_make_skeleton_class", "_make_skeleton_enum")


class KnownClasses:
    """The classes that were at hand when one pickle described them."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        """Begin with none."""
        self._known: list[object] = []

    def guard(self, module: str, name: str, found: Any) -> Any:
        """Return what a pickle is to call by this name in the place of what was found."""
        if module == "cloudpickle.cloudpickle":
            if name in _MAKERS:
                return partial(self._make, found)
            if name == "_class_setstate":
                return partial(self._fill, found)
        return found

    def _make(self, make: Callable[..., object], *given: Any) -> object:
        cloudpickle = sys.modules["cloudpickle.cloudpickle"]
        before = getattr(cloudpickle, "_DYNAMIC_CLASS_TRACKER_BY_ID", {}).get(given[-2])
        made = make(*given)
        if before is not None and made is before:
            self._known.append(made)
        return made

    def _fill(self, fill: Callable[..., object], made: object, state: object) -> object:
        if any(made is one for one in self._known):
            return made
        return fill(made, state)
