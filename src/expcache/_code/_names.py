"""What code is called, and whether it is the user's: equal however the program was started."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

__all__ = [
    "class_namespace",
    "external_name",
    "file_of",
    "is_own",
    "is_own_name",
    "is_project_class",
    "is_project_file",
    "is_project_function",
    "is_project_namespace",
    "label_of",
    "module_namespace",
    "name_of",
    "stem_of",
    "stem_of_namespace",
    "title",
    "unwrapped",
]

_MAIN = frozenset({"__main__", "__mp_main__", "<run_path>"})
_OWN = frozenset({"expcache", "pytest_expcache"})
# Where notebooks tell their own path: VS Code, then Jupyter servers.
_NOTEBOOK = ("__vsc_ipynb_file__", "__session__")
# Modules that have another name on another system, or on another Python.
_ALIASES = {"posixpath": "os", "ntpath": "os", "posix": "os", "nt": "os"}


def name_of(function: Any) -> str:
    """Return `<module stem>.<qualname>`, the name under which an experiment keeps its runs."""
    plain = unwrapped(function)
    return f"{stem_of(function)}.{getattr(plain, '__qualname__', type(plain).__qualname__)}"


def stem_of(function: Any) -> str:
    """Return the last part of the module's name; for scripts and notebooks the file's stem."""
    plain = unwrapped(function)
    namespace = getattr(plain, "__globals__", None)
    if namespace is None:
        return str(plain.__module__).rpartition(".")[2]
    if str(namespace.get("__name__")) in _MAIN and "__file__" not in namespace:
        file = _named_notebook(namespace) or _real_file(plain)
        return Path(file).stem if file else "notebook"
    return stem_of_namespace(namespace)


def stem_of_namespace(namespace: dict[str, Any]) -> str:
    """Return the stem of the module whose globals these are."""
    module = namespace.get("__name__")
    if isinstance(module, str) and module not in _MAIN:
        return module.rpartition(".")[2]
    file = _named_notebook(namespace) or namespace.get("__file__")
    return Path(file).stem if isinstance(file, str) else "notebook"


def file_of(function: Any) -> str | None:
    """Return the file that the function is written in; None for an unsaved or unnamed notebook."""
    plain = unwrapped(function)
    return _named_notebook(getattr(plain, "__globals__", {})) or _real_file(plain)


def _named_notebook(namespace: dict[str, Any]) -> str | None:
    found: list[object] = [namespace.get(name) for name in _NOTEBOOK]
    for path in found:
        if isinstance(path, str) and path:
            return path
    return None


def _real_file(function: Any) -> str | None:
    code = getattr(function, "__code__", None)
    if code is None or code.co_filename.startswith("<") or "ipykernel" in code.co_filename:
        return None
    return str(os.path.abspath(code.co_filename))  # noqa: PTH100 - resolve() would follow links


def unwrapped(value: Any) -> Any:
    """Return the innermost function behind decorators that say what they wrap."""
    seen: set[int] = set()
    while id(value) not in seen:
        seen.add(id(value))
        inner = getattr(value, "__dict__", {}).get("__wrapped__")
        if inner is None:
            break
        value = inner
    return getattr(value, "__func__", value)


def label_of(qualname: str) -> str:
    """Return the qualified name within the innermost function that it is local to."""
    return qualname.rpartition("<locals>.")[2]


def is_own_name(module: object) -> bool:
    """Tell whether a module's name is one of expcache's."""
    return _top(module) in _OWN


def is_own(value: object) -> bool:
    """Tell whether a value is a piece of expcache itself."""
    if isinstance(value, ModuleType):
        return is_own_name(value.__name__)
    if isinstance(value, FunctionType):
        return is_own_name(value.__globals__.get("__name__"))
    kind = value if isinstance(value, type) else type(value)
    return is_own_name(getattr(kind, "__module__", None))


def _top(module: object) -> str:
    return module.partition(".")[0] if isinstance(module, str) else ""


def is_project_function(function: FunctionType) -> bool:
    """Tell whether a function is the user's code, wherever it was defined."""
    file = function.__code__.co_filename
    if is_own(function) or file.startswith("<"):
        return is_project_namespace(function.__globals__)
    return is_project_file(file)


def is_project_class(kind: type) -> bool:
    """Tell whether a class is the user's code."""
    if getattr(kind, "__module__", "builtins") == "builtins":
        return False
    namespace = class_namespace(kind)
    return bool(namespace) and is_project_namespace(namespace)


def is_project_namespace(namespace: dict[str, Any]) -> bool:
    """Tell whether a module, given by its globals, is the user's code."""
    name = namespace.get("__name__")
    if isinstance(name, str) and _top(name) in _OWN:
        return False
    file = namespace.get("__file__")
    if isinstance(file, str):
        return is_project_file(file)
    # Without a file: a namespace package, a notebook, a script read from standard input, or
    # a module that is built in.
    path = namespace.get("__path__")
    if path is not None:
        return all(is_project_file(str(one)) for one in path)
    spec = namespace.get("__spec__")
    return getattr(spec, "origin", None) not in {"built-in", "frozen"}


@lru_cache(maxsize=4096)
def is_project_file(file: str) -> bool:
    """Tell whether a file is neither of the standard library nor of an installed package.

    An editable installation lies outside of site-packages and counts as the user's code.
    """
    if file.startswith("<frozen"):
        return False
    path = Path(file)
    if {"site-packages", "dist-packages"}.intersection(path.parts):
        return False
    return not any(path.is_relative_to(place) for place in _standard_library())


@lru_cache(maxsize=1)
def _standard_library() -> tuple[Path, ...]:
    here = Path(os.__file__).parent
    return (here, here.resolve())


def external_name(value: Any) -> str:
    """Return the name of library code: its top package and its qualified name.

    Only the top package: libraries move their code between private modules.
    """
    owner = value if hasattr(value, "__qualname__") else type(value)
    module = getattr(owner, "__module__", None)
    if not isinstance(module, str):
        holder = getattr(owner, "__objclass__", None) or type(getattr(owner, "__self__", None))
        module = holder.__module__
    top = _top(module).lstrip("_") or _top(module)
    return f"{_ALIASES.get(top, top)}.{owner.__qualname__}"


def title(owner: Any, name: str) -> str:
    """Return what a name is called in a message: of a module, of a class, of a closure."""
    if isinstance(owner, dict):
        return f"{stem_of_namespace(owner)}.{name}"
    if isinstance(owner, type):
        return f"{stem_of_namespace(class_namespace(owner))}.{owner.__qualname__}.{name}"
    return name


def class_namespace(value: type) -> dict[str, Any]:
    """Return the globals of the module that defines a class, or an empty mapping."""
    own = getattr(value, "__module__", None)
    for one in vars(value).values():
        if isinstance(one, FunctionType) and one.__module__ == own:
            return one.__globals__
    module = sys.modules.get(str(own))
    return {} if module is None else module_namespace(module)


def module_namespace(module: ModuleType) -> dict[str, Any]:
    """Return the globals of a module, without waking one that is loaded lazily."""
    namespace: dict[str, Any] = ModuleType.__getattribute__(module, "__dict__")
    return namespace
