"""How a sweep and its points are told of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from expcache.cli._value import params_lines
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._run import Run
    from expcache._sweep import Sweep

__all__ = ["named", "params_of", "points", "store_of"]


def points(count: int) -> str:
    """Return a number of points in words."""
    return f"{count} point{'' if count == 1 else 's'}"


def params_of(view: View, runs: Iterable[Run[Any]], sweep: Sweep[Any]) -> list[str]:
    """Return the params that count of each run in a line; of lines of a runfile, the lines."""
    ignored = sweep.experiment._definition.options.ignore  # noqa: SLF001 - not shown
    shown = [{n: value for n, value in run.params.items() if n not in ignored} for run in runs]
    if all(tuple(one) == ("line",) for one in shown):
        return [str(one["line"]) for one in shown]
    return params_lines(shown, view.width)


def store_of(sweep: Sweep[Any]) -> str:
    """Return where the results are kept."""
    return str(sweep.experiment._definition.store.path)  # noqa: SLF001 - shown, not used


def named(sweep: Sweep[Any]) -> dict[str, Any]:
    """Return the names of a sweep, as JSON tells them."""
    return {"sweep": sweep.name, "experiment": sweep.experiment.name}
