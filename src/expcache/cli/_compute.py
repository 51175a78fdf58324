"""`expcache compute`: compute the run that a rendered directory holds, where that lies."""

from __future__ import annotations

import click

from expcache.cli._ending import DONE, FAILED
from expcache.cli._options import command
from expcache.cli._view import View

__all__ = ["compute"]


@command("compute", example="expcache compute cluster/9f86d081884c7d659a2feaa0c55ad015")
@click.argument("directory", type=click.Path(exists=True, file_okay=False), default=".")
def compute(view: View, directory: str) -> int:
    """Compute the function of a rendered directory.

    DIRECTORY is by default this one. The scripts that `render` makes call this. What comes of it
    stays there, for `collect`; no store is used. The exit status is 1 if the run failed.
    """
    from expcache._render import compute_rendered  # noqa: PLC0415 - not for help

    header = compute_rendered(directory)
    error = header.error or {}
    if view.json:
        told = {"id": header.id, "experiment": header.experiment, "status": header.outcome}
        view.emit({**told, "output": header.output, "error": header.error})
    else:
        click.echo(header.output, nl=False)
        click.echo(error.get("traceback", ""), nl=False, err=True)
    return FAILED if error else DONE
