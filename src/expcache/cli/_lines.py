"""The points of a sweep as the lines of a runfile."""

from __future__ import annotations

import json
import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expcache.cli._ending import RefusedError
from expcache.cli._value import parse_value

if TYPE_CHECKING:
    from expcache._sweep import Sweep

__all__ = ["assignment", "lines_of", "write_lines"]


def lines_of(sweep: Sweep[Any]) -> list[str]:
    """Return one shell command for each point: its own, or `expcache run` with its values.

    Raises:
        RefusedError: the experiment cannot be named on a command line, or a value not be written.
    """
    from expcache._shellwork import lines_of as commands_of  # noqa: PLC0415 - not for help

    try:
        commands = commands_of(sweep)
    except ValueError as error:
        message = f"cannot write the points of {sweep.name!r}: {error}."
        raise RefusedError(f"{message} Run the sweep itself.") from error
    return _calls(sweep) if commands is None else commands


def _calls(sweep: Sweep[Any]) -> list[str]:
    function = sweep.experiment.__wrapped__
    name = function.__qualname__
    if not name.isidentifier():
        message = f"cannot write the points of {sweep.name!r}: {name!r} is inside of something."
        raise RefusedError(f"{message} Define the experiment at the top of its file.")
    file = os.path.relpath(function.__code__.co_filename)
    return [
        shlex.join(
            ["expcache", "run", f"{file}:{name}", *(assignment(n, v) for n, v in point.items())]
        )
        for point in sweep.space
    ]


def assignment(name: str, value: Any) -> str:
    """Return the word that gives a parameter a value, so that it is read as the very same.

    Raises:
        RefusedError: there is none.
    """
    for text in _forms(value):
        read = parse_value(text)
        if type(read) is type(value) and repr(read) == repr(value):
            return f"{name}={text}"
    message = f"cannot write {name}={value!r} on a command line: it is no literal."
    raise RefusedError(f"{message} Run the sweep itself.")


def _forms(value: Any) -> list[str]:
    forms = [value] if isinstance(value, str) and value.isprintable() else []
    with suppress(TypeError, ValueError):
        forms.append(json.dumps(value))
    return [*forms, _literal(value)]


def _literal(value: Any) -> str:
    """Return a value as Python reads it; infinity, which has no literal, as a number too large."""
    if type(value) is float:
        return repr(value).replace("inf", "1e999")
    if type(value) is tuple:
        return f"({''.join(f'{_literal(one)}, ' for one in value).rstrip()})"
    if type(value) is list:
        return f"[{', '.join(map(_literal, value))}]"
    if type(value) is dict:
        items = (f"{_literal(name)}: {_literal(one)}" for name, one in value.items())
        return f"{{{', '.join(items)}}}"
    return repr(value)


def write_lines(path: str, lines: list[str]) -> None:
    """Write a runfile, whole or not at all."""
    whole = Path(path)
    passing = whole.with_name(f".{whole.name}.{os.getpid()}")
    passing.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    passing.replace(whole)
