"""What a type checker knows of experiments. Checked by mypy, never run.

Each `type: ignore` proves that the checker sees the mistake: an unneeded one is an error.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, assert_type

from expcache import (
    AsyncExperiment,
    Completed,
    Experiment,
    Plan,
    Run,
    RunSet,
    Space,
    Sweep,
    experiment,
    grid,
    load,
    load_ids,
)


@experiment
def plain(x: int, y: float = 1.0) -> str:
    """Be an experiment of the bare decorator."""
    return f"{x} {y}"


@experiment(name="other", ignore=["threads"], tags="quick")
def with_options(x: int, *, threads: int = 1) -> list[float]:
    """Be an experiment with options."""
    return [float(x)] * threads


@experiment
async def waiting(x: int) -> bytes:
    """Be an experiment of a coroutine function."""
    return bytes(x)


@experiment(save=False)
async def waiting_with_options(x: int) -> bytes:
    """Be one with options."""
    return bytes(x)


@dataclass(frozen=True)
class Model:
    """A dataclass whose method is an experiment."""

    size: int

    @experiment
    def fit(self, rate: float) -> dict[str, float]:
        """Return a loss."""
        return {"loss": rate * self.size}


def check_calls() -> None:
    """The decorated function keeps its parameters and its result."""
    assert_type(plain(1), str)
    assert_type(plain(x=1, y=2.0), str)
    assert_type(with_options(1, threads=2), list[float])
    plain("1")  # type: ignore[arg-type]
    plain(1, z=2)  # type: ignore[call-arg]
    with_options(1, 2)  # type: ignore[call-arg]


def check_handles() -> None:
    """Runs know the type of their result."""
    assert_type(plain.run(1), Run[str])
    assert_type(plain.run(1).result, str)
    assert_type(plain.find(1), Run[str] | None)
    assert_type(plain.id(1), str)
    assert_type(plain.runs(), RunSet[str])
    assert_type(plain.runs().results, list[str])
    assert_type(plain.run(1).compute(), Run[str])
    plain.run("1")  # type: ignore[arg-type]
    plain.find(z=1)  # type: ignore[call-arg]
    plain.id()  # type: ignore[call-arg]


def check_sweeps() -> None:
    """Sweeps, plans and sets hand the type on."""
    space = grid(x=[1, 2])
    assert_type(space, Space)
    assert_type(space * space + space, Space)
    sweep = with_options.sweep(space, name="two")
    assert_type(sweep, Sweep[list[float]])
    assert_type(sweep.run(), RunSet[list[float]])
    assert_type(sweep.run()[0].result, list[float])
    assert_type(sweep.run()[:1], RunSet[list[float]])
    assert_type(sweep.as_completed(), Completed[list[float]])
    assert_type(sweep.plan(), Plan[list[float]])
    assert_type(sweep.plan().missing, RunSet[list[float]])
    assert_type(sweep.add(space).where(x=1), Sweep[list[float]])
    assert_type(sweep[0], Run[list[float]])
    assert_type([run.result for run in sweep], list[list[float]])
    assert_type(sweep.status(), dict[str, int])
    sweep.run(True)  # type: ignore[call-arg]  # noqa: FBT003 - options are keyword-only
    sweep.run(failed="ignore")  # type: ignore[arg-type]


def check_tests() -> None:
    """A test of the runs keeps its own type."""
    sweep = plain.sweep(grid(x=[1]))

    @sweep.check
    def test_length(run: Run[str]) -> None:
        assert run.result

    test_length(plain.run(1))


async def check_coroutines() -> None:
    """A coroutine function's experiment is awaited, and its runs hold the value."""
    written_down: AsyncExperiment[[int], bytes] = waiting
    awaitable = assert_type(written_down(1), Coroutine[Any, Any, bytes])
    assert_type(await awaitable, bytes)
    assert_type(await waiting(x=1), bytes)
    assert_type(waiting.run(1), Run[bytes])
    assert_type(await waiting_with_options(1), bytes)


def check_methods() -> None:
    """A method's experiment binds its instance like any method."""
    model = Model(3)
    written_down: Experiment[[float], dict[str, float]] = model.fit
    assert_type(written_down(0.1), dict[str, float])
    assert_type(model.fit(0.1), dict[str, float])
    assert_type(model.fit.run(rate=0.1), Run[dict[str, float]])
    assert_type(Model.fit(model, 0.1), dict[str, float])
    model.fit("0.1")  # type: ignore[arg-type]


def check_loading() -> None:
    """A list of ids gives a set; one id gives whatever was stored."""
    assert_type(load_ids("ids.json"), list[str])
    assert_type(load(["0" * 32]), RunSet[Any])


def wants_a_function(function: Experiment[[int], str]) -> str:
    """Take an experiment by its full type."""
    return function(1)


@experiment
def one(x: int) -> str:
    """Be an experiment of one parameter."""
    return str(x)


def check_the_full_type() -> None:
    """The class can be written down in annotations."""
    wants_a_function(one)
    wants_a_function(with_options)  # type: ignore[arg-type]
