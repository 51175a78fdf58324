"""What a command is, apart from the values of its parameters: it travels as it is."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from expcache._file import File
from expcache._program._word import Word, names_of

__all__ = ["Recipe"]


class Recipe(NamedTuple):
    """The words, and what belongs to them.

    A ``File`` in place of a word stands for its name in the directory of the run. ``inputs`` are
    files, and names of parameters that are files.
    """

    name: str
    module: str
    words: tuple[Word | File, ...]
    shell: bool
    env: tuple[tuple[str, Word], ...]
    inputs: tuple[File | str, ...]
    ok: tuple[int, ...]
    parse: Callable[..., Any] | None
    names: tuple[str, ...]
    defaults: Mapping[str, Any]

    @property
    def files(self) -> list[File]:
        """The files that are the same for every run."""
        return [one for one in (*self.words, *self.inputs) if isinstance(one, File)]

    @property
    def in_words(self) -> frozenset[str]:
        """The parameters whose values have to be words."""
        lines = [word for word in self.words if not isinstance(word, File)]
        return frozenset(names_of([*lines, *(word for _, word in self.env)]))

    @property
    def line(self) -> str:
        """The command line as it was written, for people."""
        told = [one.name if isinstance(one, File) else _written(one) for one in self.words]
        return told[0] if self.shell else shlex.join(told)


def _written(word: Word) -> str:
    pieces = [
        text.replace("{", "{{").replace("}", "}}")
        + (f"{{{name}{':' if spec else ''}{spec}}}" if name else "")
        for text, name, spec in word
    ]
    return "".join(pieces)
