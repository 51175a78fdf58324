"""From live code to the syntax tree that it was compiled from.

A file is read when the first function in it is decorated or reached, and read again only when its
module is loaded again or decorates again: between the two, the text on disk may be newer than the
code in memory. A file that changed since this process began is compared with the code that runs.
"""

from __future__ import annotations

import ast
import os
import sys
import time
import warnings
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from expcache._code._lambda import find_lambda
from expcache._encode import encode

__all__ = ["Found", "Source", "find_class", "find_function", "source_of"]

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

# Processor time is at most the time since the start, so this is never before the start. What was
# imported and edited before this line ran is the one case that goes unnoticed.
_STARTED = time.time() - time.process_time()


class Source:
    """One text of one file, with its definitions."""

    def __init__(
        self, file: str, text: str, tree: ast.Module, stamp: object, *, changed: bool
    ) -> None:
        """Begin without an index of the definitions."""
        self.file = file
        self.text = text
        self.tree = tree
        self.stamp = stamp
        self.changed = changed
        self.functions: dict[tuple[int, str], Definition] = {}
        self.named: dict[str, list[ast.AST]] = {}
        self.compiled: dict[str, list[CodeType]] | None = None

    def segment(self, node: ast.AST) -> str:
        """Return the lines of a definition, as written."""
        lines = self.text.splitlines()[first_line(node) - 1 : node.end_lineno]  # type: ignore[attr-defined]
        margin = min((len(one) - len(one.lstrip()) for one in lines if one.strip()), default=0)
        return "\n".join(one[margin:] for one in lines)


class Found(NamedTuple):
    """The definition that live code was compiled from; `edited` if the text was changed since."""

    source: Source
    node: Any
    edited: bool = False


_sources: dict[str, tuple[object, Source]] = {}


def source_of(file: str, namespace: dict[str, Any], *, fresh: bool = False) -> Source | None:
    """Return the text of the file as its module was loaded from it, or None if there is none.

    Args:
        file: The name that the code gives, perhaps of a cell that only linecache knows.
        namespace: The globals of the module.
        fresh: Whether the module is being loaded now, so that the disk has the true text.
    """
    token = namespace.get("__spec__")
    known = _sources.get(file)
    if known is not None and known[0] is token and not fresh and known[1].stamp is not None:
        return known[1]
    stamp = _stamp(file)
    if known is not None and stamp is not None and known[1].stamp == stamp:
        _sources[file] = (token, known[1])
        return known[1]
    text = _read(file, token)
    if text is None:
        return None
    if known is not None and stamp is None and known[1].text == text:
        return known[1]
    source = _parsed(file, text, stamp)
    if source is not None:
        _sources[file] = (token, source)
    return source


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)  # noqa: PTH116 - a Path costs more than the call
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def _read(file: str, spec: object) -> str | bytes | None:
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError):
        pass
    # Only linecache knows the text of a cell; if nobody imported it, there is none.
    lines: list[str] = getattr(sys.modules.get("linecache"), "getlines", lambda _file: [])(file)
    if lines:
        return "".join(lines)
    get_source = getattr(getattr(spec, "loader", None), "get_source", None)
    text = get_source(getattr(spec, "name", "")) if get_source else None
    return text if isinstance(text, str) else None


def source_of_file(file: str) -> Source | None:
    """Return the text of a file that may not be loaded."""
    known = _sources.get(file)
    return source_of(file, {}) if known is None else known[1]


def _parsed(file: str, text: str | bytes, stamp: tuple[int, int] | None) -> Source | None:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = compile(text, file, "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
    changed = stamp is not None and stamp[0] / 1e9 > _STARTED
    source = Source(file, shown, tree, stamp, changed=changed)
    _index(source, tree, "")
    return source


def first_line(node: Any) -> int:
    """Return the line that compiled code calls its first: that of the first decorator."""
    lines: list[int] = [one.lineno for one in getattr(node, "decorator_list", ())]
    lines.append(node.lineno)
    return min(lines)


def _index(source: Source, node: ast.AST, prefix: str) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            source.functions[first_line(child), child.name] = child
            source.named.setdefault(prefix + child.name, []).append(child)
            _index(source, child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            source.named.setdefault(prefix + child.name, []).append(child)
            _index(source, child, f"{prefix}{child.name}.")
        elif isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            _index(source, child, prefix)


def find_function(
    code: CodeType, namespace: dict[str, Any], *, fresh: bool = False
) -> Found | None:
    """Return the definition that a function's code was compiled from, or None without source."""
    source = source_of(code.co_filename, namespace, fresh=fresh)
    if source is None:
        return None
    if code.co_name == "<lambda>":
        node: Definition | None = find_lambda(code, source.tree)
    else:
        node = source.functions.get((code.co_firstlineno, code.co_name))
    if source.changed and not _is_compiled_from(code, source, namespace):
        other = [one for one in source.named.get(code.co_qualname, ()) if _is_function(one)]
        node = node or (other[-1] if other else None)  # type: ignore[assignment]
        return None if node is None else Found(source, node, edited=True)
    return None if node is None else Found(source, node)


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def _is_compiled_from(code: CodeType, source: Source, namespace: dict[str, Any]) -> bool:
    if "@pytest_ar" in namespace:  # pytest rewrote the asserts: the code differs, not the text
        return True
    if source.compiled is None:
        source.compiled = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = compile(source.tree, source.file, "exec", dont_inherit=True)
        _gather(whole, source.compiled)
    same = source.compiled.get(code.co_qualname, ())
    return any(
        body_of(one) == body_of(code) for one in same if one.co_firstlineno == code.co_firstlineno
    )


def _gather(code: CodeType, found: dict[str, list[CodeType]]) -> None:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found.setdefault(inner.co_qualname, []).append(inner)
            _gather(inner, found)


def body_of(code: CodeType) -> tuple[Any, ...]:
    """Return what the code does, apart from where it was written."""
    constants = tuple(
        body_of(one)
        if isinstance(one, CodeType)
        else (type(one).__name__, repr(one))
        if not isinstance(one, frozenset)
        else tuple(sorted(map(repr, one)))
        for one in code.co_consts
    )
    return code.co_name, code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars


def bytecode(code: CodeType) -> bytes:
    """Return bytes for code without a source: good for this Python's version only."""
    return encode(body_of(code))


def find_class(kind: type, namespace: dict[str, Any]) -> Found | None:
    """Return the definition of a class: in the file of its methods, or of its module."""
    for file in _files_of(kind, namespace):
        source = source_of(file, namespace)
        nodes = [] if source is None else source.named.get(kind.__qualname__, [])
        found = [node for node in nodes if isinstance(node, ast.ClassDef)]
        line = getattr(kind, "__firstlineno__", None)  # from Python 3.13 on
        exact = [node for node in found if first_line(node) == line]
        if source is not None and found:
            return Found(source, (exact or found)[-1])
    return None


def _files_of(kind: type, namespace: dict[str, Any]) -> list[str]:
    codes = [
        getattr(getattr(one, "__func__", one), "__code__", None) for one in vars(kind).values()
    ]
    files = [
        code.co_filename
        for code in codes
        if code and code.co_qualname.startswith(kind.__qualname__ + ".")
    ]
    own = namespace.get("__file__")
    if isinstance(own, str):
        files.append(own)
    else:
        # A class without methods, in a notebook: the newest cell that defines it.
        cells = getattr(sys.modules.get("linecache"), "cache", {})
        files.extend(file for file in reversed(list(cells)) if not _stamp(file))
    return list(dict.fromkeys(files))
