"""A number at each point: the grid, zip, star, label and repeats of psweep's manual."""

from __future__ import annotations

import subprocess

from expcache import current_run, experiment, grid, star, zipped


@experiment
def measure(a: float, b: float, c: float | None = None, study: str = "first") -> float:  # noqa: ARG001
    """Return one number; ``study`` is a label and changes nothing."""
    return a * b if c is None else a * b + c


sweep_first = measure.sweep(grid(a=[1, 2, 3], b=[77, 88]))
sweep_zip = measure.sweep(zipped(a=[1, 2], b=[77, 88]) * grid(c=[None, 5, 6]) * grid(study="zip"))
sweep_star = measure.sweep(star({"a": 1, "b": 77, "study": "star"}, a=[2, 3], b=[88, 99]))


@experiment
def noisy(a: int, seed: int) -> None:
    """Let another program write a file into the directory of the run."""
    line = f"for i in 1 2 3; do echo $(({a} + {seed} + i)); done > out.txt"
    subprocess.run(["sh", "-c", line], cwd=current_run().directory, check=True)  # noqa: S603, S607


sweep_noisy = noisy.sweep(grid(a=[10, 20]).repeat(2))
