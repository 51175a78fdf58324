"""Files of ids: what a sweep exports and another script loads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from expcache.errors import QueryError

__all__ = ["IdsFile", "is_ids_path", "load_ids", "read_ids_file", "save_ids"]

_FORMAT = 1
_HEADING = "# ids of expcache runs; load them with expcache.load(<this file>)"


class IdsFile(NamedTuple):
    """What a file of ids says: the ids, and where their store lay when it was written."""

    ids: list[str]
    store: Path | None


def is_ids_path(text: str) -> bool:
    """Whether a text names a file of ids rather than an id."""
    return Path(text).suffix in _WRITERS


def save_ids(path: str | os.PathLike[str], ids: Iterable[str], *, store: str | None = None) -> None:
    """Write ids to a file, whole or not at all.

    Args:
        path: ends in ``.json``, ``.txt`` (one id a line) or ``.py`` (a list named ``ids``).
        ids: the ids, in order.
        store: the directory of their store; noted in a ``.json`` file, relative to it.

    Raises:
        QueryError: another ending.
    """
    path = Path(path)
    text = _WRITERS[_suffix(path)](list(ids), _relative(store, path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def load_ids(path: str | Path) -> list[str]:
    """Read the ids that ``save_ids`` wrote; nothing in the file is executed.

    Raises:
        QueryError: the file has another ending, or holds no list of ids.
    """
    return read_ids_file(path).ids


def read_ids_file(path: str | Path) -> IdsFile:
    """Read a file of ids with all that it says."""
    path = Path(path)
    read = _READERS[_suffix(path)]
    try:
        ids, store = read(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError, SyntaxError) as error:
        message = f"cannot read ids from {str(path)!r}: {error}. Name a file that save_ids wrote."
        raise QueryError(message, name=str(path), known=()) from error
    if not all(isinstance(one, str) for one in ids):
        message = f"cannot read ids from {str(path)!r}: it holds other things than ids."
        raise QueryError(f"{message} Name a file that save_ids wrote.", name=str(path), known=())
    return IdsFile(ids, None if store is None else (path.parent / store).resolve())


def _suffix(path: Path) -> str:
    if path.suffix not in _WRITERS:
        known = ", ".join(_WRITERS)
        message = f"cannot keep ids in {str(path)!r}: no such format. Use one of {known}."
        raise QueryError(message, name=path.suffix, known=tuple(_WRITERS))
    return path.suffix


def _relative(store: str | None, path: Path) -> str | None:
    if store is None:
        return None
    try:
        return Path(os.path.relpath(store, path.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return str(store)


def _write_json(ids: list[str], store: str | None) -> str:
    return json.dumps({"expcache": _FORMAT, "store": store, "ids": ids}, indent=1) + "\n"


def _write_txt(ids: list[str], store: str | None) -> str:  # noqa: ARG001 - one shape for all
    return "\n".join([_HEADING, *ids]) + "\n"


def _write_py(ids: list[str], store: str | None) -> str:  # noqa: ARG001 - one shape for all
    return "\n".join([_HEADING, "ids = [", *(f"    {one!r}," for one in ids), "]"]) + "\n"


def _read_json(text: str) -> tuple[list[str], str | None]:
    content: Any = json.loads(text)
    if isinstance(content, list):
        return content, None
    return list(content["ids"]), content.get("store")


def _read_txt(text: str) -> tuple[list[str], str | None]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line], None


def _read_py(text: str) -> tuple[list[str], str | None]:
    import ast  # noqa: PLC0415 - only for this format

    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "ids":
            with suppress(ValueError):  # not literal: no ids, and certainly not evaluated
                return list(ast.literal_eval(statement.value)), None
    message = "it assigns no list of ids to the name 'ids'"
    raise ValueError(message)


_WRITERS = {".json": _write_json, ".txt": _write_txt, ".py": _write_py}
_READERS = {".json": _read_json, ".txt": _read_txt, ".py": _read_py}
