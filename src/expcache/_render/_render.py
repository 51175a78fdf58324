"""Make the directories of the runs of a sweep that are not stored."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xxhash import xxh3_128_hexdigest

from expcache._cell import launch_of_call
from expcache._query import check_word
from expcache._reached import code_text
from expcache._record import note
from expcache._render._batch import Batch, Machine
from expcache._render._fresh import Design
from expcache._render._program import ProgramText, recipe_of
from expcache._render._refusal import refuse
from expcache._render._rendered import Rendered
from expcache._render._scripts import NOTES, SCHEDULERS, Scheduler
from expcache._render._standing import Standing
from expcache._render._style import STYLES, Style, Text, style_of
from expcache._render._templates import Templates
from expcache._run import Run

if TYPE_CHECKING:
    from expcache._cell import Cell
    from expcache._perform import Performer
    from expcache._program import Recipe

__all__ = ["render"]

_COMPUTED = ("missing", "stale", "failed")


def render(  # noqa: PLR0913 - each is an option of its own, by keyword
    sweep: Any,
    templates: str | os.PathLike[str] | None,
    into: str | os.PathLike[str],
    *,
    command: str | None = None,
    machine: str | os.PathLike[str] | None = None,
    scheduler: Scheduler | None = None,
    submit: str | None = None,
    style: Style = "jinja",
    overwrite: bool = False,
) -> Rendered:
    """Make a directory for each run of a sweep that has no result, and a script to submit them.

    The directories can be copied to another machine. What they leave there comes back into the
    store by ``collect``. Nothing is computed here.

    Args:
        sweep: the sweep.
        templates: the directory whose files are filled in for every run; None for none.
        into: where the directories are made, each named by the id of its run.
        command: a line of shell, itself a template, that computes a run in its directory. By
            default what a ``command`` runs, else the function itself is sent along, for a machine
            that has expcache.
        machine: the template of the script that the machine's scheduler starts: with
            ``{{ run.start }}`` where the work begins. By default a plain one.
        scheduler: ``"slurm"`` or ``"pbs"``: submit arrays.
        submit: without ``scheduler``, what submits the script of one directory, as ``"bsub <"``.
            Without both, the runs are computed where the script is called.
        style: ``"jinja"`` for Jinja2 templates, ``"dollar"`` for ``$name``.
        overwrite: replace the directories that wait for their results.

    Raises:
        RenderError: something cannot be rendered; no directory of a run was made.
        UncommittedError: the project requires a clean git, and has changes.
    """
    check_word("style", style, STYLES)
    if scheduler is not None:
        check_word("scheduler", scheduler, SCHEDULERS)
    root = None if templates is None else Path(templates)
    maker = style_of(style, root)
    filled = Templates(root, maker)
    template = Machine(machine, maker, scheduler, submit)
    recipe = recipe_of(sweep._state.performer.definition)  # noqa: SLF001 - what sweeps
    design = Design(
        sweep=sweep.name,
        templates=filled,
        command=_line(recipe) if command is None else maker.text(command, "command"),
        recipe=recipe,
        machine=template.each,
        source=xxh3_128_hexdigest(f"{filled.digest} {command!r}".encode()),
        token=secrets.token_hex(4),
    )
    return _Rendering(sweep, design, Path(into), overwrite=overwrite).all(template)


def _line(recipe: Recipe | None) -> Text | None:
    """Return what computes runs without Python; None if that takes Python."""
    return None if recipe is None or recipe.parse is not None else ProgramText(recipe)


class _Rendering:
    """One call."""

    def __init__(self, sweep: Any, design: Design, into: Path, *, overwrite: bool) -> None:
        self._sweep = sweep
        self._design = design
        self._into = into
        self._overwrite = overwrite
        self._performer: Performer = sweep._state.performer  # noqa: SLF001 - what sweeps
        if not self._performer.definition.options.save:
            message = f"cannot render {sweep.name!r}: its experiment keeps no results (save=False)."
            refuse(message, "Leave save= out.")

    def all(self, machine: Machine) -> Rendered:
        plan = self._sweep.plan()
        wanted: dict[str, Run[Any]] = {}
        for index, status in enumerate(plan.statuses):
            if status in _COMPUTED:
                run = self._sweep[index]
                wanted.setdefault(run.id, run)
        standing = Standing(self._into, self._design.source, self._performer)
        waiting, fresh = standing.sort(wanted.values(), overwrite=self._overwrite)
        submit = None
        if fresh:
            self._sweep.check_git(required=None)
            self._into.mkdir(parents=True, exist_ok=True)
            made = self._into / f".rendering-{self._design.token}"
            made.mkdir()
            try:
                cells = list(self._make(made, fresh))
                batch = Batch(self._into, [run.id for run in fresh])
                scripts = batch.scripts(machine, self._sweep.name, fresh[0].experiment)
                self._note(cells)
                self._move(made, fresh)
                submit = batch.write(scripts)
            finally:
                shutil.rmtree(made, ignore_errors=True)
        stored = sum(status not in _COMPUTED for status in plan.statuses)
        ids = tuple(run.id for run in fresh)
        return Rendered(self._sweep.name, self._into, ids, waiting, stored, submit)

    def _make(self, made: Path, fresh: list[Run[Any]]) -> Iterator[Cell]:
        launch = launch_of_call(())
        for run in fresh:
            cell = self._performer.cell(run, launch=launch)
            self._design.make(made / run.id, run, cell, self._into)
            yield cell

    def _note(self, cells: list[Cell]) -> None:
        """Tell beside the directories which code they were rendered for."""
        notes = self._into / NOTES
        notes.mkdir(exist_ok=True)
        for cell in {cell.code: cell for cell in cells}.values():
            text = code_text(self._performer.definition, cell.identity.classes)
            target = notes / f"code-{cell.code}"
            target.with_name(f"{target.name}.new").write_bytes(note(text))
            target.with_name(f"{target.name}.new").replace(target)

    def _move(self, made: Path, fresh: list[Run[Any]]) -> None:
        for run in fresh:
            target = self._into / run.id
            if target.exists():
                target.rename(made / f"replaced-{run.id}")
            (made / run.id).rename(target)
