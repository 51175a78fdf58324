"""A directory of templates, copied for every run with the values of its params."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from xxhash import xxh3_128

from expcache._render._refusal import refuse
from expcache._render._style import Maker, Text

__all__ = ["Templates"]


class _Piece(NamedTuple):
    """One file or directory: its name and, if it is text, its content as templates."""

    path: Path
    name: Text
    content: Text | None


class Templates:
    """The templates of one directory, read once.

    Files of text are filled, all others are copied; each keeps its mode. Names of files and
    directories may hold places for values too.

    Raises:
        RenderError: there is no such directory, or a template is not well-formed.
    """

    def __init__(self, root: Path | None, maker: Maker) -> None:
        """Read all templates."""
        self._digest = xxh3_128()
        self._pieces = [] if root is None else [*self._read(root, maker)]

    @property
    def digest(self) -> str:
        """What tells these templates from others."""
        return self._digest.hexdigest()

    def _read(self, root: Path, maker: Maker) -> Iterator[_Piece]:
        if not root.is_dir():
            message = f"cannot render the templates in {str(root)!r}: no such directory."
            refuse(message, "Give the directory that holds them, or None for none.")
        for path in sorted(_walked(root)):
            name = path.relative_to(root).as_posix()
            content = None if path.is_dir() else path.read_bytes()
            self._digest.update(f"{name}\0{path.stat().st_mode:o}\0".encode())
            self._digest.update(b"" if content is None else content)
            text = None if content is None else _text(content)
            made = None if text is None else maker.text(text, str(path))
            yield _Piece(path, maker.text(name, f"the name of {path}"), made)

    def write(self, into: Path, names: Mapping[str, Any], taken: Collection[str]) -> None:
        """Fill a directory for one run; ``taken`` are the names of files that expcache writes.

        Raises:
            RenderError: a template asks for a name that there is not, or its own name comes out
                as one that is taken or lies elsewhere.
        """
        seen = set(taken)
        for piece in self._pieces:
            name = piece.name.fill(names)
            target = _inside(into, name, piece.path)
            if name in seen:
                message = f"cannot render {str(piece.path)!r}: there is a {name!r} already."
                refuse(message, "Give the template another name.")
            seen.add(name)
            if piece.path.is_dir():
                target.mkdir(exist_ok=True)
                continue
            if piece.content is None:
                shutil.copyfile(piece.path, target)
            else:
                target.write_bytes(piece.content.fill(names).encode())
            shutil.copymode(piece.path, target)


def _walked(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() and path.is_dir():
                message = f"cannot render {str(path)!r}: it is a link to a directory."
                refuse(message, "Put a copy in its place.")
            yield path


def _text(content: bytes) -> str | None:
    """Return the text that a file is, or None if it is none."""
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _inside(into: Path, name: str, template: Path) -> Path:
    parts = name.split("/")
    if "" in parts or "." in parts or ".." in parts or "\\" in name or "\0" in name:
        message = f"cannot render {str(template)!r}: its name becomes {name!r}."
        refuse(message, "Use values in names of files that are plain words.")
    target = into.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
