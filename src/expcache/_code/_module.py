"""Project modules taken whole: those that a function imports when it runs, or hands around.

Which of them are loaded depends on what ran before, and a fingerprint must not. So they are read
from their files, with the project modules that they import in turn, and never imported.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from expcache._code._names import is_own_name, is_project_file
from expcache._code._normal import canonical
from expcache._code._scope import Import, imports_of
from expcache._code._source import source_of_file

__all__ = ["Module", "modules_of", "package_of"]


_LONGEST = 100_000


class Module(NamedTuple):
    """One project file with its normalised text."""

    name: str
    file: str
    package: str
    tree: ast.Module
    text: str

    @property
    def shown(self) -> str:
        """The text for people, unless the file is long."""
        return self.text if len(self.text) <= _LONGEST else ""

    @property
    def body(self) -> bytes:
        """The canonical bytes of the whole file."""
        return canonical(self.tree)


def package_of(namespace: dict[str, Any]) -> str:
    """Return the package that relative imports of a module begin in."""
    package = namespace.get("__package__")
    if isinstance(package, str):
        return package
    name = str(namespace.get("__name__", ""))
    return name if "__path__" in namespace else name.rpartition(".")[0]


def modules_of(imports: Iterable[Import], package: str) -> list[Module]:
    """Return the project modules that the imports load, directly or through each other."""
    found: dict[str, Module] = {}
    waiting = list(_names(imports, package))
    while waiting:
        name = waiting.pop()
        module = None if name in found else _module(name)
        if module is not None and module.file not in {one.file for one in found.values()}:
            found[name] = module
            waiting.extend(_names(imports_of(module.tree), module.package))
    return sorted(found.values(), key=lambda module: module.name)


def _names(imports: Iterable[Import], package: str) -> Iterator[str]:
    for one in imports:
        base = one.module
        if one.level:
            parts = package.split(".")
            parts = parts[: len(parts) - one.level + 1]
            base = ".".join([*parts, *filter(None, [one.module])])
        names = base.split(".")
        yield from (".".join(names[: end + 1]) for end in range(len(names)))
        if one.name and one.name != "*":
            yield f"{base}.{one.name}"


def _module(name: str) -> Module | None:
    if not name or is_own_name(name) or name.partition(".")[0] in sys.stdlib_module_names:
        return None
    file, is_package = _location(name)
    if file is None or not file.endswith(".py") or not is_project_file(file):
        return None
    source = source_of_file(file)
    package = name if is_package else name.rpartition(".")[0]
    return None if source is None else Module(name, file, package, source.tree, source.text)


def _location(name: str) -> tuple[str | None, bool]:
    """Return the file of a module, and whether it is a package."""
    module = sys.modules.get(name)
    if module is not None:
        file = getattr(module, "__file__", None)
        return (file if isinstance(file, str) else None), hasattr(module, "__path__")
    spec = _spec(name)
    return getattr(spec, "origin", None), _search(spec) is not None


def _spec(name: str) -> Any:
    """Find a module as importing would, but without importing its package."""
    parent = name.rpartition(".")[0]
    path = None
    if parent:
        loaded = sys.modules.get(parent)
        path = getattr(loaded, "__path__", None) if loaded else _search(_spec(parent))
        if path is None:
            return None
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = find(name, path) if find else None
        if spec is not None:
            return spec
    return None


def _search(spec: Any) -> Any:
    return getattr(spec, "submodule_search_locations", None)
