"""From a call to its id: small parameters, nested ones, long lists, and one large array.

Run ``python benchmarks/key.py [--quick]``.
"""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import xxhash
from _measure import (
    Target,
    Way,
    compare,
    interleave,
    peer,
    per_call,
    quick,
    seconds,
    table,
    verdict,
)
from _subject import kept

from expcache import experiment

SCALARS = {"lr": 0.01, "layers": 3, "name": "adam"}
MIXED = {
    "lr": 0.01,
    "layers": 3,
    "name": "adam",
    "shuffle": True,
    "limit": None,
    "widths": [64, 32, 16],
    "range": (0.0, 1.0),
    "options": {"beta": 0.9, "epsilon": 1e-8, "nested": {"depth": 2}},
    "tags": {"a", "b", "c"},
    "seed": 2**40,
    "raw": b"\x00\x01",
    "scale": 1 + 2j,
}
FLOATS = [i / 7 for i in range(1_000)]


@experiment
def take(value: Any) -> None:
    """Be called with anything."""


def ready(value: object) -> Callable[[Any], str]:
    """Hash bytes that are there already: what no encoder can go below."""
    content = pickle.dumps(value, 5)
    return lambda _: xxhash.xxh3_128_hexdigest(content)


def small_ways(joblib: Any, value: Any, repeat: int) -> dict[str, Way]:
    """Return ways to a key of one small value, in microseconds."""
    keys: dict[str, Callable[[Any], object]] = {
        "xxh3_128 of bytes made before": ready(value),
        "pickle + xxh3_128 (unstable)": lambda one: xxhash.xxh3_128_hexdigest(pickle.dumps(one, 5)),
        "expcache": (lambda one: kept.id(**one)) if value is SCALARS else take.id,
    }
    if joblib:
        keys["joblib.hash"] = joblib.hash
    return {name: per_call(key, [value] * repeat) for name, key in keys.items()}


def peak_of_key(array: Any) -> float:
    """Return the most memory that making a key takes, as a fraction of the array's."""
    tracemalloc.start()
    take.id(array)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / array.nbytes


def large_ways(joblib: Any, array: Any) -> dict[str, Way]:
    """Return ways to a key of one array, in gigabytes a second."""
    buffer = memoryview(array).cast("B")
    keys: dict[str, Callable[[], object]] = {
        "xxh3_128 over the bare buffer": lambda: xxhash.xxh3_128_digest(buffer),
        "expcache": lambda: take.id(array),
        "np.sum": array.sum,
        "xxh3_128 of a copy": lambda: xxhash.xxh3_128_digest(array.tobytes()),
    }
    if joblib:
        keys["joblib.hash"] = lambda: joblib.hash(array)
    return {
        name: (lambda key=key: array.nbytes / 1e9 / seconds(key))  # type: ignore[misc]
        for name, key in keys.items()
    }


def main() -> None:
    is_quick = quick("Key")
    joblib = peer("joblib")
    rounds = 3 if is_quick else 31
    targets = []
    values = {"3 scalars": SCALARS, "12 mixed, nested": MIXED, "list of 1,000 floats": FLOATS}
    for name, value in values.items():
        repeat = 20 if is_quick or value is FLOATS else 1_000
        spreads = interleave(small_ways(joblib, value, repeat), rounds)
        compare(f"key of {name}", "us", spreads, ["expcache"])
        if value is SCALARS:
            targets.append(Target("us for 3 scalars", spreads["expcache"].least, 4.0))
            if joblib:
                faster = spreads["joblib.hash"].median / spreads["expcache"].median
                what = "3 scalars: times faster than joblib.hash"
                targets.append(Target(what, faster, 3.0, at_least=True))
    array = np.random.default_rng(0).random(1_000_000 if is_quick else 125_000_000)
    spreads = interleave(large_ways(joblib, array), 3 if is_quick else 7)
    bare = "xxh3_128 over the bare buffer"
    compare(f"key of a float64 array of {array.nbytes / 1e6:.0f} MB", "GB/s", spreads, [bare])
    peak = peak_of_key(array)
    table(["memory while making the key", "x the array"], [["expcache, most", f"{peak:.6f}"]])
    share = spreads["expcache"].median / spreads[bare].median
    targets.append(Target("array: times the bare xxh3_128", share, 0.8, at_least=True))
    targets.append(Target("array: memory beside it, x its own", peak, 0.01))
    verdict(targets)


if __name__ == "__main__":
    main()
