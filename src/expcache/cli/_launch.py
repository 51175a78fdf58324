"""`expcache launch`: compute the shell commands of a runfile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._computing import compute, computing
from expcache.cli._options import command
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._sweep import Sweep

__all__ = ["launch"]

_EXAMPLE = """expcache launch digits.runfile -j 4
expcache launch digits.runfile --mode retry-failed"""


@command("launch", example=_EXAMPLE)
@click.argument("path", metavar="RUNFILE", type=click.Path())
@computing
def launch(view: View, path: str, options: dict[str, Any]) -> int:
    """Run the shell commands of a file, one a line.

    Those that have a result, or have failed, are left alone; --mode says otherwise. They run in the
    working directory. The id of a run follows from its line; what it prints is in 'expcache log
    ID', and in files: 'expcache show ID'. The exit status is 1 if one has failed.
    """
    with view.in_use(lambda: _sweep_of(path)) as sweep:
        return compute(view, sweep, **options)


def _sweep_of(path: str) -> Sweep[Any]:
    from expcache._specified import runfile  # noqa: PLC0415 - not for help

    return runfile(Path(path).absolute())
