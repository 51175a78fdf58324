"""A cache miss: a trivial function called for the first time, one by one and as a sweep.

An expcache result is on the disk when the call returns, so the limit is a row that is too.
Run ``python benchmarks/miss.py [--quick]``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from _measure import Target, compare, folder, interleave, peer, per_call, quick, seconds, verdict
from _subject import calls, kept, space, work

import expcache

Call = dict[str, Any]
FULL = {"sqlite_synchronous": 2}


def of_expcache(sample: list[Call]) -> float:
    with folder() as place, expcache.use(place):
        kept(lr=-1.0)  # the first result of a store makes its directory
        return per_call(lambda call: kept(**call), sample)()


def of_sweep(sample: list[Call]) -> float:
    with folder() as place, expcache.use(place):
        kept(lr=-1.0)
        sweep = kept.sweep(space(len(sample)), name="cold")
        return seconds(sweep.run) / len(sample) * 1e6


def of_sqlite(sample: list[Call]) -> float:
    with folder() as place:
        connection = sqlite3.connect(place / "rows.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE rows(key TEXT PRIMARY KEY, value TEXT)")
        query = "INSERT INTO rows VALUES(?, ?)"
        way = per_call(lambda c: connection.execute(query, (repr(c), repr(work(**c)))), sample)
        try:
            return way()
        finally:
            connection.close()


def of_diskcache(sample: list[Call], **settings: Any) -> float:
    diskcache = peer("diskcache")

    with folder() as place, diskcache.Cache(str(place), eviction_policy="none", **settings) as kept:
        return per_call(lambda call: kept.set(repr(call), work(**call)), sample)()


def of_joblib(sample: list[Call]) -> float:
    joblib = peer("joblib")

    with folder() as place:
        cached = joblib.Memory(place, verbose=0).cache(work)
        cached(lr=-1.0)
        return per_call(lambda call: cached(**call), sample)()


def main() -> None:
    is_quick = quick("Cache miss")
    single, many = (10, 20) if is_quick else (300, 10_000)
    sample, few = calls(single), calls(single // 3)
    ways: dict[str, Callable[[], float]] = {
        "sqlite row, fsync": lambda: of_sqlite(sample),
        "expcache, call by call": lambda: of_expcache(sample),
        f"expcache, sweep of {many:,}": lambda: of_sweep(calls(many)),
    }
    if peer("diskcache"):
        ways["diskcache set, no fsync"] = lambda: of_diskcache(sample)
        ways["diskcache set, fsync"] = lambda: of_diskcache(sample, **FULL)
    if peer("joblib"):
        ways["joblib.Memory, no fsync"] = lambda: of_joblib(few)
    spreads = interleave(ways, 2 if is_quick else 9)
    compare("miss", "us", spreads, ["sqlite row, fsync", "expcache, call by call"])
    medians = {name: spread.median for name, spread in spreads.items()}
    one, each = medians["expcache, call by call"], medians[f"expcache, sweep of {many:,}"]
    targets = [
        Target("us a point of a cold sweep", spreads[f"expcache, sweep of {many:,}"].least, 80.0)
    ]
    if "joblib.Memory, no fsync" in medians:
        other = medians["joblib.Memory, no fsync"]
        targets += [
            Target("one call: times faster than joblib", other / one, 5.0, at_least=True),
            Target("a sweep: times faster than joblib", other / each, 6.0, at_least=True),
        ]
    if "diskcache set, fsync" in medians:
        ratio = one / medians["diskcache set, fsync"]
        targets.append(Target("one call: times diskcache set, both with fsync", ratio, 1.5))
    verdict(targets)


if __name__ == "__main__":
    main()
