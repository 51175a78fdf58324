"""A file of keys and values, with a way to say where in it something is wrong."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from expcache._runfile import SPECIFICATIONS
from expcache._specification._wrong import Key, nearest, wrong
from expcache.errors import SpecificationError

__all__ = ["Document", "read_document"]


class Document:
    """What a file says: a tree of mappings, lists and scalars."""

    __slots__ = ("_line_of", "path", "tree")

    def __init__(
        self, path: str, tree: dict[str, Any], line_of: Callable[[Key], int | None] = lambda _: None
    ) -> None:
        """Keep the tree; ``line_of`` finds the line of a key, where that is known."""
        self.path = path
        self.tree = tree
        self._line_of = line_of

    def error(self, key: Key, reason: str, remedy: str) -> SpecificationError:
        """Return the error that says what is wrong at a key."""
        return wrong(self.path, key, self._line_of(key), reason, remedy)

    def check_keys(self, given: dict[str, Any], known: tuple[str, ...], key: Key = ()) -> None:
        """Refuse a key that is not known.

        Raises:
            SpecificationError: there is one; it names the nearest that is known.
        """
        for name in given:
            if name not in known:
                reason = f"there is no such key{nearest(name, known)}"
                raise self.error((*key, name), reason, f"The keys here are {', '.join(known)}.")


def read_document(path: str | os.PathLike[str]) -> Document:
    """Read a file by its ending, ``.yaml``, ``.yml`` or ``.toml``.

    Raises:
        SpecificationError: it cannot be read, or is no mapping.
        ImportError: it is YAML, and PyYAML is not installed.
    """
    shown = os.fspath(path)
    suffix = Path(shown).suffix.lower()
    if suffix not in SPECIFICATIONS:
        reason = "its name does not end in .yaml, .yml or .toml"
        raise wrong(shown, (), None, reason, "Rename it.")
    try:
        text = Path(shown).read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise wrong(shown, (), None, reason, "Check the path.") from error
    except UnicodeDecodeError as error:
        raise wrong(shown, (), None, "it is not UTF-8", "Save it so.") from error
    return _read_toml(shown, text) if suffix == ".toml" else _read_yaml(shown, text)


def _read_toml(path: str, text: str) -> Document:
    try:
        return Document(path, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        reason = f"it is no TOML: {str(error).rstrip('.')}"
        raise wrong(path, (), None, reason, "Correct it.") from error


def _read_yaml(path: str, text: str) -> Document:
    from expcache._specification._yaml import read_yaml  # noqa: PLC0415 - needs PyYAML

    tree, line_of = read_yaml(path, text)
    return Document(path, tree, line_of)
