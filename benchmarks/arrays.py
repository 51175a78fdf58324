"""A large array as a result: stored, mapped, read; against plain writes of the same bytes.

Run ``python benchmarks/arrays.py [--quick]``.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from _measure import Target, compare, folder, interleave, peer, quick, seconds, table, verdict

import expcache
from expcache import experiment

PEAK = "--peak"
held: dict[str, Any] = {}
numbers = count()


@experiment(code="ignore")
def give(number: int) -> Any:
    """Return the array that is there already: what remains is the storing."""
    return held["array"] if number >= 0 else held["array"][:0]


def most_memory() -> int:
    """Return the most memory that this process has had, in bytes."""
    resource = import_module("resource")  # Windows has none
    most: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def show_peak(floats: int) -> None:
    """Print how much more memory than the array storing it took: run in a process of its own."""
    held["array"] = np.ones(floats)
    with folder() as place, expcache.use(place):
        give(-1)  # a small one first, for all that is imported on the way
        before = most_memory()
        give(0)
        print((most_memory() - before) / held["array"].nbytes)


def peak(floats: int) -> float:
    if not find_spec("resource"):
        return math.nan
    command = [sys.executable, __file__, PEAK, str(floats)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def write(place: Path, *, sync: bool) -> float:
    """Write the array's buffer to a new file, as plainly as it can be done."""
    buffer, file = memoryview(held["array"]).cast("B"), place / "raw"

    def raw() -> None:
        descriptor, done = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL), 0
        while done < len(buffer):
            done += os.write(descriptor, buffer[done:])
        if sync:
            os.fsync(descriptor)
        os.close(descriptor)

    try:
        return len(buffer) / 1e9 / seconds(raw)
    finally:
        file.unlink()


def store() -> float:
    with folder() as place, expcache.use(place):
        return float(held["array"].nbytes / 1e9 / seconds(give, next(numbers)))


def dump(place: Path, joblib: Any) -> float:
    try:
        return float(held["array"].nbytes / 1e9 / seconds(joblib.dump, held["array"], place / "it"))
    finally:
        (place / "it").unlink()


def main() -> None:
    if PEAK in sys.argv:
        show_peak(int(sys.argv[-1]))
        return
    is_quick = quick("Large arrays")
    floats, rounds = (500_000, 2) if is_quick else (125_000_000, 5)
    joblib, extra = peer("joblib"), peak(floats)  # measured first: a child inherits our peak
    array = held["array"] = np.random.default_rng(0).random(floats)
    rate, size = array.nbytes / 1e9, f"{array.nbytes / 1e6:.0f} MB"
    with folder() as place, expcache.use(place / "store"):
        ways = {
            "os.write": lambda: write(place, sync=False),
            "os.write + fsync": lambda: write(place, sync=True),
            "expcache, on disk when it returns": store,
        }
        if joblib:
            ways["joblib.dump, no fsync"] = lambda: dump(place, joblib)
        writes = interleave(ways, rounds)
        run = give.run(next(numbers))
        np.save(place / "peer.npy", array)
        assert np.array_equal(run.read(mmap=True), array)
        assert not run.read(mmap=True).flags.writeable
        maps = {
            "np.load(mmap_mode='r')": lambda: seconds(np.load, place / "peer.npy", "r") * 1e3,
            "run.read(mmap=True)": lambda: seconds(lambda: run.read(mmap=True)) * 1e3,
        }
        loads = {
            "np.load": lambda: rate / seconds(np.load, place / "peer.npy"),
            "run.result, digest checked": lambda: rate / seconds(lambda: run.result),
        }
        mapped, loaded = interleave(maps, rounds * 4), interleave(loads, rounds)
    compare(f"write {size}", "GB/s", writes, ["os.write", "os.write + fsync"])
    compare(f"map {size}", "ms", mapped, ["np.load(mmap_mode='r')"])
    compare(f"read {size} into memory", "GB/s", loaded, ["np.load"])
    table(["memory while storing", "x the array"], [["expcache, most", f"{extra:.4f}"]])
    ours = writes["expcache, on disk when it returns"].median
    share = ours / writes["os.write + fsync"].median
    verdict(
        [
            Target("memory beside the array, x its own", extra, 0.1),
            Target("times a raw write with fsync", share, 0.9, at_least=True),
            Target("ms to map it", mapped["run.read(mmap=True)"].least, 1.0),
        ]
    )


if __name__ == "__main__":
    main()
