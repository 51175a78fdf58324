"""`expcache table`: params and results of stored runs, as a table for people or programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._ending import DONE, FAILED
from expcache.cli._list import chosen, ordering
from expcache.cli._options import command
from expcache.cli._selection import Found, Selection, selecting
from expcache.cli._table import Column
from expcache.cli._value import line_of, local_time, seconds, to_json
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._run import Run
    from expcache._store import Store

__all__ = ["table"]

Record = dict[str, Any]

_FORMATS = ("text", "csv", "json", "jsonl", "parquet")
_FACTS = ("experiment", "code", "started", "finished", "host", "tags", "launch", "number")
_EXAMPLE = """expcache table -e fit
expcache table -e fit C__ge=1 --columns C,gamma,accuracy --sort accuracy
expcache table -e fit --out digits.csv"""


@command("table", example=_EXAMPLE)
@selecting
@ordering
@click.option(
    "--columns", metavar="NAMES", help="Only these columns, with commas between, in this order."
)
@click.option(
    "-f", "--format", "form", type=click.Choice(_FORMATS),
    help="By default that of the file, or text.",
)  # fmt: skip
@click.option("-o", "--out", metavar="PATH", type=click.Path(dir_okay=False), help="A file.")
def table(
    view: View, selection: Selection, columns: str | None, form: str | None, out: str | None,
    **order: Any,
) -> int:  # fmt: skip
    """Show params and results of stored runs in a table.

    The table is printed, or written to a file. NAME=VALUE selects as in `expcache list`; --sort
    takes results, too. A result that is a mapping gives a column for each key; --columns takes
    facts such as finished and host, too. Nothing is unpickled: a pickled result is described.
    """
    store = view.store()
    found = selection.find(store)
    records = whole = _ordered(store, found, order)
    if columns is not None:
        records = _only(found, records, [name.strip() for name in columns.split(",")])
    if view.json:
        view.emit({"store": store.path, "rows": [to_json(one) for one in records]})
    elif out is not None:
        with view.writing(out):
            _export(records, Path(out), form)
        view.line(f"{len(records)} rows are in {out}")
    elif form in (None, "text"):
        _print(view, records)
    else:
        _print_file(view, records, str(form))
    faults = [*found.faults, *found.damaged.values()]
    faults += [one["error"] for one in whole if one["status"] == "damaged"]
    for fault in faults:
        view.note(fault)
    return FAILED if faults else DONE


def _ordered(store: Store, found: Found, order: dict[str, Any]) -> list[Record]:
    """Return the records in the order that is wanted; results can be sorted by, too."""
    whole = Found([run for run in found.runs if run.id not in found.damaged], {}, [])
    several = len({run.experiment for run in whole.runs}) > 1
    records = {run.id: _record(store, run, several=several) for run in whole.runs}
    by = order["sort"]
    if by is not None and any(by in one for one in records.values()):
        from expcache.cli._list import rank  # noqa: PLC0415 - beside what is imported above

        ids = sorted(records, key=lambda one: rank(records[one].get(by)))
        ids = (ids[::-1] if order["reverse"] else ids)[: order["limit"]]
        return [records[one] for one in ids]
    return [records[run.id] for run in chosen(whole, **order)]


def _record(store: Store, run: Run[Any], *, several: bool) -> Record:
    """Return all of a run in one mapping; among runs of several experiments, with its own."""
    record = _told(store, run)
    if not several or "experiment" in record:
        return record
    first = {"id": record.pop("id"), "experiment": run.experiment}
    return first | record


def _told(store: Store, run: Run[Any]) -> Record:
    from expcache._summary import record_of  # noqa: PLC0415 - not for help
    from expcache.cli._one import read_view_of  # noqa: PLC0415 - as above
    from expcache.errors import RecordError, TrustError  # noqa: PLC0415 - as above

    if run.code is None:
        return {"id": run.id, "status": run.status}
    try:
        return record_of(run)
    except TrustError:
        return _about(run) | {"result": repr(read_view_of(store, run))}
    except RecordError as error:
        return _about(run) | {"status": "damaged", "error": str(error)}


def _about(run: Run[Any]) -> Record:
    """Return the record of a run without its result."""
    record: Record = {"id": run.id, "status": run.status}
    for name, value in run.params.items():
        record[name if name not in record else f"param_{name}"] = value
    return {**record, "runtime": run.runtime}


def _only(found: Found, records: list[Record], names: list[str]) -> list[Record]:
    """Return the columns that are named; facts of a run are columns only on request."""
    known = dict.fromkeys(name for one in records for name in one)
    for name in names:
        if records and name not in known and name not in _FACTS:
            message = f"there is no column {name!r}; there are {', '.join([*known, *_FACTS])}."
            raise click.UsageError(message, click.get_current_context(silent=True))
    runs = {run.id: run for run in found.runs if run.code is not None}

    def cell(one: Record, name: str) -> Any:
        return one.get(name) if name in known else _fact(runs.get(one["id"]), name)

    return [{name: cell(one, name) for name in names} for one in records]


def _fact(run: Run[Any] | None, name: str) -> Any:
    value = getattr(run, name, None)
    return list(value) if isinstance(value, tuple) else value


def _print(view: View, records: list[Record]) -> None:
    names = list(dict.fromkeys(name for one in records for name in one))
    if not records:
        view.note("No stored run fits.")
        return
    columns = [_column(name, [one.get(name) for one in records], n) for n, name in enumerate(names)]
    left_out = view.table(
        columns, [[_cell(name, one.get(name)) for name in names] for one in records]
    )
    if left_out:
        view.note(f"Not shown: {', '.join(left_out)}. --columns chooses, a pipe gets all.")


def _column(name: str, values: Iterable[Any], place: int) -> Column:
    numbers = all(value is None or type(value) in (int, float) for value in values)
    return Column(name, right=numbers, least=None if numbers or name == "id" else 6, rank=place)


def _cell(name: str, value: Any) -> str:
    if name == "id":
        return str(value)[:8]
    if name == "error" and isinstance(value, str):
        from expcache._outcome import brief  # noqa: PLC0415 - not for help

        return brief(value)
    if name == "runtime" and isinstance(value, float):
        return seconds(value)
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, datetime):
        return local_time(value)
    if value is None:
        return ""
    return value if isinstance(value, str) and value.isprintable() else line_of(value)


def _export(records: Iterable[Record], path: Path, form: str | None) -> None:
    if form == "text":
        raise click.UsageError("text is for people; a file is .csv, .json, .jsonl or .parquet")
    from expcache._export import export  # noqa: PLC0415 - not for help

    export(records, path, format=form, default=repr)


def _print_file(view: View, records: Iterable[Record], form: str) -> None:
    """Print what would be in a file."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - only for this

    with TemporaryDirectory() as folder:
        path = Path(folder, "table")
        _export(records, path, form)
        if form != "parquet":
            view.line(path.read_text("utf-8").removesuffix("\n"))
            return
        if sys.stdout.isatty():
            raise click.UsageError("Parquet is no text; write it to a file: --out PATH")
        click.echo(path.read_bytes(), nl=False)
