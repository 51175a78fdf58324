"""`expcache verify`: whether all that is stored can be read as it was written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._ending import DONE, FAILED
from expcache.cli._options import command
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._store import Damage, Orphan, Report

__all__ = ["age", "print_report", "tree_of", "verify"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_SHOWN = 50


def age(text: str | float) -> float:
    """Return the seconds of a length of time such as `90m`, `12h`, `7d`."""
    if isinstance(text, float):
        return text
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is no age; give a number and a unit: 90m, 12h, 7d.")
    return float(match[1]) * _UNITS[match[2]]


@command("verify", example="expcache verify\nexpcache verify --remove-orphans --older-than 7d")
@click.option("--remove-orphans", is_flag=True, help="Remove files that no record names.")
@click.option(
    "--older-than", type=age, default="1d", show_default=True, metavar="AGE",
    help="Remove only those that are older, such as 12h or 7d.",
)  # fmt: skip
def verify(view: View, *, remove_orphans: bool, older_than: float) -> int:
    """Check that all that is stored can be read.

    Every record and every result is compared with its checksum; what a run left in its directory
    has none. The exit status is 1 where something is damaged or missing. An orphan, a file that no
    record names, is no damage: a process that was killed leaves such files, and one that is at work
    does for a moment.
    """
    store = view.store()
    report = store.verify(remove_orphans=remove_orphans, age=older_than)
    if view.json:
        view.emit({"store": store.path, **tree_of(report)})
    else:
        view.line(f"store {store.path}")
        print_report(view, report)
    return DONE if report.sound else FAILED


def print_report(view: View, report: Report) -> None:
    """Print what a check of a store found."""
    removed = set(report.removed)
    for title, found in (("damaged", report.damaged), ("missing", report.missing)):
        _print_some(view, [f"{title}: {_damage_line(one)}" for one in found], fg="red")
    _print_some(view, [_orphan_line(one) for one in report.orphans if one.path not in removed])
    _print_some(view, [f"removed: {path}" for path in report.removed])
    counts = f"{len(report.damaged)} damaged, {len(report.missing)} missing"
    left = len(report.orphans) - len(removed)
    view.line(f"{report.records} records, {counts}, {left} orphans")
    if not report.sound:
        view.note("What is damaged counts as missing: run its experiment again, or restore a copy.")


def _print_some(view: View, lines: list[str], **style: Any) -> None:
    for line in lines[:_SHOWN]:
        view.line(line, **style)
    if len(lines) > _SHOWN:
        view.line(f"... and {len(lines) - _SHOWN} more: --json lists all")


def _damage_line(one: Damage) -> str:
    run = f", run {one.key[:32]}" if one.key else ""
    return f"{one.experiment}{run}: {one.reason}"


def _orphan_line(one: Orphan) -> str:
    return f"orphan: {one.path}, {one.age / 3600:.1f} hours old"


def tree_of(report: Report) -> dict[str, Any]:
    """Return the same as JSON has it."""
    return {
        "sound": report.sound,
        "records": report.records,
        "damaged": [one._asdict() for one in report.damaged],
        "missing": [one._asdict() for one in report.missing],
        "orphans": [one._asdict() for one in report.orphans],
        "removed": list(report.removed),
    }
