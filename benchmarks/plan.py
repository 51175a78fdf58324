"""Planning a sweep of which half is stored, and running one of which all is.

Every plan is of a new sweep: making the points and their ids is part of it.
Run ``python benchmarks/plan.py [--quick]``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from _measure import (
    Target,
    Way,
    compare,
    folder,
    interleave,
    peer,
    per_call,
    quick,
    seconds,
    verdict,
)
from _subject import calls, kept, space, work

import expcache


def stored(place: Path, count: int) -> expcache.Store:
    """Return a new store that holds the first so many points."""
    with expcache.use(place) as store:
        kept.sweep(space(count), name="fill").run()
    return store


def planned(store: expcache.Store, count: int) -> Way:
    """Plan so many points of which half are stored, in milliseconds."""

    def plan() -> None:
        counts = kept.sweep(space(count), name="half").plan().counts
        assert counts["done"] == counts["missing"] == count // 2

    return within(store, lambda: seconds(plan) * 1e3)


def within(store: expcache.Store, way: Way) -> Way:
    """Do it with this store in use."""

    def timed() -> float:
        with expcache.use(store):
            return way()

    return timed


def selected(place: Path, count: int) -> Way:
    """Read so many short keys with one SELECT into a set: what no plan can go below."""
    connection = sqlite3.connect(place / f"keys-{count}.db", isolation_level=None)
    connection.execute("CREATE TABLE rows(key TEXT PRIMARY KEY)")
    connection.execute("BEGIN")
    keys = ((f"{i:032x}-{0:032x}",) for i in range(count // 2))
    connection.executemany("INSERT INTO rows VALUES(?)", keys)
    connection.execute("COMMIT")
    query = "SELECT key FROM rows"
    return lambda: seconds(lambda: {key for (key,) in connection.execute(query)}) * 1e3


def warm_ways(store: expcache.Store, count: int) -> dict[str, Way]:
    """Return ways through a sweep of which every point is stored, in microseconds a point."""
    ways: dict[str, Callable[[], object]] = {
        "sweep.run()": lambda: kept.sweep(space(count), name="warm").run(),
        "sweep.run().results": lambda: kept.sweep(space(count), name="warm").run().results,
        "a loop of calls": lambda: [kept(**call) for call in calls(count)],
        "a loop of the plain function": lambda: [work(**call) for call in calls(count)],
    }
    return {
        name: within(store, lambda way=way: seconds(way) / count * 1e6)  # type: ignore[misc]
        for name, way in ways.items()
    }


def joblib_way(place: Path, count: int) -> Way:
    joblib = peer("joblib")

    cached = joblib.Memory(place, verbose=0).cache(work)
    for call in calls(count):
        cached(**call)
    return per_call(lambda call: cached(**call), calls(count))


def main() -> None:
    is_quick = quick("Plan")
    small, large, rounds = (50, 100, 2) if is_quick else (10_000, 100_000, 7)
    joblib = peer("joblib")
    with folder() as place:
        stores = {count: stored(place / str(count), count // 2) for count in (small, large)}
        all_stored = stored(place / "warm", small)
        ways = {f"plan of {n:,}": planned(store, n) for n, store in stores.items()}
        ways |= {f"one SELECT of {n // 2:,} keys": selected(place, n) for n in (small, large)}
        plans = interleave(ways, rounds)
        ways = warm_ways(all_stored, small)
        if joblib:
            ways["a loop of joblib.Memory"] = joblib_way(place / "joblib", small // 10)
        warm = interleave(ways, rounds)
    compare("plan, half stored", "ms", plans, [f"plan of {small:,}"])
    compare(f"warm sweep of {small:,}", "us a point", warm, ["sweep.run().results"])
    first, second = plans[f"plan of {small:,}"].least, plans[f"plan of {large:,}"].least
    targets = [
        Target(f"ms for a plan of {small:,}", first, 60.0),
        Target(f"ms for a plan of {large:,}", second, 600.0),
        Target("growth of a point's part", second / large / (first / small), 1.3),
        Target("us a point of a warm sweep.run()", warm["sweep.run()"].least, 15.0),
        Target("us a point with its result", warm["sweep.run().results"].least, 15.0),
    ]
    if joblib:
        faster = warm["a loop of joblib.Memory"].median / warm["sweep.run().results"].median
        targets.append(Target("times faster than joblib", faster, 6.0, at_least=True))
    verdict(targets)


if __name__ == "__main__":
    main()
