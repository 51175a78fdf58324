"""`expcache ids`: the ids of stored runs, for other programs and for `expcache.load`."""

from __future__ import annotations

from typing import Any

import click

from expcache.cli._ending import DONE, FAILED
from expcache.cli._list import chosen, ordering
from expcache.cli._options import command
from expcache.cli._selection import Selection, selecting
from expcache.cli._view import View

__all__ = ["ids"]

_EXAMPLE = """expcache ids -e fit C__ge=1
expcache ids --sweep study.py:sweep_digits --out digits.ids.json"""


@command("ids", example=_EXAMPLE)
@selecting
@ordering
@click.option(
    "-o", "--out", metavar="PATH", type=click.Path(dir_okay=False),
    help="Write them to a file that `expcache.load` reads: .json, .txt or .py.",
)  # fmt: skip
def ids(view: View, selection: Selection, out: str | None, **order: Any) -> int:
    """Print the ids of stored runs, or write them to a file.

    NAME=VALUE selects as in `expcache list`.
    """
    store = view.store()
    found = selection.find(store)
    runs = chosen(found, **order)
    if out is not None:
        from expcache._runset import RunSet  # noqa: PLC0415 - not for help

        with view.writing(out):
            RunSet(runs).save_ids(out)
    told = [run.id for run in runs]
    if view.json:
        view.emit({"store": store.path, "ids": told, "path": out})
    elif out is not None:
        view.line(f"{len(told)} ids are in {out}")
    else:
        for one in told:
            view.line(one)
    for fault in found.faults:
        view.note(fault)
    return FAILED if found.faults else DONE
