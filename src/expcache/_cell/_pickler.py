"""Pickle what travels to a worker, and what comes back."""

from __future__ import annotations

import importlib
import io
import pickle
import threading
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from expcache._cell._rules import NotHereError, Rules
from expcache._cell._submodules import with_submodules
from expcache._codec import KnownClasses

__all__ = ["dumps", "loads", "travels_by_name"]

Reduce = Callable[[Any], Any]

_lock = threading.RLock()
"""Which modules go by value is known to the whole process while one pickle is made."""


@cache
def _pickler() -> type[Any]:
    """Make the class when the first value travels: cloudpickle takes a while to load."""
    base: type[Any] = importlib.import_module("cloudpickle").Pickler

    class Pickler(base):  # type: ignore[misc]
        """Asks our rules before those of cloudpickle."""

        rules: tuple[Reduce, ...]

        def reducer_override(self, obj: Any) -> Any:
            for rule in self.rules:
                found = rule(obj)
                if found is not NotImplemented:
                    return found
            return with_submodules(obj, super().reducer_override(obj))

    return Pickler


class _Bounded(io.BytesIO):
    """Takes so many bytes and no more."""

    limit = 0

    def write(self, content: Any, /) -> int:
        count = super().write(content)
        if self.tell() > self.limit:
            raise pickle.PicklingError(f"it takes more than {self.limit} bytes")
        return count


class _Registered:
    """The modules that go by value in one pickle."""

    def __init__(self) -> None:
        self._cloudpickle = importlib.import_module("cloudpickle")
        self._modules: list[ModuleType] = []

    def add(self, module: ModuleType) -> None:
        if module.__name__ not in self._cloudpickle.list_registry_pickle_by_value():
            self._cloudpickle.register_pickle_by_value(module)
            self._modules.append(module)

    def clear(self) -> None:
        for module in self._modules:
            self._cloudpickle.unregister_pickle_by_value(module)


def dumps(
    value: object,
    *,
    by_value: bool = False,
    rule: Reduce | None = None,
    limit: int | None = None,
) -> bytes:
    """Return a value as bytes that another process of this Python can read.

    Args:
        value: what travels.
        by_value: send the code of the project whole, even where it could be imported.
        rule: asked before the rules of every pickle.
        limit: how many bytes it may take.
    """
    file = io.BytesIO()
    if limit is not None:
        file = _Bounded()
        file.limit = limit
    with _lock:
        registered = _Registered()
        pickler = _pickler()(file, protocol=5)
        usual = Rules(by_value=by_value, register=registered.add).reduce
        pickler.rules = (usual,) if rule is None else (rule, usual)
        try:
            pickler.dump(value)
        finally:
            registered.clear()
    return file.getvalue()


def travels_by_name(function: object, *, by_value: bool) -> bool:
    """Whether a function is imported anew where it arrives."""
    with _lock:
        registered = _Registered()
        try:
            return Rules(by_value=by_value, register=registered.add).named(function)
        finally:
            registered.clear()


class _Unpickler(pickle.Unpickler):
    """Tells what cannot be imported from what cannot be built."""

    known: KnownClasses | None = None

    def find_class(self, module: str, name: str, /) -> Any:
        try:
            found = super().find_class(module, name)
            return found if self.known is None else self.known.guard(module, name, found)
        except (Exception, SystemExit) as error:
            raise NotHereError(f"{module}.{name} ({type(error).__name__}: {error})") from error


def loads(content: bytes, *, guarded: bool = False) -> Any:
    """Return what `dumps` was given.

    Args:
        content: the bytes.
        guarded: leave the classes as they are that this process has; otherwise those that
            travel by value become what they are where they come from.

    Raises:
        NotHereError: it holds what cannot be imported here.
        Exception: whatever building its values raises.
    """
    unpickler = _Unpickler(io.BytesIO(content))
    if guarded:
        unpickler.known = KnownClasses()
    return unpickler.load()
