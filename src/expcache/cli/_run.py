"""`expcache run`: one run of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from expcache.cli._computing import apart, limiting
from expcache.cli._ending import DONE, FAILED
from expcache.cli._options import command
from expcache.cli._value import parse_value, seconds, to_json
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._run import Run

__all__ = ["run"]

_EXAMPLE = """expcache run study.py:fit C=1 gamma=1e-3 kernel=rbf
expcache run study.py:fit 'layers=[64, 64]' --refresh"""


@command("run", example=_EXAMPLE)
@click.argument("target", metavar="FILE.py[:FUNCTION]")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--refresh", is_flag=True, help="Compute it even if a result is stored.")
@limiting
def run(view: View, target: str, values: tuple[str, ...], **options: Any) -> int:
    """Compute one run of an experiment, unless its result is stored.

    Values are written as in JSON or Python; all other text stands for itself. The exit status is
    1 if the run failed.
    """
    from expcache.cli._target import experiment_of  # noqa: PLC0415 - not for help

    params = _params_of(values)
    with view.in_use(lambda: experiment_of(target)) as experiment:
        with apart(view):
            one = experiment.sweep([params])[0].compute(**options)
        if view.json:
            view.emit(_tree(one))
        else:
            _print(view, one)
    return FAILED if one.status == "failed" else DONE


def _params_of(values: tuple[str, ...]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for text in values:
        name, sign, value = text.partition("=")
        if not sign or not name.isidentifier():
            message = f"{text!r} is no value of a parameter; give NAME=VALUE, such as C=1."
            raise click.UsageError(message, click.get_current_context(silent=True))
        if name in params:
            message = f"{name!r} is given twice."
            raise click.UsageError(message, click.get_current_context(silent=True))
        params[name] = parse_value(value)
    return params


def _print(view: View, one: Run[Any]) -> None:
    when = "stored before" if one.cached else f"computed in {seconds(one.runtime)}"
    view.note(f"run {one.id[:8]} {one.status}, {when}")
    if one.status == "failed":
        error = one.error
        view.note((error.traceback or str(error)).rstrip() if error else "")
    else:
        view.line(repr(one.result))


def _tree(one: Run[Any]) -> dict[str, Any]:
    done = one.status == "done"
    tree: dict[str, Any] = {"id": one.id, "experiment": one.experiment, "status": one.status}
    tree |= {"cached": bool(one.cached), "params": to_json(one.params), "runtime": one.runtime}
    tree["result"] = to_json(one.result) if done else None
    return tree | {"error": None if done else str(one.error)}
