"""Where a constant is written at present: fingerprints know its value and its module only."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Spot", "spot_of", "spot_of_default"]

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_HOPS = 20


class Spot(NamedTuple):
    """A line of a file; 0 where it is not known."""

    file: str
    line: int = 0


def spot_of(file: str, name: str) -> Spot:
    """Return where a module gives a name its value, followed through its imports.

    Args:
        file: of the module in which the name is used.
        name: dotted below the module, such as ``LIMIT`` or ``Model.rate``.
    """
    here = file
    for _ in range(_HOPS):
        tree = _tree(here)
        if tree is None:
            break
        found = _assigned(tree.body, name.split(".")) or _enclosed(tree, name)
        if found:
            return Spot(here, found)
        origin = _origin(tree, name, here)
        if origin is None:
            break
        here, name = origin
    return Spot(file)


def spot_of_default(text: str, line: int, parameter: str) -> int:
    """Return the line of a parameter's default in a function, given by its text and line."""
    from expcache._explanation import read  # noqa: PLC0415 - only for a default

    found = read(text)
    node: Any = None if found is None else found[0]
    if found is None or not isinstance(node, _FUNCTION):
        return line
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    lines = [one.lineno for one in arguments if one.arg == parameter]
    return line - node.lineno + lines[0] if lines else line


def _tree(file: str) -> ast.Module | None:
    try:
        status = Path(file).stat()
        return _parsed(file, status.st_mtime_ns, status.st_size)
    except (OSError, SyntaxError, ValueError):
        return None


@lru_cache(maxsize=64)
def _parsed(file: str, mtime: int, size: int) -> ast.Module:  # noqa: ARG001 - the key
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(Path(file).read_bytes())


def _assigned(body: list[ast.stmt], names: list[str]) -> int:
    """Return the line of the last statement that gives the name its value; 0 without."""
    line = 0
    for one in body:
        if isinstance(one, ast.ClassDef):
            if one.name == names[0] and len(names) > 1:
                line = _assigned(one.body, names[1:]) or line
        elif not isinstance(one, _FUNCTION):
            line = one.lineno if len(names) == 1 and names[0] in _targets(one) else line
            for inner in _blocks(one):
                line = _assigned(inner, names) or line
    return line


def _blocks(one: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(one, name, [])
    for part in (*getattr(one, "handlers", ()), *getattr(one, "cases", ())):
        yield part.body


def _targets(one: ast.stmt) -> set[str]:
    if isinstance(one, ast.Assign):
        targets: list[ast.expr] = one.targets
    elif isinstance(one, (ast.AnnAssign, ast.AugAssign, ast.For)):
        targets = [one.target]
    elif isinstance(one, ast.With):
        targets = [item.optional_vars for item in one.items if item.optional_vars]
    else:
        return set()
    return {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}


def _enclosed(tree: ast.Module, name: str) -> int:
    """Return the line at which a function's variable gets its value, for closures.

    For a parameter that is the call of the function, where there is one call only.
    """
    for function in (one for one in ast.walk(tree) if isinstance(one, _FUNCTION)):
        if not any(isinstance(one, (*_FUNCTION, ast.Lambda)) for one in _below(function)):
            continue
        line = _assigned(function.body, [name])
        if line:
            return line
        if name in {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}:
            calls = [one for one in ast.walk(tree) if _calls(one, function.name)]
            return calls[0].lineno if len(calls) == 1 else function.lineno  # type: ignore[attr-defined]
    return 0


def _below(function: Any) -> Iterator[ast.AST]:
    for one in function.body:
        yield from ast.walk(one)


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _origin(tree: ast.Module, name: str, file: str) -> tuple[str, str] | None:
    """Return the file that a name was imported from, and its name there."""
    for one in ast.walk(tree):
        for alias in one.names if isinstance(one, ast.ImportFrom) else ():
            if name != (alias.asname or alias.name) and alias.name != "*":
                continue
            module = one.module or ""  # type: ignore[attr-defined]
            there = _file_of(module, file)
            if there is not None and there != file:
                return there, name if alias.name == "*" else alias.name
    return None


def _file_of(module: str, file: str) -> str | None:
    """Return the file of a loaded module whose name ends so: relative imports leave its begin."""
    loaded = [sys.modules.get(module)]
    loaded += [m for n, m in list(sys.modules.items()) if module and n.endswith(f".{module}")]
    files = [getattr(one, "__file__", None) for one in loaded if one is not None]
    beside = [one for one in files if one and Path(one).parent == Path(file).parent]
    return next(iter([*beside, *(one for one in files if one)]), None)
