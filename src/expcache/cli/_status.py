"""`expcache status`: what is stored of each experiment, or of the points of sweeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from expcache.cli._complete import complete_experiment
from expcache.cli._ending import DONE, FAILED
from expcache.cli._options import command
from expcache.cli._table import Column
from expcache.cli._value import local_time
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache.cli._stored import Census

__all__ = ["status"]

T = TypeVar("T")

_STATUSES = ("done", "failed", "running", "queued")
_COLUMNS = (
    Column("experiment", least=8),
    *(
        Column(status, right=True, rank=rank)
        for status, rank in zip(_STATUSES, (0, 0, 3, 3), strict=True)
    ),
    Column("codes", right=True, rank=2),
    Column("last stored", rank=1),
)


_OF_SWEEP = (
    Column("sweep", least=8),
    Column("points", right=True, rank=1),
    *(Column(name, right=True) for name in ("done", "stale", "failed")),
    *(Column(name, right=True, rank=2) for name in ("running", "queued")),
    Column("missing", right=True),
)
_LINES = 20
"""Of places where an engine has runs."""

_EXAMPLE = """expcache status
expcache status -e 'study.*' --json
expcache status study.py
expcache status stiff.yaml"""


@command("status", example=_EXAMPLE)
@click.option(
    "-e", "--experiment", "names", multiple=True, metavar="NAME",
    shell_complete=complete_experiment,
    help="Only this experiment: its name, the end of it, or a pattern with *.",
)  # fmt: skip
@click.argument("target", required=False, metavar="[SPEC|FILE.py[:SWEEP]]", type=click.Path())
def status(view: View, names: tuple[str, ...], target: str | None) -> int:
    """Count the stored runs of experiments, or of sweeps.

    A run that has a result is done, whatever code computed it; one that has none, but failed, is
    failed; one that a process has in hand at this moment is running, or queued, if an engine has
    it and has not begun it.

    The sweep of SPEC, a YAML or TOML file, or the sweeps of a file of Python, which is imported,
    are shown by their points under the present code; nothing is computed.
    """
    if target is not None:
        if names:
            raise click.UsageError("give a file or -e, not both", click.get_current_context())
        return _of_sweeps(view, target)
    from expcache.cli._selection import named_experiments  # noqa: PLC0415 - not for help
    from expcache.cli._stored import count  # noqa: PLC0415 - as above

    store = view.store()
    found = [count(store, name) for name in named_experiments(store, names)]
    if view.json:
        view.emit({"store": store.path, "experiments": [_tree(one) for one in found]})
    else:
        view.line(f"store {store.path}")
        _print(view, found)
    for one in found:
        if one.damage:
            view.note(one.damage)
    return FAILED if any(one.damage for one in found) else DONE


def _of_sweeps(view: View, target: str) -> int:
    from expcache._store import current_store  # noqa: PLC0415 - not for help
    from expcache.cli._sweeps import sweeps_named  # noqa: PLC0415 - as above

    with view.in_use(lambda: sweeps_named(target)) as sweeps:
        plans = [(sweep.name, sweep.plan()) for sweep in sweeps.values()]
        place = current_store().path
    found = [{"sweep": name, "points": len(plan), **plan.counts} for name, plan in plans]
    if view.json:
        view.emit({"store": place, "sweeps": found})
        return DONE
    view.line(f"store {place}")
    _table(view, _OF_SWEEP, [list(one.values()) for one in found])
    return DONE


def _table(view: View, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; whether runs are queued is only told where some are."""
    at = [column.title for column in columns].index("queued")
    if not any(row[at] for row in rows):
        columns, rows = _without(columns, at), [_without(row, at) for row in rows]
    view.table(columns, rows)


def _without(row: Sequence[T], at: int) -> list[T]:
    return [*row[:at], *row[at + 1 :]]


def _print(view: View, found: Sequence[Census]) -> None:
    rows = [_row(one) for one in found if one.damage or any(one.counts.values())]
    if not rows:
        view.line("No experiment has stored anything here yet.")
        return
    if len(rows) > 1:
        sums = [sum(row[n] or 0 for row in rows) for n in range(1, len(_STATUSES) + 1)]
        rows.append([f"{len(rows)} experiments", *sums, None, None])
    _table(view, _COLUMNS, rows)
    for line in _places(found):
        view.line(line)


def _places(found: Iterable[Census]) -> list[str]:
    """Return a line for each place where an engine has runs."""
    places = Counter(
        (one.experiment, where._replace(since=0.0))
        for one in found
        for where in one.places.values()
        if where.engine
    )
    told = [
        f"{where.status}: {count} of {name}{' ' if where.host else ', '}{where.place}"
        for (name, where), count in places.items()
    ]
    return [*told[:_LINES], *([f"... and {len(told) - _LINES} more"] if told[_LINES:] else [])]


def _row(one: Census) -> list[Any]:
    if one.damage:
        return [one.experiment, *(None for _ in _STATUSES), None, "damaged"]
    counts = [one.counts[status] for status in _STATUSES]
    return [one.experiment, *counts, one.codes, local_time(_finished(one))]


def _tree(one: Census) -> dict[str, Any]:
    last = _finished(one)
    counts = {status: one.counts.get(status) for status in _STATUSES}
    facts = {"codes": one.codes, "last": None if last is None else last.isoformat()}
    return {"experiment": one.experiment, **counts, **facts, "damage": one.damage or None}


def _finished(one: Census) -> Any:
    from expcache.errors import ExpcacheError  # noqa: PLC0415 - imported long since by the store

    try:
        return None if one.last is None else one.last.finished
    except ExpcacheError:  # a damaged record: `expcache list` and `verify` name it
        return None
