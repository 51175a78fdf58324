"""pytest with a sweep: collecting its points, and going through those that are stored.

The measure is a plain parametrize of the same function over the same points.
Run ``python benchmarks/collect.py [--quick]``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from _measure import (
    Spread,
    Way,
    compare,
    environment,
    figure,
    folder,
    interleave,
    quick,
    seconds,
    table,
)

ONLY = "--collect-only"
FUNCTION = """
def {name}(lr, layers):
    return {{"loss": lr * layers}}

AXES = {{"lr": [i / 7 for i in range({rows})], "layers": list(range(10))}}
"""
SWEEP = """
from expcache import experiment, grid

sweep_work = experiment(work).sweep(grid(**AXES))
"""
PARAMETRIZE = """
import pytest

test_work = pytest.mark.parametrize("layers", AXES["layers"])(
    pytest.mark.parametrize("lr", AXES["lr"])(test_work)
)
"""


def write(place: Path, points: int) -> None:
    """Write a file with a sweep and one with tests over the same points."""
    rows = points // 10
    # pytest warns of tests that return a value.
    returned = FUNCTION.format(name="test_work", rows=rows).replace("return", "loss =")
    (place / f"sweep_{points}.py").write_text(FUNCTION.format(name="work", rows=rows) + SWEEP)
    (place / f"plain_{points}.py").write_text(returned + PARAMETRIZE)


def pytest(place: Path, file: str, *options: str) -> Way:
    """Run pytest on one file, in milliseconds."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-p", "pytest_expcache.plugin", "--sweep-store", str(place / "store")]

    def run() -> None:
        subprocess.run(
            [*command, *options, file],
            cwd=place,
            env=environment(place / "byte-code"),
            check=True,
            stdout=subprocess.DEVNULL,
        )

    return lambda: seconds(run) * 1e3


def main() -> None:
    is_quick = quick("pytest")
    many, some, rounds = (20, 20, 1) if is_quick else (10_000, 2_000, 7)
    with folder() as place:
        for points in (10, some, many):
            write(place, points)
        for points in (10, some):
            pytest(place, f"sweep_{points}.py")()  # computes the points
        collects, runs = {}, {}
        for points in (10, many):
            collects[f"parametrize {points:,}"] = pytest(place, f"plain_{points}.py", ONLY)
            collects[f"sweep {points:,}"] = pytest(place, f"sweep_{points}.py", ONLY)
        for points in (10, some):
            runs[f"parametrize {points:,}"] = pytest(place, f"plain_{points}.py")
            for name, options in {"sweep": [], "resumed": ["--sweep-resume"]}.items():
                runs[f"{name} {points:,}"] = pytest(place, f"sweep_{points}.py", *options)
        collected, ran = interleave(collects, rounds), interleave(runs, rounds)
    report(f"collect {many:,} points", collected, many)
    report(f"go through {some:,} points, all stored", ran, some)


def report(title: str, spreads: dict[str, Spread], points: int) -> None:
    """Print what whole sessions cost, and what each point does beyond the start."""
    compare(title, "ms", spreads)
    names = [name.removesuffix(" 10") for name in spreads if name.endswith(" 10")]
    each = {
        name: (spreads[f"{name} {points:,}"].median - spreads[f"{name} 10"].median) / (points - 10)
        for name in names
    }
    rows = [
        [name, figure(own * 1e3), figure(own / each["parametrize"])] for name, own in each.items()
    ]
    table(["a point more", "us", "x parametrize"], rows)


if __name__ == "__main__":
    main()
