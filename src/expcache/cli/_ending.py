"""How a command ends: what is told of an error, and with which exit status."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

import click

from expcache.errors import (
    AmbiguousIdError,
    ExpcacheError,
    ExpcacheWarning,
    ParameterError,
    QueryError,
    UnknownIdError,
)

__all__ = ["DONE", "FAILED", "NOT_THERE", "USAGE", "NotThereError", "RefusedError"]

DONE, FAILED, USAGE, NOT_THERE, INTERRUPTED, UNREAD = 0, 1, 2, 3, 130, 141
_STATUSES = ((AmbiguousIdError, USAGE), (UnknownIdError, NOT_THERE))
_MISUSED = (QueryError, ParameterError)


class RefusedError(click.ClickException):
    """What a command cannot do, in a sentence."""

    exit_code = FAILED


class NotThereError(RefusedError):
    """What was asked for is not there."""

    exit_code = NOT_THERE


class _UnreadError(Exception):
    """Nobody reads what is printed."""


@dataclass
class Ending:
    """How a command ended."""

    status: Any = DONE


@contextmanager
def end_with() -> Iterator[Ending]:
    """Tell errors on standard error, without a traceback, and turn them into an exit status."""
    ending = Ending()
    try:
        yield ending
    except click.UsageError as error:
        ending.status = USAGE
        _tell(_usage(error))
    except click.ClickException as error:
        ending.status = error.exit_code
        _tell(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        ending.status = INTERRUPTED
    except _UnreadError:
        ending.status = UNREAD
    except ExpcacheError as error:
        ending.status = _status_of(error)
        _tell(_in_words_of_options(str(error)))
    except OSError as error:
        ending.status = FAILED
        name = "" if error.filename is None else f" {os.fsdecode(error.filename)!r}"
        _tell(f"cannot read or write{name}: {error.strerror or error}.")


def _in_words_of_options(message: str) -> str:
    """Return a message for Python with what is said on a command line in its place."""
    words = {"expcache.use(path)": "--store PATH", "say format=": "say --format"}
    for python, option in words.items():
        message = message.replace(python, option)
    return message


def _status_of(error: ExpcacheError) -> int:
    if isinstance(error, _MISUSED):
        return USAGE
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), FAILED)


def _usage(error: click.UsageError) -> str:
    if error.ctx is not None and type(error).__name__ == "NoArgsIsHelpError":
        return error.ctx.get_help()
    path = "expcache" if error.ctx is None else error.ctx.command_path
    text = re.sub(r"\s+", " ", error.format_message().strip())
    text = re.sub(r"\.? \((Did you mean .*\?)\)$", r". \1", text)
    text = text if text.startswith(("-", "'")) else text[:1].lower() + text[1:]
    stop = "" if text.endswith((".", "?")) else "."
    return f"cannot run {path!r}: {text}{stop} Type '{path} --help' to see how it is used."


def _tell(message: str) -> None:
    try:
        click.echo(message.encode(errors="backslashreplace").decode(), err=True)
    except OSError:  # nobody is there to be told
        return


@contextmanager
def quiet_end() -> Iterator[None]:
    """Write out what was printed; where nobody reads it, end without a word."""
    try:
        yield
        if sys.stdout is not None:  # it was closed before we began: nobody wants to read
            sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        raise _UnreadError from None


def _forget_output() -> None:
    """Keep the interpreter from complaining, at its end, of what it cannot write."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # standard output is no file
        return


@contextmanager
def told_warnings() -> Iterator[None]:
    """Tell each warning of expcache once, without the line that it points at."""
    with warnings.catch_warnings():
        usual, told = warnings.showwarning, set[str]()

        def tell(  # noqa: PLR0913, PLR0917 - as warnings calls it
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, ExpcacheWarning):
                if str(message) not in told:
                    _tell(f"warning: {message}")
                told.add(str(message))
            else:
                usual(message, category, filename, lineno, file, line)

        warnings.showwarning = tell
        warnings.simplefilter("always", ExpcacheWarning)
        yield
