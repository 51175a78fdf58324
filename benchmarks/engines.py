"""Engines: what expcache adds to an engine's own map of the same points.

Both ways use one and the same two workers, which are started before and have computed something
by each way; what expcache computes is on the disk when it is counted. An engine that is not
installed is left out; Slurm has a script of its own.
Run ``python benchmarks/engines.py [--quick]``.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import shutil
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

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
from _naps import SHORTEST, blink, nothing

import expcache

WORKERS = 2

Function = Callable[[float], float]
Map = Callable[[Function, Sequence[float]], object]


class Started(NamedTuple):
    """Workers that both ways use."""

    map: Map
    """The engine's own, each point a call."""
    executor: Any


@contextmanager
def local() -> Iterator[Started]:
    context = multiprocessing.get_context("forkserver")
    with (
        concurrent.futures.ProcessPoolExecutor(WORKERS, mp_context=context) as pool,
        expcache.LocalExecutor(WORKERS) as executor,
    ):
        yield Started(lambda function, numbers: list(pool.map(function, numbers)), executor)


@contextmanager
def loky() -> Iterator[Started]:
    with peer("loky").ProcessPoolExecutor(WORKERS) as pool:
        yield Started(lambda function, numbers: list(pool.map(function, numbers)), pool)


@contextmanager
def dask() -> Iterator[Started]:
    distributed = peer("distributed")
    with (
        distributed.LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield Started(lambda f, numbers: client.gather(client.map(f, numbers, pure=False)), client)


@contextmanager
def ray() -> Iterator[Started]:
    library = peer("ray")
    here = {"address": "local", "include_dashboard": False, "log_to_driver": False}
    connection = library.init(num_cpus=WORKERS, **here)
    try:

        def compute(function: Function, numbers: Sequence[float]) -> object:
            remote = library.remote(function)
            return library.get([remote.remote(x) for x in numbers])

        yield Started(compute, connection)
    finally:
        library.shutdown()


@contextmanager
def mpi() -> Iterator[Started]:
    here = [str(Path(__file__).parent)]
    with peer("mpi4py.futures").MPIPoolExecutor(WORKERS, main=False, path=here) as pool:
        yield Started(lambda function, numbers: list(pool.map(function, numbers)), pool)


class Engine(NamedTuple):
    """What is measured of an engine."""

    start: Callable[[], AbstractContextManager[Started]]
    library: str
    naps: int
    """How many short points."""
    word: str | None
    """What starts it for one sweep."""
    bare: str
    """What its own way is called."""


ENGINES = {
    "own workers": Engine(local, "concurrent.futures", 2_000, "local", "ProcessPoolExecutor.map"),
    "loky": Engine(loky, "loky", 2_000, None, "loky's map"),
    "Dask": Engine(dask, "distributed", 10_000, "dask", "client.map"),
    "Ray": Engine(ray, "ray", 2_000, "ray:local", "a task a point"),
    "MPI": Engine(mpi, "mpi4py", 2_000, "mpi", "MPIPoolExecutor.map"),
}


def of_expcache(executor: Any, numbers: Sequence[float], function: Function) -> Way:
    """Compute a sweep in a new store: microseconds for each point."""
    kept = expcache.experiment(function).sweep(expcache.points({"x": x} for x in numbers))

    def way() -> float:
        jobs = WORKERS if isinstance(executor, str) else 1
        with folder() as place, expcache.use(place):
            spent = seconds(lambda: kept.run(executor=executor, jobs=jobs, progress=False))
            assert kept.status()["done"] == len(numbers)
        return spent / len(numbers) * 1e6

    return way


def bare(own: Map, numbers: Sequence[float], function: Function) -> Way:
    """Have the engine compute the same."""
    return lambda: seconds(own, function, numbers) / len(numbers) * 1e6


def measure(name: str, engine: Engine, naps: int, few: int, rounds: int) -> list[Target]:
    ours, times = f"expcache on {name}", {}
    with engine.start() as started:
        for function, size in ((blink, naps), (nothing, few)):

            def ways(count: int, function: Function = function) -> dict[str, Way]:
                numbers = [float(x) for x in range(count)]
                return {
                    engine.bare: bare(started.map, numbers, function),
                    ours: of_expcache(started.executor, numbers, function),
                }

            interleave(ways(2 * WORKERS), 1)  # whatever comes first is slow
            spreads = interleave(ways(size), rounds)
            title = f"{size:,} points: {function.__name__}, {WORKERS} workers"
            compare(title, "us", spreads, [engine.bare])
            times[function] = spreads[ours].median / spreads[engine.bare].median
    what = f"{name}, {naps:,} points of {SHORTEST * 1e3:.0f} ms: times {engine.bare}"
    return [Target(what, times[blink], 1.3)]


def beginning(engines: dict[str, Engine], rounds: int) -> None:
    """Print how long a sweep of one point takes that starts its engine, and ends it."""
    rows = []
    for name, engine in engines.items():
        if engine.word is None:
            continue
        way = of_expcache(engine.word, [1.0], nothing)
        taken = [way() / 1e6 for _ in range(rounds)]
        rows.append([f"{name}: executor={engine.word!r}", *map(figure, _about(taken))])
    table(["a sweep of one point, engine and all", "first, s", "later, s"], rows)


def _about(taken: Sequence[float]) -> tuple[float, float]:
    return taken[0], statistics.median(taken[1:] or taken)


def present(*, is_quick: bool) -> dict[str, Engine]:
    """Return the engines that can be started here, and say why others cannot."""
    wanted = dict(ENGINES)
    if is_quick:
        print("\nSkipped Ray: starting it takes too long for a quick look.")
        del wanted["Ray"]
    found = {name: one for name, one in wanted.items() if peer(one.library) is not None}
    if "MPI" in found and shutil.which("mpiexec") is None:
        print("\nSkipped MPI: there is no mpiexec.")
        del found["MPI"]
    return found


def main() -> None:
    is_quick = quick("Engines")
    engines = present(is_quick=is_quick)
    if not is_quick:  # of all that is measured, it takes the longest
        beginning(engines, 3)
    targets = []
    for name, engine in engines.items():
        sizes = (20, 20, 1) if is_quick else (engine.naps, 2_000, 3)
        targets += measure(name, engine, *sizes)
    verdict(targets)


if __name__ == "__main__":
    main()
