"""Names of types and modules that do not depend on how a program was started.

A library's module is named in full. A module of the project is named by its last part, because a
script, an import and each of pytest's import modes give the same file different full names; a
leading dot keeps the two from meeting.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from threading import local
from types import ModuleType
from typing import Any

_MAINS = {"__main__", "__mp_main__"}  # the latter in a child process that was spawned
_INSTALLED = {"site-packages", "dist-packages"}


def is_project(module: str) -> bool:
    """Tell whether a module belongs to the user's project: neither stdlib nor installed."""
    if module in _MAINS:
        return True
    if module.partition(".")[0] in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    if not isinstance(file, str):
        return True
    return _INSTALLED.isdisjoint(os.path.normpath(file).split(os.sep))  # noqa: PTH206 - no Path


class _Sender:
    """The process that sent this one what it computes."""

    stem: str | None = None


_sender = _Sender()


def adopt_main(stem: str) -> None:
    """Name the types of ``__main__`` as the process does that they were sent from."""
    if _sender.stem != stem:
        _sender.stem = stem
        _type_name.cache_clear()


def module_stem(module: str) -> str:
    """Return the last part of a module's name, and the file's stem for ``__main__``."""
    if module not in _MAINS:
        return module.rpartition(".")[2]
    if _sender.stem is not None:
        return _sender.stem
    file = getattr(sys.modules.get(module), "__file__", None)
    name = os.path.basename(file) if isinstance(file, str) else "__main__"  # noqa: PTH119 - no Path on the way to an id
    return os.path.splitext(name)[0]  # noqa: PTH122 - as above


def module_name(module: ModuleType | str) -> str:
    """Return a library module's full name, or a project module's stem after a dot."""
    name = module if isinstance(module, str) else module.__name__
    return "." + module_stem(name) if is_project(name) else name


class _Met(local):
    """The classes of the instances that this thread is encoding, while somebody asks."""

    classes: list[type] | None = None


MET = _Met()


def type_name(kind: type) -> str:
    """Return ``module:qualname``, with the module as `module_name` gives it."""
    if MET.classes is not None:
        MET.classes.append(kind)
    return _type_name(kind)


@lru_cache(maxsize=4096)
def _type_name(kind: Any) -> str:
    return f"{module_name(kind.__module__)}:{kind.__qualname__}"
