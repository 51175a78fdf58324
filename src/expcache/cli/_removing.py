"""`expcache rm` and `expcache gc`: taking records away, after a question."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._complete import complete_id
from expcache.cli._ending import DONE, FAILED, NotThereError
from expcache.cli._options import command
from expcache.cli._selection import OPTIONS, Found, Selection, named_experiments, selection_of
from expcache.cli._value import line_of, size
from expcache.cli._verify import age
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._garbage import Garbage
    from expcache._removal import Removal
    from expcache._run import Run

__all__ = ["gc", "rm"]

_SHOWN = 10


def _selecting(function: Any) -> Any:
    for option in reversed(OPTIONS):
        function = option(function)
    return function


@command(
    "rm", example="expcache rm 3f9a0c21\nexpcache rm --failed\nexpcache rm -e fit C__lt=1 --dry-run"
)
@click.argument("what", nargs=-1, metavar="ID|NAME=VALUE...", shell_complete=complete_id)
@_selecting
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be removed.")
def rm(view: View, what: tuple[str, ...], *, yes: bool, dry_run: bool, **options: Any) -> int:
    """Remove stored runs: their results, failures and files.

    A run is named by its id, or selected as in `expcache list`; one has to fit all that is said.
    Results of every code go, with --code those of one. A run that somebody computes is refused, and
    then nothing is removed. It asks before, and needs --yes where there is nobody to ask.
    """
    ids = [word for word in what if "=" not in word]
    selection = selection_of(tuple(word for word in what if "=" in word), options)
    if not ids and selection == Selection():
        message = "say what to remove: an ID, NAME=VALUE or an option such as --failed"
        raise click.UsageError(message, click.get_current_context())
    store = view.store()
    found = _named(selection.find(store), ids, store)
    chosen = _set_of(found.runs)
    code = selection.code or None
    removal = chosen.delete(code=code, dry_run=True) if found.runs else _nothing()
    if not view.json:
        _print(view, found, removal)
    wanted = bool(found.runs) and not dry_run
    if wanted and (yes or _agreed(view, f"Remove {_counted(len(removal.ids), 'run')}?")):
        removal = chosen.delete(code=code)
        if not view.json:
            view.line(f"Removed {_told(removal)}.")
    for fault in found.faults:
        view.note(fault)
    if view.json:
        view.emit({"store": store.path, **_tree(removal)})
    return FAILED if found.faults or (wanted and removal.dry_run) else DONE


def _nothing() -> Removal:
    from expcache._removal import Removal  # noqa: PLC0415 - not for help

    return Removal(dry_run=True)


def _set_of(runs: list[Run[Any]]) -> Any:
    from expcache._runset import RunSet  # noqa: PLC0415 - not for help

    return RunSet(runs)


def _named(found: Found, ids: list[str], store: Any) -> Found:
    """Keep the runs whose ids are given.

    Raises:
        NotThereError: one of them is not among what is selected.
    """
    from expcache.cli._one import find_run  # noqa: PLC0415 - not for help

    if not ids:
        return found
    wanted = [find_run(store, one).id for one in ids]
    known = {run.id: run for run in found.runs}
    for one in wanted:
        if one not in known:
            message = f"cannot remove run {one[:8]}: it does not fit what else is said."
            raise NotThereError(f"{message} Give only its id, or see 'expcache list'.")
    found.runs = [known[one] for one in dict.fromkeys(wanted)]
    return found


def _print(view: View, found: Found, removal: Removal) -> None:
    for run in found.runs[:_SHOWN]:
        told = run.id not in found.damaged and run.code is not None
        params = ", ".join(f"{k}={line_of(v)}" for k, v in run.params.items()) if told else ""
        line = f"  {run.id[:8]} {found.status_of(run)} {run.experiment}({params})"
        view.line(line if view.width is None else line[: view.width])
    if len(found.runs) > _SHOWN:
        view.line(f"  ... and {len(found.runs) - _SHOWN} more")
    all_of_it = f"That is {_told(removal)}, and what files they have."
    view.line(all_of_it if found.runs else "No stored run fits.")


def _told(removal: Removal) -> str:
    also = f" and {_counted(len(removal.files), 'file')}" if removal.files else ""
    records = _counted(removal.records, "record")
    return f"{records} of {_counted(len(removal.ids), 'run')}{also}, {size(removal.nbytes)}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _agreed(view: View, question: str) -> bool:
    """Ask; where there is nobody to ask, say what to do."""
    if not sys.stdin.isatty():
        message = "nobody can be asked whether to remove them; say --yes, or --dry-run"
        raise click.UsageError(message, click.get_current_context())
    agreed = click.confirm(question, err=True)
    if not agreed:
        view.note("Nothing is removed.")
    return agreed


def _tree(removal: Removal) -> dict[str, Any]:
    names = ("ids", "records", "files", "nbytes", "dry_run")
    tree = {name: getattr(removal, name) for name in names}
    return tree | {"ids": list(removal.ids), "files": [str(one) for one in removal.files]}


@command("gc", example="expcache gc\nexpcache gc --keep-code 8809b8dd --older-than 30d --yes")
@click.option("-e", "--experiment", "name", metavar="NAME", help="Look at this experiment alone.")
@click.option(
    "--keep-code",
    "codes",
    multiple=True,
    metavar="DIGITS",
    help="Records of all other codes can go. Give it once for each code to keep.",
)
@click.option(
    "--older-than",
    type=age,
    default="1d",
    show_default=True,
    metavar="AGE",
    help="What is younger stays; such as 12h or 30d.",
)
@click.option("-y", "--yes", is_flag=True, help="Remove it.")
def gc(
    view: View, name: str | None, codes: tuple[str, ...], older_than: float, *, yes: bool
) -> int:
    """Show what nobody needs any more; with --yes, remove it.

    That is: files that no record names, failures of runs that have a result of the same code, and
    with --keep-code the records of other codes, unless they were accepted for one that is kept.
    """  # fmt: skip
    from expcache._garbage import gc as look  # noqa: PLC0415 - not for help

    store = view.store()
    experiment = None if name is None else _only(named_experiments(store, [name]), name)
    garbage = look(store, experiment=experiment, keep_codes=codes, older_than=older_than)
    removal = garbage.remove() if yes and len(garbage) else None
    if view.json:
        view.emit({"store": store.path, **_garbage_tree(garbage, removal)})
        return DONE
    for line in _garbage_lines(garbage):
        view.line(line)
    if removal is not None:
        view.line(f"Removed {_told(removal)}.")
    elif len(garbage):
        view.note("Nothing is removed; --yes removes it.")
    return DONE


def _only(names: list[str], given: str) -> str:
    if len(names) > 1:
        message = f"{given!r} is the end of several experiments; give one of {', '.join(names)}"
        raise click.UsageError(message, click.get_current_context())
    return names[0]


def _garbage_lines(garbage: Garbage) -> list[str]:
    if not len(garbage):
        return ["There is nothing that can go."]
    told = [f"  {one.experiment} {one.id[:8]}: {one.reason}" for one in garbage.records]
    told += [f"  {one.path}: no record names it" for one in garbage.orphans]
    more = [f"  ... and {len(told) - _SHOWN} more"] if len(told) > _SHOWN else []
    counts = f"{_counted(len(garbage.records), 'record')} ({size(garbage.nbytes)})"
    orphans = _counted(len(garbage.orphans), "file")
    return [*told[:_SHOWN], *more, f"{counts} and {orphans} can go."]


def _garbage_tree(garbage: Garbage, removal: Removal | None) -> dict[str, Any]:
    names = ("experiment", "id", "code", "reason", "nbytes")
    return {
        "records": [{name: getattr(one, name) for name in names} for one in garbage.records],
        "orphans": [one._asdict() for one in garbage.orphans],
        "nbytes": garbage.nbytes,
        "removed": None if removal is None else _tree(removal),
    }
