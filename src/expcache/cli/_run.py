"""`expcache run`: one run of an experiment, or of a program."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._computing import apart, limiting, tagging
from expcache.cli._ending import DONE, FAILED
from expcache.cli._options import Command, command
from expcache.cli._value import parse_assignments, seconds, to_json
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._run import Run

__all__ = ["run"]

_EXAMPLE = """expcache run study.py:fit C=1 gamma=1e-3 kernel=rbf
expcache run study.py:fit 'layers=[64, 64]' --refresh
expcache run -- ./simulate --steps 1000 input.txt"""
_WORDS = "expcache.cli._run.words"


class _Run(Command):
    """Tells the words behind `--` from the others: they are a program and its arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the words behind `--` aside."""
        if "--" in args:
            at = args.index("--")
            ctx.meta[_WORDS] = args[at + 1 :]
            args = args[:at]
        return super().parse_args(ctx, args)


@command("run", example=_EXAMPLE, kind=_Run)
@click.argument("target", metavar="FILE.py[:FUNCTION]", required=False, type=click.Path())
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--refresh", is_flag=True, help="Compute it even if a result is stored.")
@limiting
@tagging
def run(
    view: View, target: str | None, values: tuple[str, ...], tags: tuple[str, ...], **options: Any
) -> int:
    """Compute one run of an experiment or of a program.

    A result that is stored is shown; what has failed is tried again. Values are written as in JSON
    or Python; all other text stands for itself. What follows '--' is a program and its arguments:
    it runs in the working directory, and is the same run as a line with these words of 'expcache
    launch'. The exit status is 1 if the run failed.
    """
    from expcache._launch import launch  # noqa: PLC0415 - not for help

    words = click.get_current_context().meta.get(_WORDS) or []
    params = {} if target is None else parse_assignments((*values, *words))
    with view.in_use(lambda: _experiment_of(target, words)) as experiment:
        if target is None:
            params = {"line": shlex.join(words), "here": str(Path.cwd())}
        with apart(view), launch(tags=tags):
            one = experiment.sweep([params])[0].compute(**options)
        if view.json:
            view.emit(_tree(one))
        else:
            _print(view, one, is_program=target is None)
    return FAILED if one.status == "failed" else DONE


def _experiment_of(target: str | None, words: list[str]) -> Any:
    if target is not None:
        from expcache.cli._target import experiment_of  # noqa: PLC0415 - not for help

        return experiment_of(target)
    if not words:
        message = "nothing to run is given; give FILE.py:FUNCTION, or -- PROGRAM ARGUMENTS."
        raise click.UsageError(message, click.get_current_context(silent=True))
    from expcache._shellwork import command_of_lines  # noqa: PLC0415 - not for help

    return command_of_lines()


def _print(view: View, one: Run[Any], *, is_program: bool) -> None:
    when = "stored before" if one.cached else f"computed in {seconds(one.runtime)}"
    view.note(f"run {one.id[:8]} {one.status}, {when}")
    if one.status == "failed":
        error = one.error
        view.note((error.traceback or str(error)).rstrip() if error else "")
    elif not (is_program and isinstance(one.result, dict) and "stdout" in one.result):
        view.line(repr(one.result))
    elif one.cached:  # else it is there already
        click.echo(one.result["stdout"], nl=False)


def _tree(one: Run[Any]) -> dict[str, Any]:
    done = one.status == "done"
    tree: dict[str, Any] = {"id": one.id, "experiment": one.experiment, "status": one.status}
    tree |= {"cached": bool(one.cached), "params": to_json(one.params), "runtime": one.runtime}
    tree["result"] = to_json(one.result) if done else None
    return tree | {"error": None if done else str(one.error)}
