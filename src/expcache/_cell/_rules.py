"""How a function, class or module travels: by its name where it can be imported there, else whole.

A worker has the working directory and the ``sys.path`` of the process that sends. What is found
there under the same name in the same file is sent by reference; scripts, notebooks, and test
modules that only pytest can import are not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

from expcache._encode import is_project

__all__ = ["NotHereError", "Rules", "fetch", "path_to"]

_OWN = frozenset({"expcache", "pytest_expcache"})
_LINKS = 20
_LOADING = frozenset({"__builtins__", "__cached__", "__loader__", "__spec__"})


class NotHereError(ImportError):
    """What a pickle names cannot be imported in this process."""


class Rules:
    """How things travel in one pickle."""

    __slots__ = ("_all", "_known", "_register")

    def __init__(self, *, by_value: bool, register: Callable[[ModuleType], None]) -> None:
        """Send all of the project whole, if ``by_value``; ``register`` takes modules to send so."""
        self._all = by_value
        self._known: dict[str, bool] = {}
        self._register = register

    def reduce(self, value: Any) -> Any:
        """Return how to pickle a value, or NotImplemented for the usual way."""
        if isinstance(value, type):
            self.whole(value.__module__)
            return NotImplemented
        if isinstance(value, FunctionType):
            return NotImplemented if self.whole(value.__module__) else _link(value)
        if isinstance(value, ModuleType):
            whole = self.whole(value.__name__)
            return _module(value) if whole and value.__name__ in sys.modules else NotImplemented
        hook = getattr(type(value), "__expcache_by_value__", None)
        return NotImplemented if hook is None else self._reference(value, hook)

    def _reference(self, value: Any, hook: Callable[[Any], Any]) -> Any:
        if not self.whole(getattr(value, "__module__", None)):
            path = path_to(value)
            if path is not None:
                return fetch, path
        return hook(value)

    def named(self, function: Any) -> bool:
        """Whether a function travels by its name."""
        return not self.whole(getattr(function, "__module__", None)) and bool(path_to(function))

    def whole(self, name: str | None) -> bool:
        """Whether what a module defines travels by value."""
        if not isinstance(name, str) or name == "__main__":
            return True
        known = self._known.get(name)
        if known is None:
            module = sys.modules.get(name)
            known = self._known[name] = module is not None and self._is_whole(name, module)
            if known and module is not None:
                self._register(module)
        return known

    def _is_whole(self, name: str, module: ModuleType) -> bool:
        if name.partition(".")[0] in _OWN or not is_project(name):
            return False
        return self._all or not _is_found(name, module)


def _is_found(name: str, module: ModuleType) -> bool:
    """Whether an import of this name leads another process to the same file."""
    path: Any = None
    spec: Any = None
    for end in (*(at for at, letter in enumerate(name) if letter == "."), len(name)):
        if spec is not None and path is None:
            return False  # its parent is no package
        spec = _spec(name[:end], path)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    file = getattr(module, "__file__", None)
    if file is None or spec.origin is None or not spec.has_location:
        places: Any = getattr(module, "__path__", "?")
        return bool(file is None and [*(path or ())] == [*places])
    return bool(os.path.realpath(spec.origin) == os.path.realpath(file))


def _spec(name: str, path: Any) -> Any:
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, path)
        except Exception:  # noqa: BLE001, S112  # finders are anybody's
            continue
        if spec is not None:
            return spec
    return None


def path_to(value: Any) -> tuple[str, str, int] | None:
    """Return module, qualified name and the number of wrappers that lead to a value."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if module not in sys.modules or name is None or "<" in name:
        return None
    try:
        found: Any = reduce(getattr, name.split("."), sys.modules[module])
        for depth in range(_LINKS):
            if found is value:
                return module, name, depth
            found = found.__wrapped__
    except AttributeError:
        pass
    return None


def fetch(module: str, name: str, depth: int) -> Any:
    """Import a value by its name, from inside ``depth`` decorators."""
    try:
        found: Any = reduce(getattr, name.split("."), import_module(module))
        for _ in range(depth):
            found = found.__wrapped__
    except (Exception, SystemExit) as error:
        raise NotHereError(f"{module}.{name} ({type(error).__name__}: {error})") from error
    return found


def _link(function: FunctionType) -> Any:
    # The name in the module leads to what was made of the function, an experiment mostly.
    path = path_to(function)
    return NotImplemented if path is None or not path[2] else (fetch, path)


def _module(module: ModuleType) -> tuple[Any, ...]:
    content = {name: value for name, value in vars(module).items() if name not in _LOADING}
    return ModuleType, (module.__name__,), content, None, None, _fill


def _fill(module: ModuleType, content: dict[str, Any]) -> None:
    vars(module).update(content)
