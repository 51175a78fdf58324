"""Turn sweeps, and the checks of sweeps, into ordinary test functions: one a point."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import pytest

from pytest_expcache._labels import label_points, text_of

if TYPE_CHECKING:
    from expcache import Sweep

__all__ = [
    "Point",
    "add_keywords",
    "forget_parameters",
    "is_sweep",
    "parametrize",
    "point_of",
    "refuse_in_class",
    "sweep_of",
]

_ARGUMENT = "run"

_parameters = pytest.StashKey[dict[int, "tuple[Sweep[Any], list[Any]]"]]()


class Point(NamedTuple):
    """One point of a sweep, as the parameter of one test."""

    sweep: Sweep[Any]
    index: int  # type: ignore[assignment] # not the method of tuples
    id: str
    """The id of its run."""

    def __repr__(self) -> str:
        """Show sweep and index, as ``--setup-show`` prints them."""
        return f"{self.sweep.name}[{self.index}]"


def is_sweep(thing: object) -> TypeGuard[Sweep[Any]]:
    """Whether a thing is a sweep, found out without importing expcache."""
    expcache = sys.modules.get("expcache")
    kind = getattr(expcache, "Sweep", None)
    return kind is not None and isinstance(thing, kind)


def point_of(item: pytest.Item) -> Point | None:
    """Return the point that an item stands for, or None for any other test."""
    callspec = getattr(item, "callspec", None)
    point = None if callspec is None else callspec.params.get(_ARGUMENT)
    return point if isinstance(point, Point) else None


def sweep_of(function: object) -> Sweep[Any] | None:
    """Return the sweep that a test function is, or is a check of."""
    sweep = function if is_sweep(function) else getattr(function, "__expcache_sweep__", None)
    return sweep if is_sweep(sweep) else None


def parametrize(metafunc: pytest.Metafunc, sweep: Sweep[Any]) -> None:
    """Give a sweep, or a check of one, a test for every point."""
    function = metafunc.function
    if _ARGUMENT not in metafunc.fixturenames:
        message = f"cannot check a sweep with {function.__name__!r}: it takes no argument 'run'."
        raise pytest.Collector.CollectError(f"{message} Add it: def {function.__name__}(run).")
    metafunc.parametrize(_ARGUMENT, _parameters_of(metafunc.config, sweep), indirect=True)


def refuse_in_class(collector: pytest.Collector, name: str, thing: object) -> None:
    """Refuse a sweep in the body of a test class.

    Raises:
        pytest.Collector.CollectError: there is one.
    """
    if isinstance(collector, pytest.Class) and is_sweep(thing):
        message = f"cannot collect sweep {name!r} in class {collector.name}: pytest would pass"
        remedy = "the instance as its first argument. Define it at module level."
        raise pytest.Collector.CollectError(f"{message} {remedy}")


def add_keywords(item: pytest.Item) -> None:
    """Let ``-k`` select by the sweep's name and by the run's id, in checks too."""
    point = point_of(item)
    if point is not None:
        item.extra_keyword_matches.update((point.sweep.name, point.id))


def forget_parameters(config: pytest.Config) -> None:
    """Let go of what only collecting needs."""
    config.stash[_parameters] = {}


def _parameters_of(config: pytest.Config, sweep: Sweep[Any]) -> list[Any]:
    """Return the parameters of a sweep, made once however many checks there are of it."""
    made = config.stash.setdefault(_parameters, {})
    if id(sweep) not in made:
        made[id(sweep)] = sweep, _make_parameters(sweep)
    return made[id(sweep)][1]


def _make_parameters(sweep: Sweep[Any]) -> list[Any]:
    from expcache.errors import ExpcacheError  # noqa: PLC0415 - imported long since by the sweep

    try:
        points, ids = list(sweep.space), sweep.ids
    except ExpcacheError as error:
        raise pytest.Collector.CollectError(f"{sweep.name}: {error}") from error
    named, mark = pytest.mark.sweep.with_args(name=sweep.name), pytest.mark.point
    return [
        pytest.param(
            Point(sweep, index, run_id),
            id=label,
            marks=(named, mark.with_args(**_mark_values(point))),
        )
        for index, (point, run_id, label) in enumerate(
            zip(points, ids, label_points(points, ids), strict=True)
        )
    ]


def _mark_values(point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as ``-m "point(...)"`` can spell them: it knows no floats."""
    return {
        name: value if type(value) in (int, bool, str) or value is None else text_of(value)
        for name, value in point.items()
        if name != "self"  # taken by with_args itself
    }
