"""Where a store lies, and how its directory comes to be."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from expcache._store._files import create_directory, write_text
from expcache._store._protocol import MEMORY
from expcache.errors import StoreError, StoreFormatError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = 1
DIRECTORY: Final = ".expcache"
FORMAT_FILE: Final = "format.json"
EXPERIMENTS: Final = "experiments"
VARIABLE: Final = "EXPCACHE_STORE"

_TEXTS: Final = {
    "README.md": (
        "# expcache store\n\n"
        "This directory keeps the results of experiments. `expcache.load(...)` reads them, also\n"
        "without the code that made them. Deleting the directory deletes the results, and nothing\n"
        "else. It should not be committed: `.gitignore` keeps it out of version control.\n"
    ),
    ".gitignore": "*\n",
    "CACHEDIR.TAG": (
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        "# This file marks a cache directory (https://bford.info/cachedir/): backups may skip it.\n"
    ),
}


def find_place(start: str | os.PathLike[str]) -> Path:
    """Return the directory that is the store for programs working in *start*.

    It is ``.expcache`` in the nearest ancestor that holds ``.expcache``, ``pyproject.toml`` or
    ``.git``, or else in *start*. ``EXPCACHE_STORE`` and ``[tool.expcache] store`` override.
    """
    from pathlib import Path  # noqa: PLC0415 - a program that only defines experiments needs none

    start = Path(os.path.abspath(start))  # noqa: PTH100 - resolve() would follow links
    override = os.environ.get(VARIABLE)
    if override:
        return Path(override) if override == MEMORY else start / Path(override).expanduser()
    for home in (start, *start.parents):
        if (home / "pyproject.toml").is_file():
            return home / Path(_configured(home / "pyproject.toml") or DIRECTORY).expanduser()
        if (home / DIRECTORY).is_dir() or (home / ".git").exists():
            return home / DIRECTORY
    return start / DIRECTORY


def _configured(pyproject: Path) -> str | None:
    text = pyproject.read_bytes()
    if b"expcache" not in text:
        return None
    import tomllib  # noqa: PLC0415 - read only by projects that configure a store

    try:
        store: Any = tomllib.loads(text.decode()).get("tool", {}).get("expcache", {}).get("store")
    except ValueError as error:
        raise StoreError(
            f"cannot read where the store is from {str(pyproject)!r}: {error}. "
            "Correct the file, or set EXPCACHE_STORE.",
            path=str(pyproject),
        ) from error
    if store is None or (isinstance(store, str) and store):
        return store
    raise StoreError(
        f"cannot use {store!r} as [tool.expcache] store in {str(pyproject)!r}: it is no path. "
        "Give a path in quotes, relative to that file.",
        path=str(pyproject),
    )


def prepare(path: Path, *, create: bool) -> None:
    """Make sure that *path* is a store of a format that is known, creating it if wanted."""
    try:
        exists = path.exists()
    except OSError as error:
        raise StoreError(
            f"cannot open the store {str(path)!r}: {error.strerror}. "
            "Use a store of your own: expcache.use(path).",
            path=str(path),
        ) from error
    if not exists:
        _create(path, create=create)
    if not path.is_dir():
        raise StoreError(
            f"cannot use {str(path)!r} as a store: it is a file. Name a directory.",
            path=str(path),
        )
    if not (path / FORMAT_FILE).exists():
        _adopt(path, create=create)
    check_format(path)


def _create(path: Path, *, create: bool) -> None:
    if not create:
        raise StoreError(
            f"cannot open the store {str(path)!r}: there is none. "
            "Check the path, or run an experiment first.",
            path=str(path),
        )
    with _creating(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        create_directory(path, _fill)


@contextmanager
def _creating(path: Path) -> Iterator[None]:
    """Explain why a store could not be made."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot create the store {str(path)!r}: {error.strerror or error}. Use a directory "
            "that you can write to: expcache.use(path), or set EXPCACHE_STORE.",
            path=str(path),
        ) from error


def _adopt(path: Path, *, create: bool) -> None:
    """Fill an empty directory, or one that another process is filling at this moment."""
    strange = sorted(entry.name for entry in path.iterdir() if not _ours(entry))
    if EXPERIMENTS in strange and any((path / EXPERIMENTS).glob("*/experiment.json")):
        raise StoreError(
            f"cannot open the store {str(path)!r}: its file {FORMAT_FILE!r} is gone. "
            "Copy that file from another store, or put a backup in its place.",
            path=str(path),
        )
    if strange or not create:
        reason = f"it holds other things ({strange[0]!r})" if strange else "it is empty"
        raise StoreError(
            f"cannot use {str(path)!r} as a store: {reason} and no {FORMAT_FILE!r}. "
            "Name a new or an empty directory.",
            path=str(path),
        )
    with _creating(path):
        _fill(path)


def _ours(entry: Path) -> bool:
    if entry.name == EXPERIMENTS:
        return not any(entry.iterdir())
    passing = entry.name.startswith(".") and entry.name.endswith(".tmp")
    return passing or entry.name in _TEXTS or entry.name == FORMAT_FILE


def _fill(path: Path) -> None:
    (path / EXPERIMENTS).mkdir(mode=0o700, exist_ok=True)
    for name, text in _TEXTS.items():
        write_text(path / name, text)
    # Last: a directory with this file is complete.
    write_text(path / FORMAT_FILE, json.dumps({"format": FORMAT, "kind": "expcache store"}) + "\n")


def check_format(path: Path) -> None:
    """Refuse a store that another version made in a way this one does not know."""
    file = path / FORMAT_FILE
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8")).get("format")
    except (OSError, ValueError, AttributeError) as error:
        raise StoreError(
            f"cannot open the store {str(path)!r}: {FORMAT_FILE!r} is not readable ({error}). "
            "Restore the file, or use another store: expcache.use(path).",
            path=str(path),
        ) from error
    if found != FORMAT:
        raise StoreFormatError(
            f"cannot open the store {str(path)!r}: it has format {found!r}, and this version reads "
            f"format {FORMAT}. Install a newer expcache, or use another store: expcache.use(path).",
            path=str(path),
            found=found,
            supported=FORMAT,
        )
