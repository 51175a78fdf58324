"""Which stored runs a command is about: by params, status, experiment, code, tag, launch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._complete import complete_experiment
from expcache.cli._ending import NotThereError
from expcache.cli._value import parse_assignments

if TYPE_CHECKING:
    from expcache._run import Run
    from expcache._store import Store

__all__ = ["OPTIONS", "Found", "Selection", "named_experiments", "selecting", "selection_of"]

STATUSES = ("done", "failed", "queued", "running", "damaged")


@dataclass
class Found:
    """The runs that were selected."""

    runs: list[Run[Any]] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)
    """Why the record of a run, by its id, cannot be read."""
    faults: list[str] = field(default_factory=list)
    """Why nothing can be told of an experiment."""

    def status_of(self, run: Run[Any]) -> str:
        """Return the status of a run; a damaged record has one of its own."""
        return "damaged" if run.id in self.damaged else run.status


@dataclass(frozen=True)
class Selection:
    """Which runs are meant, as the command line says it."""

    filters: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    code: str = ""
    tags: tuple[str, ...] = ()
    launch: str = ""
    sweep: str = ""

    def find(self, store: Store) -> Found:
        """Return the runs of a store that are meant, experiment by experiment."""
        from expcache.cli._stored import header_fault, runs_of  # noqa: PLC0415 - not for help
        from expcache.errors import StoreError  # noqa: PLC0415 - as above

        found, runs = Found(), []
        for experiment in named_experiments(store, self.experiments):
            try:
                runs += runs_of(store, experiment, self.code)
            except StoreError as error:
                found.faults.append(str(error))
        for run in runs:
            fault = header_fault(run) if run.status in ("done", "failed") else ""
            if fault:
                found.damaged[run.id] = fault
        found.runs = self._among(found, self._of_sweep(store, runs))
        return found

    def _of_sweep(self, store: Store, runs: list[Run[Any]]) -> list[Run[Any]]:
        """Keep the runs that are points of the sweep, in its order."""
        if not self.sweep:
            return runs
        from expcache._store import use  # noqa: PLC0415 - not for help
        from expcache.cli._sweeps import sweep_of  # noqa: PLC0415 - as above

        with use(store):
            sweep = sweep_of(self.sweep)
            ids, name = sweep.ids, sweep.experiment.name
        known = {run.id: run for run in runs if run.experiment == name}
        return [known[one] for one in dict.fromkeys(ids) if one in known]

    def _among(self, found: Found, runs: Iterable[Run[Any]]) -> list[Run[Any]]:
        from expcache._runset import RunSet  # noqa: PLC0415 - not for help

        if self.statuses:
            runs = [run for run in runs if found.status_of(run) in self.statuses]
        lookups = parse_assignments(self.filters, lookups=True)
        if not (lookups or self.tags or self.launch):
            return list(runs)
        sound = [run for run in runs if run.id not in found.damaged and _is_told(run)]
        if self.tags:
            sound = [run for run in sound if {*self.tags} <= {*run.tags}]
        chosen = RunSet(sound).where(**lookups)
        return list(chosen.launched(self.launch) if self.launch else chosen)


def _is_told(run: Run[Any]) -> bool:
    """Whether a record tells of a run: of one that is computed for the first time, none does."""
    return run.code is not None


def named_experiments(store: Store, names: Iterable[str]) -> list[str]:
    """Return the experiments of a store that are meant: all of them without a name.

    A name is whole, or the end of one after a dot, or a pattern with `*`.

    Raises:
        NotThereError: no experiment has a name like this.
    """
    known = store.experiments()
    chosen = [one for name in names for one in _fitting(store, known, name)]
    return list(dict.fromkeys(chosen)) if names else known


def _fitting(store: Store, known: list[str], name: str) -> list[str]:
    if name in known:
        return [name]
    found = [one for one in known if fnmatchcase(one, name) or one.endswith(f".{name}")]
    if found:
        return found
    message = f"cannot find the experiment {name!r}: it is not in the store {store.path}."
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else "Type 'expcache status' to see which are."
    raise NotThereError(f"{message} {hint}")


def selecting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments and options that select runs; the function gets a `Selection`."""

    @wraps(function)
    def call(*args: Any, filters: tuple[str, ...], **given: Any) -> Any:
        return function(*args, selection=selection_of(filters, given), **given)

    for option in reversed((_FILTERS, *OPTIONS)):
        call = option(call)
    return call


def selection_of(filters: tuple[str, ...], given: dict[str, Any]) -> Selection:
    """Take the values of `OPTIONS` out of what a command was given, and return what they say."""
    names = ("experiments", "statuses", "code", "tags", "launch", "sweep")
    chosen = {name: given.pop(name) for name in names}
    if given.pop("failed"):
        chosen["statuses"] += ("failed",)
    return Selection(filters, **chosen)


_FILTERS = click.argument("filters", nargs=-1, metavar="[NAME=VALUE]...")

OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "-e", "--experiment", "experiments", multiple=True, metavar="NAME",
        shell_complete=complete_experiment,
        help="Only of this experiment: its name, the end of it, or a pattern with *.",
    ),
    click.option(
        "--status", "statuses", multiple=True, type=click.Choice(STATUSES),
        help="Only with this status.",
    ),
    click.option("--failed", is_flag=True, help="Only failed ones."),
    click.option(
        "--code", default="", metavar="DIGITS", help="Only of code whose fingerprint begins so."
    ),
    click.option(
        "--sweep", default="", metavar="SPEC|FILE.py[:SWEEP]", type=click.Path(),
        help="Only points of this sweep.",
    ),
    click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only with this tag."),
    click.option(
        "--launch", default="", metavar="ID",
        help="Only what this launch has computed: its id, or how it begins.",
    ),
)  # fmt: skip
