"""`expcache render`: make directories and scripts of a sweep for a batch system."""

from __future__ import annotations

from typing import Any

import click

from expcache.cli._options import command
from expcache.cli._view import View

__all__ = ["render"]

_EXAMPLE = """expcache render study.py:sweep_fit cluster --scheduler slurm
expcache render beam.yaml cluster -t templates --command 'sh run.sh'"""
_DIRECTORY = click.Path(exists=True, file_okay=False)


@command("render", example=_EXAMPLE)
@click.option(
    "-t",
    "--templates",
    type=_DIRECTORY,
    metavar="DIRECTORY",
    help="Fill what is in it for each run.",
)
@click.option(
    "--command",
    metavar="LINE",
    help="What computes a run in its directory, itself a template. Without it, the function is "
    "sent along.",
)
@click.option(
    "--machine",
    type=click.Path(exists=True),
    metavar="FILE",
    help="The template of the script that a scheduler starts.",
)
@click.option(
    "--scheduler",
    type=click.Choice(["slurm", "pbs"]),
    help="Submit arrays to it.",
)
@click.option("--submit", metavar="COMMAND", help="What submits the script of one directory.")
@click.option(
    "--style",
    type=click.Choice(["jinja", "dollar"]),
    default="jinja",
    help="Jinja2 templates, or $name.",
)
@click.option("--overwrite", is_flag=True, help="Replace directories that wait for results.")
@click.argument("target", metavar="SPEC|FILE.py[:SWEEP]", type=click.Path())
@click.argument("into", type=click.Path(file_okay=False))
def render(view: View, target: str, into: str, **options: Any) -> None:
    """Make a directory for each run that has no result.

    The directories INTO/ID get scripts to submit them. Nothing is computed. Copy INTO to another
    machine, submit it there, copy it back, and let 'expcache collect' put the results into the
    store.
    """
    from expcache._render import render as render_sweep  # noqa: PLC0415 - not for help
    from expcache.cli._sweeps import sweep_of  # noqa: PLC0415 - as above

    with view.in_use(lambda: sweep_of(target)) as sweep:
        made = render_sweep(sweep, options.pop("templates"), into, **options)
    if view.json:
        told = made._asdict() | {"ids": list(made.ids), "waiting": list(made.waiting)}
        submit = None if made.submit is None else str(made.submit)
        told |= {"directory": str(made.directory), "submit": submit}
        view.emit({"sweep": told.pop("name"), **told})
    else:
        view.line(str(made))
