"""A cache hit: binding, key, lookup, checksum and decoding, in stores of 1,000 and 100,000 runs.

Run ``python benchmarks/hit.py [--quick]``.
"""

from __future__ import annotations

import pickle
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _measure import (
    Target,
    Way,
    compare,
    figure,
    folder,
    interleave,
    peer,
    per_call,
    quick,
    table,
    verdict,
)
from _subject import calls, kept, space, work

import expcache

Call = dict[str, Any]


def ready_key(call: Call) -> str:
    """Return the key that the peers without keys of their own are given, made beforehand."""
    return f"work:{call['lr']!r}:{call['layers']!r}:{call['name']}"


def of_expcache(place: Path, count: int, sample: list[Call]) -> Way:
    with expcache.use(place) as store:
        kept.sweep(space(count), name="fill").run()
    loop = per_call(lambda call: kept(**call), sample)

    def way() -> float:
        with expcache.use(store):
            kept(**sample[0])  # the first call in a store opens it
            return loop()

    return way


def of_sqlite(place: Path, count: int, sample: list[Call]) -> Way:
    place.mkdir()
    connection = sqlite3.connect(place / "rows.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA mmap_size=67108864")
    connection.execute("CREATE TABLE rows(key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
    rows = ((ready_key(call), pickle.dumps(work(**call), 5)) for call in calls(count))
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO rows VALUES(?, ?)", rows)
    connection.execute("COMMIT")
    execute, loads, query = connection.execute, pickle.loads, "SELECT value FROM rows WHERE key=?"
    keys = [(ready_key(call),) for call in sample]
    return per_call(lambda key: loads(execute(query, key).fetchone()[0]), keys)


def of_diskcache(place: Path, count: int, sample: list[Call]) -> Way:
    diskcache = peer("diskcache")

    cache = diskcache.Cache(str(place), eviction_policy="none", size_limit=1 << 40, cull_limit=0)
    with cache.transact():
        for call in calls(count):
            cache.set(ready_key(call), work(**call))
    return per_call(cache.get, [ready_key(call) for call in sample])


def of_joblib(place: Path, _: int, sample: list[Call]) -> Way:
    joblib = peer("joblib")

    sample = sample[:100]
    cached = joblib.Memory(place, verbose=0).cache(work)
    for call in sample:
        cached(**call)
    return per_call(lambda call: cached(**call), sample)


MAKERS: dict[str, Callable[[Path, int, list[Call]], Way]] = {
    "sqlite SELECT + pickle.loads": of_sqlite,
    "diskcache.Cache.get": of_diskcache,
    "expcache": of_expcache,
    "joblib.Memory": of_joblib,
}
FLAT = {"joblib.Memory"}  # one directory a result: the number of results does not matter


def main() -> None:
    is_quick = quick("Cache hit")
    small, large = (100, 300) if is_quick else (1_000, 100_000)
    present = {"joblib.Memory": peer("joblib"), "diskcache.Cache.get": peer("diskcache")}
    makers = {name: maker for name, maker in MAKERS.items() if present.get(name, True)}
    with folder() as place:
        ways: dict[str, Way] = {"the plain function": per_call(lambda c: work(**c), calls(small))}
        for name, maker in makers.items():
            for count in (small,) if name in FLAT else (small, large):
                sample = random.Random(1).sample(calls(count), min(count, 1_000))
                label = name if count == small else f"{name}, {large:,} runs"
                ways[label] = maker(place / f"{name}-{count}", count, sample)
        spreads = interleave(ways, 3 if is_quick else 31)
    of_small = {name: spread for name, spread in spreads.items() if " runs" not in name}
    compare(f"hit, {small:,} runs stored", "us", of_small, makers)
    medians = {name: spread.median for name, spread in spreads.items()}
    grown = {n: medians[f"{n}, {large:,} runs"] / medians[n] for n in makers if n not in FLAT}
    rows = [[name, figure(growth)] for name, growth in grown.items()]
    table([f"growth, {small:,} to {large:,} runs", "times"], rows)
    ours = medians["expcache"]
    targets = [Target("growth", grown["expcache"], 1.7)]
    if "diskcache.Cache.get" in medians:
        targets.append(Target("times diskcache.get", ours / medians["diskcache.Cache.get"], 2.0))
    if "joblib.Memory" in medians:
        faster = medians["joblib.Memory"] / ours
        targets.append(Target("times faster than joblib.Memory", faster, 6.0, at_least=True))
    verdict(targets)


if __name__ == "__main__":
    main()
