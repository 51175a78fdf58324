"""Modules of the project that a function imports when it runs, for workers without its files.

A function travels by value with what it reaches; what it imports in its body does not, since nobody
has looked it up yet. The fingerprint knows these modules: their texts go along, and are imported
where there is no such file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from expcache.errors import CodeError

__all__ = ["Shipped", "adopt", "shipped"]

_PACKAGE = "__init__.py"


class Shipped(NamedTuple):
    """One module: its name, its file where it comes from, and the text of that."""

    name: str
    file: str
    text: bytes

    @property
    def is_package(self) -> bool:
        """Whether other modules are inside of it."""
        return os.path.basename(self.file) == _PACKAGE  # noqa: PTH119 - text


def shipped(function: Callable[..., Any], depends: Sequence[object]) -> tuple[Shipped, ...]:
    """Return the modules of the project that a function may import when it runs."""
    from expcache._code import Tracker  # noqa: PLC0415 - workers need it not

    try:
        parts = Tracker(function, depends=depends).current().parts
    except CodeError:  # the user answers for code that has no source
        return ()
    files = dict.fromkeys(part.file for part in parts if part.kind == "module")
    return tuple(_read(files)) if files else ()


def _read(files: Iterable[str]) -> Iterator[Shipped]:
    loaded: dict[str, list[str]] = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            loaded.setdefault(file, []).append(name)
    for file in files:
        names = {*loaded.get(file, ()), *_names_on_path(file)} - {"__main__"}
        if names:
            text = Path(file).read_bytes()
            yield from (Shipped(name, file, text) for name in sorted(names))


def _names_on_path(file: str) -> Iterator[str]:
    """Return the name that importing a file gives it, from the first place that leads there."""
    for place in map(os.path.abspath, sys.path):
        if file.startswith(place + os.sep):
            words = list(Path(file[len(place) + 1 :]).with_suffix("").parts)
            words = words[:-1] if words[-1] == "__init__" else words
            if all(map(str.isidentifier, words)):
                yield ".".join(words)
                return


def adopt(modules: Iterable[Shipped]) -> None:
    """Let this process import modules that it has no files of."""
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)
    for module in modules:
        known = _finder.modules.get(module.name)
        if known is not None and known.text != module.text:
            loaded = sys.modules.get(module.name)
            if isinstance(getattr(loaded, "__loader__", None), _Loader):
                del sys.modules[module.name]
        _finder.modules[module.name] = module


class _Loader(InspectLoader):
    """Makes a module of its text."""

    def __init__(self, module: Shipped) -> None:
        self._module = module

    def get_source(self, fullname: str) -> str:
        del fullname
        return self._module.text.decode("utf-8-sig", "replace")

    def is_package(self, fullname: str) -> bool:
        del fullname
        return self._module.is_package

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._module.file
        exec(compile(self._module.text, self._module.file, "exec"), vars(module))  # noqa: S102


class _Finder(MetaPathFinder):
    """Finds what was sent along, and the packages around it, after all others."""

    def __init__(self) -> None:
        self.modules: dict[str, Shipped] = {}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        del path, target
        module = self.modules.get(fullname)
        if module is not None:
            loader = _Loader(module)
            return ModuleSpec(fullname, loader, origin=module.file, is_package=module.is_package)
        if any(name.startswith(f"{fullname}.") for name in self.modules):
            return ModuleSpec(fullname, None, is_package=True)
        return None


_finder = _Finder()
