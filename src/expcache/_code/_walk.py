"""The walk over everything of the project that a function reaches.

Each definition and constant is a part with a label of its own: its qualified name, and a number
where a name comes twice. References between parts are by label, in an order that follows from the
source, so the fingerprint is the same in every process.

A global that the runs change (a cache, a counter) counts as it was before the first of them.
"""

from __future__ import annotations

from collections import deque
from threading import local
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any

from expcache._code._block import Chain
from expcache._code._lookup import Cells, look
from expcache._code._module import Module, modules_of, package_of
from expcache._code._names import (
    external_name,
    is_own,
    is_project_class,
    is_project_function,
    is_project_namespace,
    label_of,
    module_namespace,
    title,
)
from expcache._code._part import Code, Part, Value, code_of, readable
from expcache._code._pin import note
from expcache._code._scope import Import, Scope
from expcache._code._watch import MISSING, Place, Watch
from expcache._code._wrapped import BUILTIN, inner_of
from expcache._encode import digest, encode, named, text
from expcache.errors import IdentityError

__all__ = ["Cells", "Walk", "active"]


class _Active(local):
    walk: Walk | None = None


active = _Active()
"""The walk that encodes a constant in this thread: functions inside it become its parts."""


class Walk:
    """One walk: what is found, what waits to be looked at, what is to be watched."""

    def __init__(self) -> None:
        """Begin with nothing found."""
        self.watch = Watch()
        self.unseen: list[str] = []
        self.parts: dict[str, Part] = {}
        self.labels: dict[object, str] = {}
        self.taken: dict[str, int] = {}
        self.definitions: deque[tuple[Any, str]] = deque()
        self.values: deque[Value] = deque()
        self.met: dict[int, tuple[bytes, Any]] = {}
        self.root: object = None
        self.fresh = False
        self.roots: list[bytes] = []
        self.kept: list[object] = []

    def code(self) -> Code:
        """Return the fingerprint of all that was reached."""
        pinned = [note(title(one.owner, one.name)) for one in self.watch.pinned]
        return code_of(self.roots, self.parts, self.unseen + pinned)

    def claim(self, key: object, name: str) -> tuple[str, bool]:
        """Return the label of a thing, and whether it is met for the first time."""
        label = self.labels.get(key)
        if label is not None:
            return label, False
        number = self.taken[name] = self.taken.get(name, 0) + 1
        label = self.labels[key] = name if number == 1 else f"{name}#{number}"
        return label, True

    def add(self, label: str, part: Part) -> None:
        """Keep a part that is complete."""
        self.parts[label] = part

    def references(
        self,
        scope: Scope,
        cells: Cells,
        namespace: dict[str, Any],
        names: dict[str, str] | None = None,
    ) -> list[bytes]:
        """Follow what a definition takes from outside; return what its names stand for.

        Where a name does not say it, ``names`` gets to know it, for people.
        """
        found: list[bytes] = []
        for chain in sorted(scope.reads):
            target = self.resolve(chain, cells, namespace)
            if target is not None:
                name = ".".join(chain)
                found.append(text(name) + target)
                if names is not None and (meant := readable(target)) != name:
                    names[name] = meant
        if scope.imports:
            found.append(self.modules(scope.imports, package_of(namespace)))
        return found

    def resolve(self, chain: Chain, cells: Cells, namespace: dict[str, Any]) -> bytes | None:
        """Return what a name stands for now, or None if the name alone says it."""
        seen = look(self.watch, chain, cells, namespace)
        if seen is None:
            return None
        if seen.value is MISSING:
            self.unseen.append(f"{'.'.join(chain[: seen.used])!r} is not defined")
            return None
        return self.target(seen.value, chain[seen.used - 1], seen.place, seen.namespace)

    def target(  # noqa: PLR0911 - one return for each kind of value
        self,
        value: Any,
        name: str,
        place: Place | None,
        namespace: dict[str, Any],
        kind: str = "constant",
    ) -> bytes:
        """Return bytes that stand for a value that code refers to, and follow it."""
        if isinstance(value, FunctionType):
            return self.function(value)
        if isinstance(value, type):
            return self.class_(value)
        if isinstance(value, ModuleType):
            return self.module(value)
        if is_own(value):
            return self._piece(value, name, place, namespace)
        if isinstance(value, BUILTIN):
            return named("external", text(external_name(value)))
        inner = inner_of(value)
        if inner is not None:
            outer = named("external", text(external_name(type(value))))
            found = [self.target(one, name, None, namespace) for one in inner]
            return named("around", outer, *found)
        return self.constant(value, name, place, namespace, kind)

    def begin(self, value: Any, namespace: dict[str, Any], name: str, kind: str) -> None:
        """Follow a value that the fingerprint is about."""
        self.roots.append(self.target(value, name, None, namespace, kind))

    def beyond(self, scope: Scope, name: str) -> None:
        """List the calls of a definition whose targets only running it tells."""
        for call in sorted(scope.beyond):
            self.unseen.append(f"{name} uses {call}(): what it finds by name is not followed")

    def bytes_of(self, value: object) -> bytes | None:
        """Return the canonical bytes of a value, its functions being followed; None without."""
        outer, active.walk = active.walk, self
        try:
            return encode(value)
        except (IdentityError, AttributeError):  # the latter of a class without a module
            return None
        finally:
            active.walk = outer

    def function(self, function: FunctionType) -> bytes:
        """Follow a function of the project; name one of a library."""
        if is_project_function(function):
            label, first = self.claim(id(function), label_of(function.__code__.co_qualname))
            if first:
                self.kept.append(function)
                self.watch.functions[id(function)] = (function, function.__code__)
                self.definitions.append((function, label))
            return self._met(function, label)
        inner = function.__dict__.get("__wrapped__")
        if isinstance(inner, FunctionType):
            # It bears the name of what it wraps, with a module that depends on the import.
            library = str(function.__globals__.get("__name__")).partition(".")[0]
            outer = named("external", text(library))
            return named("around", outer, self.function(inner), *self._registry(function, inner))
        return named("external", text(external_name(function)))

    def _registry(self, function: FunctionType, inner: FunctionType) -> list[bytes]:
        """Follow the implementations of a generic function, by the types they are for."""
        registry = function.__dict__.get("registry")
        if not isinstance(registry, MappingProxyType):
            return []
        name = f"{label_of(inner.__qualname__)}.registry"
        return [self.constant(registry, name, (id(function), "registry"), inner.__globals__)]

    def _met(self, one: Any, label: str) -> bytes:
        found = named("part", text(label))
        self.met[id(one)] = (found, one)
        return found

    def class_(self, kind: type) -> bytes:
        """Follow a class of the project with its bases; name one of a library."""
        if not is_project_class(kind):
            if not hasattr(kind, "__module__"):
                lost = f"{kind.__qualname__} is a class without a module: only its name counts"
                self.unseen.append(lost)
            return named("external", text(external_name(kind)))
        label, first = self.claim(id(kind), label_of(kind.__qualname__))
        if first:
            self.kept.append(kind)
            self.definitions.append((kind, label))
        return self._met(kind, label)

    def module(self, module: ModuleType) -> bytes:
        """Take a module of the project whole; name one of a library."""
        namespace = module_namespace(module)
        if is_own(module) or not is_project_namespace(namespace):
            return named("external", text(module.__name__.partition(".")[0].lstrip("_")))
        return self.modules({Import(module.__name__)}, "")

    def modules(self, imports: set[Import], package: str) -> bytes:
        """Take whole the project modules that are imported when the code runs."""
        return named("modules", *(self._file(one) for one in modules_of(imports, package)))

    def _file(self, module: Module) -> bytes:
        stem = module.name.rpartition(".")[2]
        label, first = self.claim(("module", module.file), f"{stem} (module)")
        if first:
            part = Part(stem, "module", module.file, 1, digest(module.body), module.shown)
            self.add(label, part)
        return named("part", text(label))

    def _piece(
        self, value: Any, name: str, place: Place | None, namespace: dict[str, Any]
    ) -> bytes:
        """Follow the function behind an experiment; other pieces count as constants do."""
        inner = getattr(value, "__wrapped__", None)
        if inner is None or hasattr(value, "experiment"):  # a sweep: its points count too
            return self.constant(value, name, place, namespace)
        return self.target(inner, name, place, namespace)

    def constant(
        self,
        value: object,
        name: str,
        place: Place | None,
        namespace: dict[str, Any],
        kind: str = "constant",
    ) -> bytes:
        """Take a value as it is now, once all functions are known."""
        # Without a place, never by identity: which equal values are one object is an accident.
        label, first = self.claim(place or object(), name)
        if first:
            self.kept.append(value)
            self.values.append(Value(value, place, label, namespace, kind))
        return named("part", text(label))
