"""`expcache log`: what one run printed, warned of and logged, and how it failed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._ending import DONE, NotThereError
from expcache.cli._one import find_run, naming_run, read_from
from expcache.cli._options import command
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._run import Run

_STREAMS = ("stdout.txt", "stderr.txt")
"""The files that an experiment made by `command` writes."""

__all__ = ["file_tails", "log"]

_EXAMPLE = """expcache log 3f9a0c21
expcache log 3f9a0c21 --tail 20"""


@command("log", example=_EXAMPLE)
@naming_run
@click.option("--tail", type=click.IntRange(min=1), metavar="N", help="Only the last N lines.")
def log(view: View, run_id: str, code: str, tail: int | None) -> int:
    """Show what a run printed and logged, and its traceback.

    ID is an id, or at least six of its first digits.
    """
    run = find_run(view.store(), run_id, code)
    if run.code is None:
        message = f"cannot show what run {run.id[:8]} printed: it is being computed."
        raise NotThereError(f"{message} What it prints is stored when it ends.")
    with read_from(run):
        if view.json:
            view.emit(_tree(run, tail))
            return DONE
        lines = deque(_lines(run), tail)
    for line in lines:
        view.line(line)
    if not lines:
        view.note(f"Run {run.id[:8]} printed nothing, and did not warn, log or fail.")
    return DONE


def file_tails(run: Run[Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield what programs wrote that the run started: the texts of its directory."""
    for name in _STREAMS:
        path = run.files.get(name)
        if path is not None:
            yield name, path.read_text("utf-8", "backslashreplace").splitlines()


def _lines(run: Run[Any]) -> Iterator[str]:
    """Yield what there is; of several kinds, each under its name."""
    kinds = [(name, lines) for name, lines in _kinds(run) if lines]
    for name, lines in kinds:
        if len(kinds) > 1:
            yield f"--- {name}"
        yield from lines


def _kinds(run: Run[Any]) -> Iterator[tuple[str, list[str]]]:
    streams = list(file_tails(run))
    if not streams:  # of a command, the output is the end of what the files hold
        yield "output", run.output.splitlines()
    yield from streams
    yield "warnings", [line for one in run.warnings for line in _warning_lines(one)]
    yield "log records", [line for one in run.logs for line in _log_line(one).splitlines()]
    yield "earlier attempts", [line for one in run.attempts[:-1] for line in _attempt_lines(one)]
    error = run.error
    if error is not None:
        yield "traceback", (error.traceback or str(error)).splitlines()


def _warning_lines(warning: dict[str, Any]) -> list[str]:
    place = f"{warning.get('filename')}:{warning.get('lineno')}"
    return f"{place}: {warning.get('category')}: {warning.get('message')}".splitlines()


def _attempt_lines(attempt: dict[str, Any]) -> list[str]:
    error = attempt.get("error") or {}
    text = f"{error.get('type')}: {error.get('message')}" if error else attempt.get("outcome")
    return f"attempt {attempt.get('attempt')}: {text}".splitlines()


def _log_line(record: dict[str, Any]) -> str:
    moment = datetime.fromtimestamp(record.get("created") or 0, UTC).astimezone()
    level, name = logging.getLevelName(record.get("level") or 0), record.get("name")
    text = f"{moment:%Y-%m-%d %H:%M:%S} {level} {name}: {record.get('message')}"
    return f"{text}\n{record['exception']}" if record.get("exception") else text


def _tree(run: Run[Any], tail: int | None) -> dict[str, Any]:
    error = run.error
    failure = None
    if error is not None:
        failure = {"type": error.type, "message": error.message, "traceback": error.traceback}
    output = run.output
    if tail is not None:
        output = "".join(output.splitlines(keepends=True)[-tail:])
    told = {"output": output, "warnings": run.warnings, "logs": run.logs}
    return {"id": run.id, "experiment": run.experiment, "status": run.status, **told,
            "error": failure}  # fmt: skip
