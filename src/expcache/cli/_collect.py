"""`expcache collect`: put the results that rendered directories hold into the store."""

from __future__ import annotations

from typing import Any

import click

from expcache.cli._ending import DONE, FAILED
from expcache.cli._options import command
from expcache.cli._view import View

__all__ = ["collect"]

_SHOWN = 5


@command("collect", example="expcache collect cluster\nexpcache collect cluster --trust --json")
@click.option("--trust", is_flag=True, help="Take results that need unpickling, too.")
@click.argument("directory", type=click.Path(exists=True, file_okay=False))
def collect(view: View, directory: str, *, trust: bool) -> int:
    """Put what the runs in rendered DIRECTORY left into the store.

    What is stored already stays. The exit status is 1 if a run failed, or a directory does not hold
    what was rendered.
    """
    from expcache._render import collect as collect_all  # noqa: PLC0415 - not for help

    found = collect_all(directory, store=view.place, trust=trust)
    if view.json:
        tree: dict[str, Any] = {name: list(ids) for name, ids in found._asdict().items()}
        view.emit({**tree, "refused": [one._asdict() for one in found.refused]})
    else:
        view.line(str(found))
        if found.failed:
            why = f"To see why: expcache log {found.failed[0][:8]}."
            view.note(f"{why} To compute it again: render, as before.")
        if found.unfinished:
            names = ", ".join(one[:8] for one in found.unfinished[:_SHOWN])
            more = ", ..." if len(found.unfinished) > _SHOWN else ""
            view.note(f"Unfinished: {names}{more}. Wait, or submit them again.")
    return FAILED if found.failed or found.refused else DONE
