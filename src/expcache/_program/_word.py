"""A word of a command line, with the places where values go."""

from __future__ import annotations

import keyword
import os
import shlex
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any, NamedTuple, NoReturn

from expcache._file import File
from expcache.errors import ParameterError

__all__ = ["Piece", "Word", "names_of", "parse_word", "refuse_value", "text_of"]


class Piece(NamedTuple):
    """Literal text, and the value that follows it; without a name, none does."""

    text: str
    name: str
    spec: str


Word = tuple[Piece, ...]


def parse_word(word: str, owner: str) -> Word:
    """Return the pieces of a word such as ``--size={size:03d}``; ``{{`` stands for ``{``.

    Raises:
        ParameterError: what stands between braces is no name of a parameter.
    """
    try:
        found = list(Formatter().parse(word))
    except ValueError as error:
        _refuse(word, owner, str(error))
    pieces = []
    for text, name, spec, conversion in found:
        if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
            _refuse(word, owner, f"{{{name}}} is no name of a parameter")
        if conversion or "{" in (spec or ""):
            _refuse(word, owner, f"{{{name}}} has more than a format")
        pieces.append(Piece(text, name or "", spec or ""))
    return tuple(pieces)


def _refuse(word: str, owner: str, reason: str) -> NoReturn:
    message = f"cannot read the word {word!r} of the command {owner!r}: {reason}."
    remedy = "Write {name} or {name:format} for a parameter, and {{ and }} for braces."
    raise ParameterError(f"{message} {remedy}", experiment=owner, names=())


def names_of(words: Iterable[Word]) -> list[str]:
    """Return the names of the parameters in words, each once, in order."""
    return list(dict.fromkeys(piece.name for word in words for piece in word if piece.name))


def text_of(word: Word, values: Mapping[str, Any], owner: str, *, shell: bool = False) -> str:
    """Return a word with its values; each is one word, or a part of one, whatever is in it."""
    parts = []
    for text, name, spec in word:
        parts.append(text)
        if name:
            told = _told(name, values[name], spec, owner)
            parts.append(shlex.quote(told) if shell else told)
    return "".join(parts)


def _told(name: str, value: Any, spec: str, owner: str) -> str:
    if (reason := refuse_value(value)) is not None:
        raise ParameterError(no_word(name, value, reason, owner), experiment=owner, names=(name,))
    try:
        return format(os.fspath(value) if isinstance(value, os.PathLike) else value, spec)
    except (TypeError, ValueError) as error:
        message = f"cannot write {name}={value!r} as {{{name}:{spec}}}: {error}."
        raise ParameterError(
            f"{message} Change the format of the command {owner!r}.",
            experiment=owner,
            names=(name,),
        ) from error


def refuse_value(value: Any) -> str | None:
    """Return why a value cannot be a word, or None."""
    if isinstance(value, str):
        return "it has a NUL character" if "\0" in value else None
    if isinstance(value, (int, float, File)) or (
        type(value).__module__ == "numpy" and not _shape(value)
    ):
        return None
    if isinstance(value, os.PathLike) or type(value).__name__ in ("Decimal", "Fraction"):
        return None
    return "None is no word" if value is None else f"a {type(value).__name__} is not one word"


def _shape(value: Any) -> Any:
    return getattr(value, "shape", ())


def no_word(name: str, value: Any, reason: str, owner: str) -> str:
    """Return the message that refuses a value."""
    message = f"cannot put {name}={value!r} into the command {owner!r}: {reason}."
    return f"{message} Give text or a number, or let the program read it with run_params()."
