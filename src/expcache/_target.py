"""What a text such as ``study.py:fit`` names: a thing in a Python file, or in a module."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["load_module", "load_target"]


def load_target(text: str, near: str | os.PathLike[str] = ".") -> Any:
    """Return what ``file.py:name`` or ``module:name`` names; a name may have dots.

    A file is imported as pytest and ``python file.py`` find it: the directory above its outermost
    package goes to ``sys.path``. One that is imported already is not imported again.

    Args:
        text: a file or a module, a colon, a name.
        near: the directory that the path of a file is relative to.

    Raises:
        ValueError: there is no such file, module or name; the message is a reason.
        Exception: whatever the import of the module raises.
    """
    place, _, name = text.rpartition(":")
    thing: Any = load_module(place, near)
    for part in name.split("."):
        try:
            thing = getattr(thing, part)
        except AttributeError:
            raise ValueError(f"{place!r} has no {name!r}") from None
    return thing


def load_module(place: str, near: str | os.PathLike[str] = ".") -> ModuleType:
    """Return the module of a file, relative to a directory, or of a dotted name.

    Raises:
        ValueError: there is no such file or module; the message is a reason.
        Exception: whatever the import raises.
    """
    if place.endswith(".py"):
        return _of_file(Path(os.path.abspath(Path(near) / place)))  # noqa: PTH100 - keeps links
    try:
        return import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise
        raise ValueError(f"there is no module {place!r}") from None


def _of_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ValueError(f"there is no file {str(path)!r}")
    loaded = next((one for one in list(sys.modules.values()) if _is_of(one, path)), None)
    if loaded is not None:
        return loaded
    root, parts = path.parent, [path.stem]
    while (root / "__init__.py").exists():
        parts.insert(0, root.name)
        root = root.parent
    name = ".".join(parts)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    module = import_module(name)
    if not _is_of(module, path):
        other = getattr(module, "__file__", None) or "a module of Python"
        raise ValueError(f"the name {name!r} of {str(path)!r} is taken by {other}")
    return module


def _is_of(module: Any, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or Path(file).name != path.name:
        return False
    try:
        return Path(file).samefile(path)
    except OSError:
        return False
