"""`expcache sweep`: compute the points of a sweep, in a file of ours or in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from expcache.cli._computing import compute, computing
from expcache.cli._ending import DONE
from expcache.cli._options import command
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._sweep import Sweep

__all__ = ["sweep"]

_EXAMPLE = """expcache sweep stiff.yaml -j 4
expcache sweep study.py:sweep_digits --dry-run
expcache sweep study.py:sweep_digits --out digits.runfile"""


@command("sweep", example=_EXAMPLE)
@click.argument("target", metavar="SPEC|FILE.py[:SWEEP]", type=click.Path())
@click.option(
    "-o", "--out", metavar="RUNFILE", type=click.Path(dir_okay=False, allow_dash=True),
    help="Compute nothing; write a shell command for each point to a file, or to - .",
)  # fmt: skip
@computing
def sweep(view: View, target: str, out: str | None, options: dict[str, Any]) -> int:
    """Compute the points of a sweep that have no result yet.

    SPEC is a YAML or TOML file that describes a sweep. The exit status is 1 if a run failed.
    """
    from expcache.cli._sweeps import sweep_of  # noqa: PLC0415 - not for help

    with view.in_use(lambda: sweep_of(target)) as found:
        return compute(view, found, **options) if out is None else _write(view, found, out)


def _write(view: View, found: Sweep[Any], out: str) -> int:
    from expcache.cli._lines import lines_of, write_lines  # noqa: PLC0415 - for this option alone

    lines = lines_of(found)
    if out != "-":
        with view.writing(out):
            write_lines(out, lines)
    if view.json:
        view.emit({"sweep": found.name, "path": None if out == "-" else out, "lines": lines})
    elif out == "-":
        for line in lines:
            view.line(line)
    else:
        view.line(f"{len(lines)} commands are in {out}")
    return DONE
