"""Explaining a sweep: half of it stale, some of it missing, the rest stored.

Run ``python benchmarks/explain.py [--quick]``.
"""

from __future__ import annotations

from _measure import Target, Way, compare, folder, interleave, quick, seconds, verdict
from _subject import calls, space

import expcache

FACTOR = 1


def scaled(lr: float = 0.1, layers: int = 2, name: str = "adam") -> dict[str, object]:
    return {"loss": lr * layers * FACTOR, "name": name}


kept = expcache.experiment(name="explain.scaled")(scaled)


def fill(store: expcache.Store, count: int) -> None:
    """Store three quarters of the points; two of these quarters are of other code now."""
    global FACTOR  # noqa: PLW0603 - the edit whose results are stale
    with expcache.use(store):
        FACTOR = 1
        kept.sweep(expcache.points(calls(count)[: count // 2]), name="old").run()
        FACTOR = 2
        kept.sweep(expcache.points(calls(count)[count // 2 : 3 * count // 4]), name="new").run()


def explained(store: expcache.Store, count: int) -> Way:
    """Explain a new sweep of so many points, in seconds."""

    def explain() -> None:
        why = kept.sweep(space(count), name="all").explain()
        assert why.hits == 3 * count // 4 - count // 2
        assert why.misses == count - why.hits

    def timed() -> float:
        with expcache.use(store):
            return seconds(explain)

    return timed


def planned(store: expcache.Store, count: int) -> Way:
    """Plan the same sweep, which reads no record."""

    def timed() -> float:
        with expcache.use(store):
            return seconds(lambda: kept.sweep(space(count), name="all").plan())

    return timed


def main() -> None:
    is_quick = quick("Explain")
    count, rounds = (100, 2) if is_quick else (10_000, 7)
    with folder() as place, expcache.use(place / "store") as store:
        fill(store, count)
        ways = {
            f"explain of {count:,}": explained(store, count),
            f"plan of {count:,}": planned(store, count),
        }
        found = interleave(ways, rounds)
    compare("explain, half stale, a quarter missing", "s", found, [f"plan of {count:,}"])
    verdict([Target(f"s to explain {count:,}", found[f"explain of {count:,}"].least, 2.0)])


if __name__ == "__main__":
    main()
