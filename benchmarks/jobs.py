"""Two worker processes: what they cost beside other pools, and what they survive.

Every pool is made anew for each figure, and given back; what expcache computes is on the disk
with an fsync when it is counted. Run ``python benchmarks/jobs.py [--quick]``.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import collect
from _measure import (
    Target,
    Way,
    compare,
    figure,
    folder,
    interleave,
    peer,
    quick,
    seconds,
    table,
    verdict,
)
from _naps import LONG, SHORT, hostile, nap, nothing, uneven

import expcache

JOBS = 2
LIMIT = 1.0

Function = Callable[[float], float]
Given = Iterable[float]
Pool = Callable[[Function, Sequence[float]], Given]
"""Computes a function of many numbers in workers, and gives what comes, as it comes."""


def sweep(function: Function, numbers: Sequence[float]) -> expcache.Sweep[float]:
    kept = expcache.experiment(function)
    return kept.sweep(expcache.points({"x": x} for x in numbers), name="naps")


def of_expcache(function: Function, numbers: Sequence[float], **options: Any) -> Given:
    with folder() as place, expcache.use(place):
        runs = sweep(function, numbers).as_completed(**{"jobs": JOBS, "progress": False, **options})
        yield from (run.result for run in runs)


def in_process(function: Function, numbers: Sequence[float]) -> Given:
    return of_expcache(function, numbers, jobs=1)


def of_joblib(function: Function, numbers: Sequence[float]) -> Given:
    joblib = peer("joblib")

    calls = (joblib.delayed(function)(x) for x in numbers)
    yield from joblib.Parallel(JOBS, return_as="generator_unordered")(calls)
    joblib.externals.loky.get_reusable_executor().shutdown()


def futures(pool: Any, function: Function, numbers: Sequence[float]) -> Given:
    """Give each number to a pool of the standard library's kind."""
    with pool:
        submitted = [pool.submit(function, x) for x in numbers]
        yield from (future.result() for future in concurrent.futures.as_completed(submitted))


def of_loky(function: Function, numbers: Sequence[float]) -> Given:
    return futures(peer("loky").ProcessPoolExecutor(JOBS), function, numbers)


def standard_pool() -> concurrent.futures.ProcessPoolExecutor:
    return concurrent.futures.ProcessPoolExecutor(
        JOBS, mp_context=multiprocessing.get_context("forkserver")
    )


def of_standard(function: Function, numbers: Sequence[float]) -> Given:
    return futures(standard_pool(), function, numbers)


def of_standard_chunks(function: Function, numbers: Sequence[float]) -> Given:
    with standard_pool() as pool:
        yield from pool.map(function, numbers, chunksize=max(1, len(numbers) // (8 * JOBS)))


def pebbles(function: Function, numbers: Sequence[float], timeout: float | None = None) -> Given:
    """Give each number to a pebble pool; what fails is left out."""
    pebble = peer("pebble")

    context = multiprocessing.get_context("forkserver")
    with pebble.ProcessPool(JOBS, context=context) as pool:
        submitted = [pool.schedule(function, args=(x,), timeout=timeout) for x in numbers]
        for future in concurrent.futures.as_completed(submitted, timeout=60):
            if future.exception() is None:
                yield future.result()


POOLS: dict[str, Pool] = {
    "expcache": of_expcache,
    "joblib": of_joblib,
    "loky": of_loky,
    "concurrent.futures": of_standard,
    "concurrent.futures, chunks": of_standard_chunks,
    "pebble": pebbles,
}


def present() -> dict[str, Pool]:
    """Return the pools whose libraries are there."""
    return {
        name: pool
        for name, pool in POOLS.items()
        if name.startswith("concurrent") or peer(name) is not None
    }


def whole(pool: Pool, function: Function, count: int) -> Way:
    """Compute a function of so many numbers: microseconds for each."""

    def way() -> float:
        numbers = [float(x) for x in range(count)]
        given: list[float] = []
        spent = seconds(lambda: given.extend(pool(function, numbers)))
        assert len(given) == count
        return spent / count * 1e6

    return way


def overhead(pools: dict[str, Pool], count: int, naps: int, rounds: int) -> list[Target]:
    ways = {name: whole(pool, nothing, count) for name, pool in pools.items()}
    ways["expcache, one process"] = whole(in_process, nothing, count)
    trivial = interleave(ways, rounds)
    names = [name for name in ("joblib", "concurrent.futures") if name in pools]
    compare(f"{count:,} trivial points, {JOBS} workers", "us", trivial, names)
    napping = interleave({name: whole(pool, nap, naps) for name, pool in pools.items()}, rounds)
    bound = SHORT / JOBS * 1e6
    beyond = {name: spread.median / bound for name, spread in napping.items()}
    rows = [[name, figure(napping[name].median), figure(times)] for name, times in beyond.items()]
    table([f"{naps} points of {SHORT * 1e3:.0f} ms", "us", "x the bound"], rows)
    return [
        Target(
            "trivial points: times concurrent.futures",
            trivial["expcache"].median / trivial["concurrent.futures"].median,
            1.5,
        ),
        Target(
            "thousand trivial points a second", 1e3 / trivial["expcache"].median, 10, at_least=True
        ),
        Target(f"{naps} points of 20 ms: times the bound", beyond["expcache"], 1.25),
    ]


def survive(pools: dict[str, Pool], count: int) -> list[Target]:
    """Compute points of which one is killed and one hangs; the others should not notice."""
    numbers = [float(x) for x in range(count)]
    with folder() as place, expcache.use(place):
        start = time.perf_counter()
        runs = sweep(hostile, numbers).run(jobs=JOBS, timeout=LIMIT, progress=False)
        spent = time.perf_counter() - start
        came = sum(run.done for run in runs)
    rows = [["expcache", f"{came}", figure(spent)]]
    if "pebble" in pools:
        given: list[float] = []
        spent_there = seconds(lambda: given.extend(pebbles(hostile, numbers, LIMIT)))
        rows.append(["pebble", f"{len(given)}", figure(spent_there)])
    bound = max(LIMIT, (LIMIT + (count - 2) * SHORT) / JOBS)
    rows.append(["bound", f"{count - 2}", figure(bound)])
    table([f"{count} points, one killed, one over {LIMIT:.0f} s", "results", "s"], rows)
    return [
        Target("results beside a kill and a hang", came, count - 2, at_least=True),
        Target("times the bound, with a kill and a hang", spent / bound, 1.3),
    ]


def again(function: Function, numbers: Sequence[float]) -> Way:
    """Compute for the second time, so that it is known how long each point takes."""

    def way() -> float:
        with folder() as place, expcache.use(place):
            naps = sweep(function, numbers)
            naps.run(jobs=JOBS, progress=False)
            return seconds(lambda: naps.run(jobs=JOBS, refresh=True, progress=False))

    return way


def order(pools: dict[str, Pool], long: int, short: int, rounds: int) -> list[Target]:
    """Compute a few long points and many short ones."""
    first = [float(x) for x in range(-long, short)]
    last = first[::-1]
    ways: dict[str, Way] = {
        name: lambda pool=pool: seconds(lambda: list(pool(uneven, first)))  # type: ignore[misc]
        for name, pool in pools.items()
        if "chunks" not in name
    }
    ways["expcache, the long ones last"] = lambda: seconds(lambda: list(of_expcache(uneven, last)))
    ways["expcache, the long ones last, computed before"] = again(uneven, last)
    spreads = interleave(ways, rounds)
    bound = max(-(-long // JOBS) * LONG, (long * LONG + short * SHORT) / JOBS)
    rows = [[n, figure(s.median), figure(s.median / bound)] for n, s in spreads.items()]
    table([f"{long} x {LONG:.0f} s, {short} x {SHORT * 1e3:.0f} ms", "s", "x the bound"], rows)
    known = spreads["expcache, the long ones last, computed before"].median
    return [
        Target("times the bound, long ones first", spreads["expcache"].median / bound, 1.15),
        Target("times the bound, long ones last, known", known / bound, 1.15),
    ]


def first_result(pool: Pool, count: int) -> Way:
    """Ask a new pool for results: milliseconds until the first."""

    def way() -> float:
        start = time.perf_counter()
        given = iter(pool(nothing, [float(x) for x in range(count)]))
        next(given)
        spent = time.perf_counter() - start
        list(given)
        return spent * 1e3

    return way


def beginning(pools: dict[str, Pool], rounds: int) -> list[Target]:
    few = {name: first_result(pool, 10) for name, pool in pools.items() if "chunks" not in name}
    spreads = interleave(few, rounds)
    compare("the first of 10 results", "ms", spreads, ["concurrent.futures"])
    return [Target("ms until the first result", spreads["expcache"].least, 150)]


def tests(place: Path, points: int, rounds: int) -> list[Target]:
    """Run pytest over points that are computed there and then, for the first time."""
    ways: dict[str, Way] = {}
    for count in (10, points):
        collect.write(place, count)
        plain, swept = f"plain_{count}.py", f"sweep_{count}.py"
        ways[f"parametrize {count:,}"] = collect.pytest(place, plain)
        ways[f"sweep {count:,}"] = fresh(place, collect.pytest(place, swept))
        workers = ["--sweep-jobs", str(JOBS)]
        ways[f"sweep --sweep-jobs {JOBS} {count:,}"] = fresh(
            place, collect.pytest(place, swept, *workers)
        )
        if peer("xdist") is not None:
            xdist = ["-p", "xdist", "-n", str(JOBS)]
            ways[f"parametrize -n {JOBS} {count:,}"] = collect.pytest(place, plain, *xdist)
    spreads = interleave(ways, rounds)
    collect.report(f"{points:,} trivial points", spreads, points)
    ours = spreads[f"sweep --sweep-jobs {JOBS} {points:,}"].median
    targets = [Target("times parametrize", ours / spreads[f"parametrize {points:,}"].median, 1.3)]
    theirs = spreads.get(f"parametrize -n {JOBS} {points:,}")
    if theirs is not None:
        times = theirs.median / ours
        targets.append(Target(f"times faster than -n {JOBS}", times, 1.4, at_least=True))
    return targets


def fresh(place: Path, way: Way) -> Way:
    """Return a way that begins without a store."""

    def begin() -> float:
        shutil.rmtree(place / "store", ignore_errors=True)
        return way()

    return begin


def main() -> None:
    is_quick = quick("Two worker processes")
    pools = present()
    targets = overhead(pools, *((20, 4, 1) if is_quick else (5_000, 100, 5)))
    targets += survive(pools, 8 if is_quick else 100)
    targets += order(pools, *((0, 3, 1) if is_quick else (5, 35, 3)))
    targets += beginning(pools, 1 if is_quick else 9)
    with folder() as place:
        targets += tests(place, *((20, 1) if is_quick else (20_000, 3)))
    verdict(targets)


if __name__ == "__main__":
    main()
