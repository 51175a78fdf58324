"""`expcache explain`: why the points of a sweep, or one run, are hits or misses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from expcache.cli._complete import complete_id_or_file
from expcache.cli._ending import DONE, NotThereError, RefusedError
from expcache.cli._options import command
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._explanation import Explanation, SweepExplanation

__all__ = ["explain"]

_EXAMPLE = """expcache explain study.py:sweep_digits
expcache explain stiff.yaml
expcache explain 3f9a0c21 --diff"""


@command("explain", example=_EXAMPLE)
@click.argument("target", metavar="SPEC|FILE.py[:SWEEP]|ID", shell_complete=complete_id_or_file)
@click.option("--diff", is_flag=True, help="Show how the code differs, too.")
def explain(view: View, target: str, *, diff: bool) -> int:
    """Tell why points are stored or not.

    SPEC is a YAML or TOML file that describes a sweep. A file of Python is imported, and so is the
    one that the experiment of an ID comes from; nothing is computed.
    """
    from expcache.cli._sweeps import is_target  # noqa: PLC0415 - not for help

    told: list[Any] = []
    told += _of_code(view, target) if is_target(target) else [_of_run(view, target)]
    if view.json:
        view.emit({"explanations": [_tree(one, diff=diff) for one in told]})
        return DONE
    for one in told:
        view.line(str(one))
        if diff:
            _print_diffs(view, one)
    return DONE


def _of_code(view: View, target: str) -> list[SweepExplanation]:
    from expcache.cli._sweeps import sweeps_named  # noqa: PLC0415 - not for help

    with view.in_use(lambda: sweeps_named(target)) as sweeps:
        return [sweep.explain() for sweep in sweeps.values()]


def _of_run(view: View, run_id: str) -> Explanation:
    from expcache._space import points  # noqa: PLC0415 - not for help
    from expcache.cli._one import find_run  # noqa: PLC0415 - as above
    from expcache.cli._target import source_experiment  # noqa: PLC0415 - as above

    store = view.store()
    run = find_run(store, run_id)
    if run.code is None:
        message = f"cannot explain run {run.id[:8]}: nothing is stored of it yet."
        raise NotThereError(f"{message} Wait until it is computed.")
    with view.in_use(lambda: source_experiment(store, run.experiment)) as experiment:
        now = experiment.sweep(points([run.params]))[0]
        if now.id != run.id:
            message = f"cannot explain run {run.id[:8]}: its params, as its record tells them, are"
            remedy = "Explain the sweep that it is of: expcache explain SPEC, or FILE.py:SWEEP"
            raise RefusedError(f"{message} those of run {now.id[:8]} now. {remedy}.")
        told: Explanation = now.explain()
    return told


def _print_diffs(view: View, told: Any) -> None:
    for one in [group.example for group in told.groups] if hasattr(told, "groups") else [told]:
        for line in one.diff().splitlines():
            color = {"+": "green", "-": "red"}.get(line[:1])
            view.line(line, **({} if color is None else {"fg": color}))


def _tree(told: Any, *, diff: bool) -> dict[str, Any]:
    if not hasattr(told, "groups"):
        return _one(told, diff=diff)
    groups = []
    for group in told.groups:
        facts = {"status": group.status, "hit": group.hit, "reason": group.reason}
        facts |= {"indices": list(group.indices), "example": _one(group.example, diff=diff)}
        groups.append(facts)
    counts = {"points": len(told), "hits": told.hits, "misses": told.misses}
    return {"sweep": told.name, **counts, "groups": groups}


_NAMES = ("id", "experiment", "call", "status", "hit", "cause", "reason", "remedy")
_FACTS = ("kind", "name", "old", "new", "file", "line", "words")


def _one(told: Any, *, diff: bool) -> dict[str, Any]:
    tree = {name: getattr(told, name) for name in _NAMES}
    against = told.against
    tree["against"] = None if against is None else against._asdict()
    for name in ("differences", "environment"):
        tree[name] = [{fact: getattr(one, fact) for fact in _FACTS} for one in getattr(told, name)]
    tree["unseen"] = [str(one) for one in told.unseen]
    return tree | ({"diff": told.diff()} if diff else {})
