"""The code of a command: its words, the content of its files, and what reads its results."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from expcache._code import Code, Part, Tracker
from expcache._encode import digest, encode
from expcache._file import File
from expcache._program import Recipe
from expcache._store._origin import Origin

__all__ = ["CommandCode"]

_SCHEME = 1


class CommandCode:
    """The fingerprint of a command, taken anew when a file of it has changed."""

    __slots__ = ("_code", "_declared", "_followed", "_program", "_recipe", "_seen")

    def __init__(
        self, recipe: Recipe, followed: Tracker | None, *, content: bool, declared: bool
    ) -> None:
        """Follow a recipe.

        Args:
            recipe: the command.
            followed: follows ``parse`` and ``depends``.
            content: whether the content of the program counts.
            declared: whether the user answers for the command, by ``version=``.
        """
        self._recipe = recipe
        self._followed = followed
        self._program = recipe.words[0] if content else None
        self._declared = declared
        self._seen: object = None
        self._code = Code("", ())

    def current(self) -> Code:
        """Return the fingerprint as it is now."""
        files = [] if self._declared else self._files()
        followed = None if self._followed is None else self._followed.current()
        seen = [file.__expcache_key__() for file in files], followed
        if seen != self._seen:
            self._code, self._seen = self._take(files, followed), seen
        return self._code

    def running(self) -> AbstractContextManager[None]:
        """Surround a run."""
        return nullcontext() if self._followed is None else self._followed.running()

    def _files(self) -> list[File]:
        files = self._recipe.files
        if self._program is not None and not isinstance(self._program, File):
            path = self._program[0].text
            found = path if os.sep in path else shutil.which(path)
            files.append(File(found or path))
        return files

    def _take(self, files: list[File], followed: Code | None) -> Code:
        recipe = _in_project(self._recipe)
        words: list[Any] = [one.name if isinstance(one, File) else one for one in recipe.words]
        inputs = [one.name if isinstance(one, File) else [one] for one in recipe.inputs]
        told = (words, recipe.shell, recipe.env, inputs, recipe.ok)
        defaults = dict(recipe.defaults)
        facts: list[Any] = [("command", _SCHEME)]
        parts: list[Part] = []
        if not self._declared:
            body = digest(encode((told, defaults, recipe.names)))
            parts.append(Part(recipe.name, "command", "", 0, body, recipe.line))
            parts += [
                Part(f.name, "file", "", 0, f.digest, f"content {f.digest[:8]}") for f in files
            ]
        facts += [(part.name, part.digest) for part in parts]
        if followed is not None:
            facts.append(followed.digest)
            parts += followed.parts
        unseen = () if followed is None else followed.unseen
        return Code(digest(encode(facts)), tuple(parts), unseen)


def _in_project(recipe: Recipe) -> Recipe:
    """Return a recipe that is the same in every checkout of the project that has the program."""
    first = recipe.words[0]
    if recipe.shell or isinstance(first, File) or len(first) != 1 or first[0].name:
        return recipe
    relative = Origin.of(first[0].text).relative if os.sep in first[0].text else None
    if relative is None:
        return recipe
    program = (first[0]._replace(text=f"./{relative}"),)
    return recipe._replace(words=(program, *recipe.words[1:]))
