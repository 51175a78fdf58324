"""Runfiles: one shell command a line."""

from __future__ import annotations

import os
from pathlib import Path

from expcache.errors import SpecificationError

__all__ = ["SPECIFICATIONS", "read_runfile"]

SPECIFICATIONS = (".toml", ".yaml", ".yml")
"""How the names of files end that describe a sweep, and are no runfiles."""


def read_runfile(path: str | os.PathLike[str]) -> list[str]:
    """Return the commands of a runfile in order, each once.

    Blank lines, and lines whose first sign is ``#``, are no commands. A backslash at the end of a
    line goes on to the next one, as in a shell. Nothing else is looked at: what the shell cannot
    parse fails when it is run, by itself.

    Raises:
        SpecificationError: the file cannot be read, has no command, or is no runfile.
    """
    shown = os.fspath(path)
    if Path(shown).suffix.lower() in SPECIFICATIONS:
        reason = "it describes a sweep, and is no runfile"
        raise _wrong(shown, None, reason, "Use expcache sweep, or expcache.specification.")
    try:
        text = Path(shown).read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _wrong(shown, None, reason, "Check the path.") from error
    except UnicodeDecodeError as error:
        raise _wrong(shown, None, "it is not UTF-8", "Save it so.") from error
    commands = list(dict.fromkeys(_commands(shown, text)))
    if not commands:
        raise _wrong(shown, None, "it has no command", "Write one shell command a line.")
    return commands


def _commands(path: str, text: str) -> list[str]:
    commands, begun = [], ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if "\0" in line:
            remedy = "Take it out."
            raise _wrong(path, number, "a command has no NUL character", remedy)
        if not begun and (not line.strip() or line.lstrip().startswith("#")):
            continue
        if _goes_on(line):
            begun += line[:-1]
            continue
        commands.append((begun + line).strip())
        begun = ""
    return [one for one in (*commands, begun.strip()) if one]


def _goes_on(line: str) -> bool:
    """Whether a line ends in a backslash that is not itself behind one."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _wrong(path: str, line: int | None, reason: str, remedy: str) -> SpecificationError:
    at = "" if line is None else f" (line {line})"
    message = f"cannot read {path!r}{at}: {reason}. {remedy}"
    return SpecificationError(message, path=path, key="", line=line)
