"""Slurm: what expcache adds to a bare array with an element for each point.

The elements of the bare array start Python and sleep; what expcache computes is on the disk when
it is counted. Run ``python benchmarks/slurm.py [--quick]`` where ``sbatch`` works and TMPDIR is a
directory that all nodes see, or ``python tests/private_slurm.py python benchmarks/slurm.py``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from shutil import which

from _measure import Target, Way, compare, folder, interleave, peer, quick, seconds, table, verdict

import expcache


def sleep(x: int, lasting: float) -> int:
    """Take so long."""
    time.sleep(lasting)
    return x


def asked(*words: str) -> list[str]:
    """Return the lines that the queue answers with."""
    command = ["squeue", "--me", "-h", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.splitlines()


def arrays() -> set[str]:
    """Return what Slurm calls the arrays that it knows."""
    return set(asked("-t", "all", "-o", "%F"))


def bare(count: int, lasting: float) -> Way:
    """Submit an array whose elements start Python and sleep, and wait until it is gone."""
    code = f"import time; time.sleep({lasting})"
    script = f"#!/bin/sh\n#SBATCH --output=/dev/null\n{sys.executable} -c '{code}'\n"
    command = ["sbatch", "--parsable", f"--array=0-{count - 1}"]

    def computed() -> None:
        done = subprocess.run(command, input=script, check=True, capture_output=True, text=True)
        while asked("-j", done.stdout.strip()):  # sbatch --wait looks ever more rarely
            time.sleep(0.1)

    return lambda: seconds(computed)


def of_expcache(count: int, lasting: float, submitted: list[int]) -> Way:
    """Compute a sweep in a new store, and note how many arrays that took."""
    points = expcache.grid(x=range(count), lasting=[lasting])
    kept = expcache.experiment(sleep).sweep(points)

    def way() -> float:
        before = arrays()
        with folder() as place, expcache.use(place):
            spent = seconds(lambda: kept.run(executor="slurm", progress=False))
            assert kept.status()["done"] == count
        submitted.append(len(arrays() - before))
        return spent

    return way


def slurm(count: int, lastings: list[float], rounds: int) -> list[Target]:
    targets = []
    submitted: list[int] = []
    for lasting in lastings:
        ways = {
            "bare array": bare(count, lasting),
            "expcache": of_expcache(count, lasting, submitted),
        }
        spreads = interleave(ways, rounds)
        compare(f"{count} points of {lasting:g} s", "s", spreads, ["bare array"])
        ratio = spreads["expcache"].median / spreads["bare array"].median
        targets.append(Target(f"{count} points of {lasting:g} s: times a bare array", ratio, 1.2))
    return [*targets, Target("arrays for a sweep", max(submitted), 1)]


def main() -> None:
    is_quick = quick("Slurm")
    lacking = peer("submitit") is None and "submitit is not installed"
    if not lacking and (which("sinfo") is None or not subprocess.getoutput("sinfo -h 2>&-")):
        lacking = "there is no Slurm that answers"
    if lacking:
        table(["engine", "why not"], [["Slurm", lacking]])
        return
    verdict(slurm(*((3, [0.1], 1) if is_quick else (12, [0.1, 2.0], 3))))


if __name__ == "__main__":
    main()
