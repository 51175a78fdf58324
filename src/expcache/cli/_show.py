"""`expcache show`: everything that is stored of one run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from expcache.cli._ending import DONE, FAILED
from expcache.cli._log import file_tails
from expcache.cli._one import (
    find_run,
    naming_run,
    other_records,
    read_from,
    read_view_of,
    stored_header,
)
from expcache.cli._options import command
from expcache.cli._value import line_of, local_time, seconds, size, text_of, to_json
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._record import Header
    from expcache._run import Run
    from expcache._store import Store

__all__ = ["show"]

_LABEL = 12
_LINES = 24
_LARGE = 1 << 20
_PICKLED = "pickled; this is what is known of it without unpickling"


@command("show", example="expcache show 3f9a0c21\nexpcache show 3f9a0c21 --json")
@naming_run
def show(view: View, run_id: str, code: str) -> int:
    """Show everything that is stored of one run.

    ID is an id, or at least six of its first digits. Nothing is unpickled.
    """
    store = view.store()
    run = find_run(store, run_id, code)
    with read_from(run):
        header = None if run.code is None else stored_header(store, run)
        result = _result(store, run) if run.status == "done" else None
    if view.json:
        view.emit(_tree(store, run, header, result))
    else:
        view.line(f"run {run.id}", bold=True)
        for label, lines in _sections(store, run, header, result):
            _print(view, label, lines)
    return FAILED if result is not None and result.fault else DONE


def _print(view: View, label: str, lines: list[str]) -> None:
    indent, width = " " * _LABEL, view.width
    for number, line in enumerate(lines):
        first = f"{label:<{_LABEL}}" if number == 0 else indent
        parts = [line]
        if width is not None and len(line) > width - _LABEL:
            parts = _wrapped(line, max(width - _LABEL, 8))
        view.line("\n".join([first + parts[0], *(indent + part for part in parts[1:])]))


def _wrapped(line: str, width: int) -> list[str]:
    """Return a line in parts; what has no blanks, as a path, stays whole, to be copied."""
    return textwrap.wrap(line, width, break_on_hyphens=False, break_long_words=False) or [""]


class _Result(NamedTuple):
    """A result as far as it can be told."""

    value: Any
    is_pickled: bool = False
    fault: str = ""
    """Why it cannot be read."""


def _sections(
    store: Store, run: Run[Any], header: Header | None, result: _Result | None
) -> Iterator[tuple[str, list[str]]]:
    yield "experiment", [run.experiment]
    yield "status", [run.status + _held_by(run)]
    if header is None:
        return
    yield "params", [f"{name} = {line_of(value)}" for name, value in run.params.items()] or ["none"]
    if error := run.error:
        yield "error", str(error).splitlines()
    if result is not None:
        yield "result", list(_result_lines(result))
    where = f" on {header.host}" + (f" as {header.user}" if header.user else "")
    yield "finished", [f"{local_time(run.finished)} after {seconds(run.runtime)}{where}"]
    yield "code", [f"{header.code}{_version(header)}"]
    if run.launch is not None:
        number = "" if run.number is None else f", number {run.number} of this experiment"
        yield "launch", [f"{run.launch}{number}"]
    if header.tags:
        yield "tags", [", ".join(header.tags)]
    if others := other_records(store, run):
        yield "also stored", [f"{status}, code {code}" for status, code in others]
    yield from _told(run, header)
    if files := run.files:
        shown = [f"{name} ({size(_bytes(path))})" for name, path in files.items()]
        more = [f"... and {len(shown) - _LINES} more"] if len(shown) > _LINES else []
        yield "files", [str(run.directory), *(f"  {one}" for one in [*shown[:_LINES], *more])]
    yield "environment", list(_environment(run.environment))


def _held_by(run: Run[Any]) -> str:
    where = run.whereabouts
    if where is None:
        return ""
    told = f" {where}" if where.host else f": {where}"
    return f", {'computed now' if where.status == 'running' else 'to be computed'}{told}"


def _version(header: Header) -> str:
    return "" if header.version is None else f", version {header.version!r}"


def _result(store: Store, run: Run[Any]) -> _Result:
    from expcache.errors import RecordError  # noqa: PLC0415 - not for help

    header = stored_header(store, run)
    pickled = header is not None and (header.value or {}).get("codec") == "pickle"
    try:
        return _Result(read_view_of(store, run), pickled)
    except RecordError as error:
        return _Result(None, pickled, str(error))


def _result_lines(result: _Result) -> Iterator[str]:
    if result.fault:
        yield result.fault
        return
    if result.is_pickled:
        yield f"({_PICKLED})"
    lines = list(_value_lines(result.value))
    yield from lines[:_LINES]
    if len(lines) > _LINES:
        yield f"... {len(lines) - _LINES} more lines"


def _value_lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value and all(isinstance(name, str) for name in value):
        for name, one in value.items():
            first, *rest = text_of(one).splitlines() or [""]
            yield f"{name} = {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield from text_of(value).splitlines() or [""]


def _told(run: Run[Any], header: Header) -> Iterator[tuple[str, list[str]]]:
    attempts = len(header.attempts)
    if attempts > 1:
        yield "attempts", [str(attempts)]
    if header.migrated:
        before = [f"{one.get('experiment')} {one.get('id')}" for one in header.migrated]
        yield "migrated", [f"from {one}" for one in before]
    streams = list(file_tails(run))
    lines = [line for _, one in streams for line in one] if streams else header.output.splitlines()
    counts = {"line": len(lines), "warning": len(header.warnings)}
    counts["log record"] = len(header.logs)
    told = [f"{n} {word}{'s' if n > 1 else ''}" for word, n in counts.items() if n]
    if told:
        yield "output", [f"{', '.join(told)}: expcache log {run.id[:8]}"]


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # a link whose target is gone
        return 0


def _environment(environment: Mapping[str, Any]) -> Iterator[str]:
    if not environment.get("python"):  # a program computed it where there was no expcache
        yield "not recorded"
        return
    yield f"{environment.get('implementation', 'Python')} {environment['python']}"
    yield str(environment.get("platform", ""))
    if git := environment.get("git"):
        yield f"git {git.get('commit')}{', changed since' if git.get('dirty') else ''}"
    if argv := environment.get("argv"):
        yield " ".join(argv)
    yield f"{len(environment.get('packages') or ())} packages: --json lists them"


def _tree(
    store: Store, run: Run[Any], header: Header | None, result: _Result | None
) -> dict[str, Any]:
    tree: dict[str, Any] = {"id": run.id, "experiment": run.experiment, "status": run.status}
    if where := run.whereabouts:
        tree["whereabouts"] = where._asdict()
    if header is None:
        return tree
    tree |= {"code": header.code, "version": header.version, "params": to_json(run.params)}
    if result is not None:
        tree |= _result_tree(header, result)
    tree |= {"error": header.error, "runtime": header.runtime, "started": header.started}
    tree |= {"finished": header.finished, "host": header.host, "user": header.user}
    tree |= {"tags": header.tags, "attempts": header.attempts, "history": header.migrated}
    tree |= {"output": header.output, "warnings": header.warnings, "logs": header.logs}
    tree |= {"launch": run.launch, "number": run.number}
    tree["directory"] = None if run.directory is None else str(run.directory)
    tree["files"] = list(run.files)
    records = [{"status": status, "code": code} for status, code in other_records(store, run)]
    return tree | {"other_records": records, "environment": run.environment}


def _result_tree(header: Header, result: _Result) -> dict[str, Any]:
    if result.fault:
        return {"result": None, "whole": False, "damage": result.fault}
    large = ((header.value or {}).get("nbytes") or 0) > _LARGE
    told = repr(result.value) if large else to_json(result.value)
    return {"result": told, "whole": not (large or result.is_pickled)}
