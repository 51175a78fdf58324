"""One stored run, by its id or the beginning of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._complete import complete_id
from expcache.cli._ending import NotThereError, RefusedError

if TYPE_CHECKING:
    from expcache._record import Header
    from expcache._run import Run
    from expcache._store import Store

__all__ = [
    "find_run",
    "naming_run",
    "other_records",
    "read_from",
    "read_view_of",
    "stored_header",
]


_SHORTEST = 6
_DIGITS = re.compile(r"[0-9a-f]{1,32}")


def naming_run(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument and the option that name one stored run."""
    for option in (
        click.option(
            "--code", default="", metavar="DIGITS",
            help="The record of code whose fingerprint begins so, not the newest one.",
        ),
        click.argument("run_id", metavar="ID", shell_complete=complete_id),
    ):  # fmt: skip
        function = option(function)
    return function


def find_run(store: Store, run_id: str, code: str = "") -> Run[Any]:
    """Return the run of an id, or of the beginning of one.

    Raises:
        AmbiguousIdError: several ids begin so.
        NotThereError: nothing is stored under it, or nothing of this code, and nobody computes it.
    """
    from expcache._load import load  # noqa: PLC0415 - not for help
    from expcache.errors import AmbiguousIdError, UnknownIdError  # noqa: PLC0415 - as above

    run_id = run_id.lower()
    try:
        run: Run[Any] = load(run_id, store=store)
    except AmbiguousIdError:
        raise
    except UnknownIdError:
        claimed = _claimed(store, run_id)
        if claimed is None:
            raise _unknown(store, run_id) from None
        run = claimed
    return run if not code else _of_code(store, run, code)


def _unknown(store: Store, run_id: str) -> NotThereError:
    if not _DIGITS.fullmatch(run_id):
        message = f"cannot find the run {run_id!r}: an id has 32 hex digits."
        return NotThereError(f"{message} Give one, or at least {_SHORTEST} of its first digits.")
    if len(run_id) < _SHORTEST:
        message = f"cannot find the run {run_id!r}: {len(run_id)} digits are too few."
        return NotThereError(f"{message} Give at least {_SHORTEST} of an id.")
    message = f"cannot find the run {run_id!r}: no id in the store {store.path} begins so."
    return NotThereError(f"{message} Type 'expcache list', or name another store: --store PATH.")


def _claimed(store: Store, run_id: str) -> Run[Any] | None:
    """Return a run of which nothing is stored, but which somebody computes now."""
    from expcache.cli._stored import runs_of  # noqa: PLC0415 - only for this

    runs = (run for name in store.experiments() for run in runs_of(store, name))
    claimed = (run for run in runs if run.status in ("queued", "running"))
    return next((run for run in claimed if _begins(run, run_id)), None)


def _begins(run: Run[Any], run_id: str) -> bool:
    return bool(run_id) and run.id.startswith(run_id)


def _of_code(store: Store, run: Run[Any], code: str) -> Run[Any]:
    from expcache._query import code_of, located_at  # noqa: PLC0415 - not for help
    from expcache._run import Run  # noqa: PLC0415 - as above

    keys = [key for key in store.keys(run.experiment, run.id) if code_of(key).startswith(code)]
    if not keys:
        message = f"cannot find a record of run {run.id[:8]} with code {code!r}: there is none."
        raise NotThereError(f"{message} Type 'expcache show {run.id[:8]}' to see which there are.")
    return Run(store, run.experiment, run.id, located=located_at(keys[-1]))


@contextmanager
def read_from(run: Run[Any]) -> Iterator[None]:
    """Tell of which run a record is that cannot be read."""
    from expcache.cli._stored import fault_text  # noqa: PLC0415 - not for help
    from expcache.errors import RecordError  # noqa: PLC0415 - as above

    try:
        yield
    except RecordError as error:
        raise RefusedError(fault_text(run, error)) from error


def _key(run: Run[Any]) -> str:
    return f"{run.id}-{run.code}{'!' if run.status == 'failed' else ''}"


def stored_header(store: Store, run: Run[Any]) -> Header | None:
    """Return all that the record tells beside the value."""
    from expcache._record import read_header  # noqa: PLC0415 - not for help

    envelope = store.get(run.experiment, _key(run))
    return None if envelope is None else read_header(envelope)


def read_view_of(store: Store, run: Run[Any]) -> Any:
    """Return the result of a done run, or what is told of it without unpickling."""
    from expcache._record import read_view  # noqa: PLC0415 - not for help

    def fetch(part: str, size: int, digest: str) -> Any:
        return store.fetch(run.experiment, part, size, digest, map=True)

    return read_view(store.get(run.experiment, _key(run)) or b"", fetch=fetch)


def other_records(store: Store, run: Run[Any]) -> list[tuple[str, str]]:
    """Return (status, code) of the other records of a run, oldest first."""
    from expcache._query import code_of, located_at  # noqa: PLC0415 - not for help

    keys = [key for key in store.keys(run.experiment, run.id) if key != _key(run)]
    return [(located_at(key).status, code_of(key)) for key in keys]
