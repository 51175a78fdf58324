"""`expcache backup`: a copy of the store that is whole."""

from __future__ import annotations

import click

from expcache.cli._ending import DONE, FAILED
from expcache.cli._options import command
from expcache.cli._verify import print_report, tree_of
from expcache.cli._view import View

__all__ = ["backup"]


@command("backup", example="expcache backup backups/2026-11-21\nexpcache backup --link copy")
@click.argument("path", type=click.Path())
@click.option(
    "--link", is_flag=True,
    help="Link to large files in place of copying them: fast and small, but on the same disk.",
)  # fmt: skip
def backup(view: View, path: str, *, link: bool) -> int:
    """Copy the store to a new directory, and verify the copy.

    Others may compute meanwhile. PATH appears whole or not at all, and is a store: name it by
    --store, or rename it to put it in the place of a lost one.
    """
    store = view.store()
    report = store.backup(path, link=link)
    if view.json:
        view.emit({"store": store.path, "path": path, **tree_of(report)})
    elif report.sound:
        view.line(f"{report.records} records are in {path}")
    else:
        print_report(view, report)
    return DONE if report.sound else FAILED
