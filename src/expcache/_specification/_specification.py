"""What a file of a sweep says, read and checked, before any code is loaded."""

from __future__ import annotations

import os
import re
from math import inf
from typing import Any, NamedTuple

from expcache._space import Space
from expcache._specification._block import BLOCK_KEYS, space_of
from expcache._specification._document import Document, read_document
from expcache._specification._wrong import Key, wrong

__all__ = ["Specification", "read_specification"]

_TARGETS = ("experiment", "command", "shell", "program")
_OPTIONS = ("name", "tags", "timeout", "retries")
_COMMAND_OPTIONS = ("inputs", "content")
_KNOWN = ("experiment", "command", "shell", *_OPTIONS, *_COMMAND_OPTIONS, *BLOCK_KEYS)
_BATCHRUN = ("program", "parameters", *_OPTIONS, "filter")


class Specification(NamedTuple):
    """One sweep as a file describes it."""

    document: Document
    space: Space
    target: str
    """Which of ``experiment``, ``command`` and ``shell`` the file has."""
    experiment: str | None = None
    command: tuple[str, ...] | str | None = None
    """Words, or one line for a shell; parameters are in braces."""
    name: str | None = None
    tags: tuple[str, ...] = ()
    timeout: float | None = None
    retries: int | None = None
    inputs: tuple[dict[str, str], ...] = ()
    content: bool = False
    """Whether a program that is built anew is other code."""
    in_place: bool = False
    """Whether the command is run where it is launched, not in a directory of its own."""


def read_specification(path: str | os.PathLike[str]) -> Specification:
    """Read the file of a sweep; nothing that it names is loaded.

    Raises:
        SpecificationError: it cannot be read, or says something that is not understood.
        ImportError: it is YAML, and PyYAML is not installed.
    """
    try:
        return _read(read_document(path))
    except RecursionError as error:
        reason = "it is nested too deeply"
        raise wrong(os.fspath(path), (), None, reason, "Write it flatter.") from error


def _read(document: Document) -> Specification:
    given = document.tree
    plainly = "program" in given or "parameters" in given
    document.check_keys(given, _BATCHRUN if plainly else _KNOWN)
    target = _target(document)
    named = _READ[target](document)
    if plainly:
        _rename(document)
    return Specification(
        document,
        space_of(document, (), given),
        "shell" if target == "program" else target,
        **{"experiment" if target == "experiment" else "command": named},
        name=_text(document, "name") if "name" in given else None,
        tags=_words(document, "tags") if "tags" in given else (),
        timeout=_timeout(document) if "timeout" in given else None,
        retries=_retries(document) if "retries" in given else None,
        inputs=_inputs(document) if "inputs" in given else (),
        content=_content(document) if "content" in given else False,
        in_place=plainly,
    )


def _rename(document: Document) -> None:
    """Give the parameters of batchrun's format names that parameters can have."""
    given = document.tree.get("parameters")
    if not isinstance(given, dict):
        return
    renamed: dict[str, Any] = {}
    for name, one in given.items():
        plain = _plain(name)
        if not plain.isidentifier() or plain in renamed or plain == "here":
            reason = f"no parameter can be called {name!r}" + (" twice" if plain in renamed else "")
            raise document.error(("parameters", name), reason, "Rename it, or use shell:.")
        renamed[plain] = one
    document.tree["parameters"] = renamed


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _target(document: Document) -> str:
    found = [name for name in _TARGETS if name in document.tree]
    if len(found) != 1:
        reason = f"{' and '.join(found)} contradict each other" if found else "it runs nothing"
        raise document.error((), reason, "Write one of experiment:, command: and shell:.")
    if found == ["experiment"]:
        _refuse_command_options(document)
    return found[0]


def _refuse_command_options(document: Document) -> None:
    """Refuse what only programs have."""
    if "inputs" in document.tree:
        reason = "an experiment takes no inputs"
        remedy = "Give the files as parameters, or write command: or shell:."
        raise document.error(("inputs",), reason, remedy)
    if "content" in document.tree:
        reason = "an experiment is no program"
        raise document.error(("content",), reason, "Leave it out: its code counts anyway.")


def _text(document: Document, key: str) -> str:
    value = document.tree[key]
    if not isinstance(value, str) or not value.strip():
        raise document.error((key,), f"{value!r} is no text", "Write a text, in quotes if need be.")
    return value


def _experiment(document: Document) -> str:
    text = _text(document, "experiment")
    place, _, name = text.rpartition(":")
    if not place or not name:
        remedy = "Write file.py:function or module:function."
        raise document.error(("experiment",), f"{text!r} names no function of a file", remedy)
    return text


def _words(document: Document, key: str) -> tuple[str, ...]:
    value = document.tree[key]
    words = value if isinstance(value, list) else [value]
    for at, one in enumerate(words):
        if not isinstance(one, str) or not one:
            where: Key = (key, at) if isinstance(value, list) else (key,)
            raise document.error(where, f"{one!r} is no text", "Put it in quotes.")
    return tuple(words)


def _command(document: Document) -> tuple[str, ...]:
    words = document.tree["command"]
    if not isinstance(words, list) or not words:
        remedy = "Write a list of words, such as [./prog, '{x}'], or shell: for a line."
        raise document.error(("command",), f"{words!r} is no list of words", remedy)
    return _words(document, "command")


def _program(document: Document) -> str:
    """Return the line of batchrun's own format, with a flag for every parameter."""
    text = _text(document, "program")
    if "parameters" not in document.tree:
        reason = "there are no parameters"
        raise document.error((), reason, "Write parameters:, or shell: for a line without.")
    line = " ".join(re.sub(r"\\(?=\s|$)", " ", text).split())
    line = line.replace("{", "{{").replace("}", "}}")
    names = document.tree["parameters"]
    return " ".join([line, *(f"--{name}={{{_plain(name)}}}" for name in names)])


_READ: dict[str, Any] = {
    "experiment": _experiment,
    "command": _command,
    "shell": lambda document: _text(document, "shell"),
    "program": _program,
}


def _timeout(document: Document) -> float:
    value = document.tree["timeout"]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < inf:
        reason = f"{value!r} is no positive number of seconds"
        raise document.error(("timeout",), reason, "Leave it out for no limit.")
    return value


def _retries(document: Document) -> int:
    value = document.tree["retries"]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        reason = f"{value!r} is no number of times"
        raise document.error(("retries",), reason, "Write 0 or a greater whole number.")
    return value


def _content(document: Document) -> bool:
    value = document.tree["content"]
    if not isinstance(value, bool):
        raise document.error(("content",), f"{value!r} is neither true nor false", "Write one.")
    if value and "command" not in document.tree:
        remedy = "Name the program in inputs: its content counts there."
        raise document.error(("content",), "a shell starts the program", remedy)
    return value


def _inputs(document: Document) -> tuple[dict[str, str], ...]:
    given = document.tree["inputs"]
    return tuple(
        _input(document, ("inputs", at) if isinstance(given, list) else ("inputs",), one)
        for at, one in enumerate(given if isinstance(given, list) else [given])
    )


def _input(document: Document, key: Key, given: object) -> dict[str, str]:
    if isinstance(given, str) and given:
        return {"path": given}
    remedy = "Write a path, or {path: ..., link: copy, rename: ...}."
    if not isinstance(given, dict) or "path" not in given:
        raise document.error(key, f"{given!r} names no file", remedy)
    document.check_keys(given, ("path", "link", "rename"), key)
    for name, one in given.items():
        if not isinstance(one, str) or not one:
            raise document.error((*key, name), f"{one!r} is no text", "Put it in quotes.")
    return given
