"""Sweeps inside of sweeps and of runs: whatever holds a claim, nobody waits for ever."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

import subjects
from expcache import Store, as_completed, experiment, grid
from expcache._perform import _claiming, _underway, underway
from travelling import run_script

pytestmark = pytest.mark.usefixtures("isolated")


@dataclass(frozen=True)
class Shape:
    """A param that the experiment knows nothing of."""

    side: int
    factor = 1

    def area(self) -> int:
        """Return what the experiment asks for."""
        return self.side * self.factor


@experiment
def measure(shape: object) -> int:
    """Return what the shape says."""
    area: int = getattr(shape, "area")()  # noqa: B009 - hidden from the fingerprint
    return area


@experiment
def traced(x: int, folder: str) -> int:
    """Leave a trace of every computation."""
    with Path(folder, "calls").open("a") as file:
        file.write(f"{x}\n")
    return x


@experiment(save=False)
def unsaved(x: int, folder: str) -> int:
    """Call what is saved."""
    return traced(x, folder)


HEAD = """
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from expcache import as_completed, experiment, grid, use
use("store")
@experiment
def part(i: int) -> int:
    return i
@experiment
def total(n: int) -> int:
    return sum(part.sweep(grid(i=range(n))).run().results)
@experiment
def threaded(n: int) -> int:
    with ThreadPoolExecutor(2) as threads:
        return sum(threads.map(part, range(n)))
@experiment
def fib(n: int) -> int:
    return n if n < 2 else sum(fib.sweep(grid(n=[n - 1, n - 2])).run().results)
parts = part.sweep(grid(i=range(20)))
def add(*sweeps):
    return sum(run.result for run in as_completed(chain(*sweeps), jobs=2))
"""


CASES = {
    "recursion here": (
        "print(fib.sweep(grid(n=[1, 0, 9, 8, 7, 6, 5])).run().results)",
        "[1, 0, 34, 21, 13, 8, 5]",
    ),
    "recursion": ("print(fib.sweep(grid(n=[9, 8, 7, 6])).run(jobs=2).results)", "[34, 21, 13, 8]"),
    "sweeps": (
        "print(add(total.sweep(grid(n=[20, 19, 18])), parts))",
        "704",
    ),
    "threads": (
        "print(add(threaded.sweep(grid(n=[20, 19, 18])), parts))",
        "704",
    ),
    "loop": (
        "for run in parts.as_completed():\n    sums = parts.run().results\nprint(sum(sums))",
        "190",
    ),
    "unended": (
        "next(it := parts.as_completed(jobs=2))\nprint(sum(parts.run(jobs=2).results))",
        "190",
    ),
}


@pytest.mark.parametrize(("code", "printed"), CASES.values(), ids=CASES)
def test_a_sweep_waits_for_none_that_waits_for_it(code: str, printed: str, tmp_path: Path) -> None:
    """What a held up sweep has claimed is computed by who needs it, and no end is loud."""
    script = tmp_path / "script.py"
    body = f"if __name__ == '__main__':\n{textwrap.indent(code, '    ')}\n"
    script.write_text(HEAD + body)
    assert run_script(script).strip() == printed


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_while_a_run_begins_gives_it_up(isolated: Store, jobs: int) -> None:
    """Whoever keeps an exception, as a notebook does, keeps no claims with it."""

    def refuse(progress: object) -> None:
        if getattr(progress, "running", 0):
            raise ValueError("no")

    sweep = subjects.square.sweep(grid(x=range(4)))
    with pytest.raises(ValueError, match="no") as caught:
        sweep.run(jobs=jobs, progress=refuse)
    assert caught.tb is not None
    assert not [one for one in isolated.claims("subjects.square").values() if one.live]
    assert sweep.run().results == [0, 1, 4, 9]


@pytest.mark.parametrize("how", ["call", "sweep"])
def test_patience_with_others_ends_where_a_sweep_is_held_up(
    isolated: Store, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Two programs, each in a loop over what the other one needs, do not wait for ever."""
    monkeypatch.setattr(_claiming, "host", lambda: "elsewhere")
    monkeypatch.setattr(_claiming, "PATIENCE", 0.0)
    pauses = iter(range(20))
    monkeypatch.setattr("time.sleep", lambda _: next(pauses))
    run = subjects.square.sweep(grid(x=[3]))[0]
    key = f"{run.id}-{subjects.square.code}"
    claims = isolated.claim("subjects.square", [key], bulk=True)
    with underway():
        if how == "call":
            assert subjects.square(3) == 9
        else:
            assert subjects.square.sweep(grid(x=[3])).run().results == [9]
    isolated.release("subjects.square", claims.values())


def test_patience_with_others_does_not_end_where_nothing_is_held_up(
    isolated: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another process is to compute is waited for, however long that takes."""
    # Not even by a sweep that an earlier test has left to the collector.
    monkeypatch.setattr(_underway._local, "sweeps", [])
    monkeypatch.setattr(_claiming, "host", lambda: "elsewhere")
    monkeypatch.setattr(_claiming, "PATIENCE", 0.0)
    sweep = subjects.square.sweep(grid(x=[3]))
    key = f"{sweep[0].id}-{subjects.square.code}"
    held = isolated.claim("subjects.square", [key], bulk=True)
    pauses = iter(range(20))

    def pause(_seconds: float) -> None:
        if next(pauses) == 10:
            isolated.release("subjects.square", held.values())

    monkeypatch.setattr("time.sleep", pause)
    assert sweep.run().results == [9]
    assert next(pauses) == 11


@pytest.mark.parametrize("change", [{"factor": 3}, {"area": lambda self: 3 * self.side}])
def test_workers_compute_with_the_classes_of_the_params_as_they_are_here(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    """A result is kept under the code that made it, that of the params' classes included."""
    sweep = measure.sweep(grid(shape=[Shape(1), Shape(2)]))
    for name, value in change.items():
        monkeypatch.setattr(Shape, name, value)
    assert sweep.run(jobs=2).results == [3, 6]
    monkeypatch.undo()
    assert sweep.run(jobs=2).results == [1, 2]


def test_what_an_unsaved_run_calls_is_found_and_saved(tmp_path: Path) -> None:
    """A worker uses the store that is in use here, whatever becomes of the run itself."""
    space = grid(x=range(3), folder=[str(tmp_path)])
    traced.sweep(space[:1]).run()
    assert unsaved.sweep(space).run(jobs=2).results == [0, 1, 2]
    assert traced.sweep(space).status()["done"] == 3
    assert sorted((tmp_path / "calls").read_text().split()) == ["0", "1", "2"]


@pytest.mark.parametrize("timeout", [float("inf"), 1e300])
def test_a_time_limit_may_be_beyond_all_times(timeout: float) -> None:
    """Somebody who writes infinity wants no limit, and gets no error."""
    assert subjects.square.sweep(grid(x=range(2))).run(jobs=2, timeout=timeout).results == [0, 1]


def test_only_runs_can_complete() -> None:
    """What is no run is refused by what it is, as are the points of a space."""
    with pytest.raises(TypeError, match=r"^cannot compute \{'x': 1\}: it is no run\. Give runs,"):
        next(as_completed(grid(x=[1])))  # type: ignore[arg-type]
