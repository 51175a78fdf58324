"""`expcache list`: the stored runs, one a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._ending import DONE, FAILED
from expcache.cli._options import command
from expcache.cli._selection import Found, Selection, selecting
from expcache.cli._table import Column
from expcache.cli._value import local_time, params_lines, seconds, to_json
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._run import Run

__all__ = ["chosen", "list_runs", "ordering", "rank"]

_ID = Column("id")
_STATUS = Column("status", rank=3)
_EXPERIMENT = Column("experiment", least=8, rank=4)
_PARAMS = Column("params", least=12)
_TIMES = Column("runtime", right=True, rank=2), Column("finished", rank=5)
_WORDS = ("id", "experiment", "status", "runtime", "started", "finished")
_EXAMPLE = """expcache list
expcache list --failed
expcache list -e fit C__ge=1 gamma=0.001 --sort runtime --reverse --limit 10"""


def ordering(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that order runs, and say how many are wanted."""
    for option in (
        click.option("-n", "--limit", type=click.IntRange(min=1), help="Only so many."),
        click.option("-r", "--reverse", is_flag=True, help="The other way around."),
        click.option(
            "--sort", metavar="BY",
            help=f"Order by {', '.join(_WORDS)} or a parameter; else as they were stored.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


@command("list", example=_EXAMPLE)
@selecting
@ordering
def list_runs(view: View, selection: Selection, **order: Any) -> int:
    """List the stored runs.

    NAME=VALUE selects by a parameter: C=1, C__ge=1 (or ne, lt, le, gt), C__in=[1,10]. Values are
    written as in JSON or Python; all other text stands for itself.
    """
    store = view.store()
    found = selection.find(store)
    runs = chosen(found, **order)
    if view.json:
        view.emit({"store": store.path, "runs": [_tree(found, run) for run in runs]})
    elif runs:
        _print(view, found, runs)
    else:
        view.note("No run is stored." if selection == Selection() else "No stored run fits.")
    for fault in found.faults:
        view.note(fault)
    return FAILED if found.faults else DONE


def chosen(found: Found, *, sort: str | None, reverse: bool, limit: int | None) -> list[Run[Any]]:
    """Return the runs that were found in the order that is wanted, and only so many."""
    runs = found.runs
    if sort is not None:
        known = {name for run in runs for name in _params(found, run)}
        if sort not in known and sort not in _WORDS:
            listed = ", ".join([*_WORDS, *sorted(known)])
            message = f"there is no {sort!r} to sort by; there are {listed}."
            raise click.UsageError(message, click.get_current_context(silent=True))
        runs = sorted(runs, key=lambda run: rank(_value(found, run, sort)))
    return (runs[::-1] if reverse else runs)[:limit]


def _value(found: Found, run: Run[Any], name: str) -> Any:
    params = _params(found, run)
    if name in params:
        return params[name]
    if name in ("id", "experiment"):
        return getattr(run, name)
    if name == "status":
        return found.status_of(run)
    known = name in _WORDS and run.id not in found.damaged
    return getattr(run, name) if known else None


def rank(value: Any) -> tuple[int, Any]:
    """Return what orders values of any kinds: numbers, then texts, then others, nothing last."""
    if isinstance(value, (bool, int, float)):
        return (0, value)
    if value is None:
        return (3, 0)
    return (1, value) if isinstance(value, str) else (2, str(value))


def _params(found: Found, run: Run[Any]) -> dict[str, Any]:
    """Return the params that are known: of a damaged record, or of a first attempt, none are."""
    if run.id in found.damaged or run.code is None:
        return {}
    return run.params


def _print(view: View, found: Found, runs: list[Run[Any]]) -> None:
    one = len({run.experiment for run in runs}) == 1
    columns = [_ID, _STATUS, *([] if one else [_EXPERIMENT]), _PARAMS, *_TIMES]
    rows = []
    lines = params_lines([_params(found, run) for run in runs], view.width)
    for run, params in zip(runs, lines, strict=True):
        told = run.id not in found.damaged
        times = [seconds(run.runtime), local_time(run.finished)] if told else ["", ""]
        name = [] if one else [run.experiment]
        rows.append([run.id[:8], found.status_of(run), *name, params, *times])
    view.table(columns, rows)


def _tree(found: Found, run: Run[Any]) -> dict[str, Any]:
    damage = found.damaged.get(run.id)
    facts: dict[str, Any] = {"id": run.id, "experiment": run.experiment}
    facts |= {"status": found.status_of(run), "code": run.code}
    facts["params"] = to_json(_params(found, run))
    if damage is None:
        facts |= {"runtime": run.runtime, "started": _iso(run.started)}
        facts |= {"finished": _iso(run.finished), "tags": list(run.tags)}
        facts["error"] = None if run.error is None else str(run.error)
    return facts | ({} if damage is None else {"damage": damage})


def _iso(moment: Any) -> str | None:
    return None if moment is None else str(moment.isoformat())
