"""How what expcache adds to a point grows with the number of points, up to a million.

Each size is measured in a process and a store of its own, with a trivial function in one process.
Times are CPU time, which whatever else the machine does changes least; the wall clock stands
beside where the disk is waited for. Run ``python benchmarks/sizing.py [--quick] [--million]``.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from _measure import Target, figure, folder, options, table, verdict
from _subject import kept

import expcache
from expcache import Sweep, grid

Figures = dict[str, float]
Found = dict[int, list[tuple[Figures, Figures]]]
"""Of each size and round: what a thing costs, and how much memory it takes."""

SIZES = (1_000, 10_000, 100_000)
MILLION = 1_000_000
LAYERS = 10
SAMPLE = 500
RECORD, WINDOW = 900, 500
FIRST, STORED, STATUS = "plan, nothing stored", "compute and store one", "status, all stored"
HIT, ALONE = "hit in a sweep", "hit by a call"
TABLE = "export as CSV"


class Phases:
    """What each thing costs, and how much memory the process takes for it at the most."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.figures: Figures = {}
        self.peaks: Figures = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Measure a block: CPU and wall microseconds for a point, and MB beyond the present."""
        before = _memory("VmRSS", reset=True)
        wall, spent = time.perf_counter(), time.process_time()
        yield
        self.figures[name] = (time.process_time() - spent) / self.count * 1e6
        if name == STORED:
            self.figures[f"{name}, wall clock"] = (time.perf_counter() - wall) / self.count * 1e6
        self.peaks[name] = _memory("VmHWM") - before


def _memory(word: str, *, reset: bool = False) -> float:
    """Return what Linux says of this process's memory, in MB; elsewhere nothing."""
    here = Path("/proc/self")
    if not (here / "clear_refs").exists():
        return float("nan")
    if reset:
        (here / "clear_refs").write_text("5")
    lines = (here / "status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(word))


def fresh(count: int) -> Sweep[dict[str, object]]:
    """Return a sweep that knows nothing yet of its points, which are made as they are read."""
    rates = [i / 7.0 for i in range(count // LAYERS)]
    return kept.sweep(grid(lr=rates, layers=range(LAYERS)), name="sized")


def measure(count: int, place: Path) -> tuple[Figures, Figures]:
    """Go through the life of a sweep of so many points: figures, and peaks of memory."""
    phases = Phases(count)
    fresh(LAYERS).run(progress=False)  # in another store: what is imported late
    with expcache.use(place / "store") as store:
        kept(lr=-1.0)  # makes the directory
        with phases("ids"):
            assert len(fresh(count).ids) == count
        with phases(FIRST):
            assert fresh(count).plan().counts["missing"] == count
        with phases(STORED):
            done = sum(run.done for run in fresh(count).as_completed(progress=False))
        assert done == count
        with phases(STATUS):
            assert fresh(count).status()["done"] == count
        with phases("hit in a stream"):
            assert all(run.cached for run in fresh(count).as_completed(progress=False))
        with phases(HIT):
            runs = fresh(count).run(progress=False)
        if count < MILLION:  # it keeps all results in memory
            with phases(TABLE):
                runs.export(place / "table.csv")
        del runs
        phases.figures |= alone(count) | opened(place / "store", count)
        store.close()
    with phases("SQLite: such a row stored"):
        rows(place / "rows.db", count)
    return phases.figures | on_disk(place / "store", count), phases.peaks


def rows(path: Path, count: int) -> None:
    """Store as many rows of the size of a record: what no store in SQLite can go below."""
    connection, record = sqlite3.connect(path), bytes(RECORD)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE rows(key TEXT PRIMARY KEY, record BLOB) WITHOUT ROWID")
    for start in range(0, count, WINDOW):
        keys = (
            f"{os.urandom(16).hex()}-{0:032x}" for _ in range(start, min(count, start + WINDOW))
        )
        connection.executemany("INSERT INTO rows VALUES(?, ?)", ((key, record) for key in keys))
        connection.commit()
    connection.close()


def alone(count: int) -> Figures:
    """Call the experiment itself, all over what is stored."""
    points = fresh(count).space
    some = [points[i] for i in range(0, count, max(1, count // SAMPLE))]
    spent = time.process_time()
    for call in some:
        kept(**call)
    return {ALONE: (time.process_time() - spent) / len(some) * 1e6}


def opened(place: Path, count: int) -> Figures:
    """Open the store anew and read one result, in milliseconds."""
    call, times = fresh(count).space[-1], []
    for _ in range(9):
        with expcache.use(place) as store:
            store.close()
            start = time.perf_counter()
            kept(**call)
            times.append(time.perf_counter() - start)
    return {"open, and one hit, ms": statistics.median(times) * 1e3}


def on_disk(place: Path, count: int) -> Figures:
    paths = [path for path in place.rglob("*") if path.is_file()]
    taken = sum(path.stat().st_size for path in paths)
    return {"bytes on disk": taken / count, "files in the store": len(paths)}


def in_process(count: int) -> tuple[Figures, Figures]:
    """Measure one size where nothing was measured before."""
    context = multiprocessing.get_context("spawn")
    with folder() as place, ProcessPoolExecutor(1, mp_context=context) as pool:
        os.environ["EXPCACHE_STORE"] = str(place / "first")
        return pool.submit(measure, count, place).result()


def main() -> None:
    wanted = options("Sizing", million="measure a million points, too: many minutes")
    sizes, rounds = ((20, 40, 60), 1) if wanted.quick else (SIZES, 3)
    found: dict[int, list[tuple[Figures, Figures]]] = {count: [] for count in sizes}
    shuffler = random.Random(0)
    for _ in range(rounds):
        for count in shuffler.sample(sizes, len(sizes)):
            found[count].append(in_process(count))
    if wanted.million:
        found[MILLION] = [in_process(MILLION)]
    report(found)
    small, large = sizes[0], sizes[-1]
    growths = {
        name: median(found, 0, large, name) / median(found, 0, small, name)
        for name in (FIRST, STORED, STATUS, HIT, ALONE)
    }
    what = f"a point of {large:,} beside one of {small:,}"
    verdict(Target(f"{name}: {what}", growth, 1.7) for name, growth in growths.items())


def median(found: Found, part: int, count: int, name: str) -> float | None:
    """Return the median over the rounds of a figure, or a peak; None where it was not measured."""
    given = [one[part][name] for one in found[count] if name in one[part]]
    return statistics.median(given) if given else None


def report(found: Found) -> None:
    figures, peaks = found[min(found)][0]
    for part, title, names in (
        (0, "microseconds of CPU for each point", figures),
        (1, "MB of memory, at the most", peaks),
    ):
        rows = [[name, *(figure(median(found, part, n, name)) for n in found)] for name in names]
        table([title, *(f"{count:,}" for count in found)], rows)


if __name__ == "__main__":
    main()
