"""Trivial programs, two at a time: what a directory, a record and a lock of each cost.

xargs starts the same shell, with and without a directory and two files for each; with us, a
program that says nothing keeps none. Run
``python benchmarks/commands.py [--quick]``.
"""

from __future__ import annotations

import subprocess

from _measure import Target, Way, compare, folder, interleave, quick, seconds, verdict

import expcache

JOBS = 2
BARE = "true {}"
FILES = "mkdir {0}; cd {0}; true {0} > stdout.txt 2> stderr.txt"


def computed(count: int) -> Way:
    """Return a way through so many programs of a command, in microseconds each."""

    def way() -> float:
        with folder() as place, expcache.use(place / "store"), expcache.LocalExecutor(JOBS) as pool:
            run = expcache.command("true {x}", shell=True, name="true")
            # The workers and their watchdogs are there before, as xargs is.
            run.sweep(expcache.grid(x=range(-2 * JOBS, 0))).run(executor=pool, progress=False)
            sweep = run.sweep(expcache.grid(x=range(count)))
            return seconds(lambda: sweep.run(executor=pool, progress=False)) / count * 1e6

    return way


def of_xargs(count: int, line: str) -> Way:
    """Return the same by xargs."""
    words = ["xargs", "-P", str(JOBS), "-I{}", "sh", "-c", line.replace("{0}", "{}")]
    numbers = "".join(f"{number}\n" for number in range(count))

    def way() -> float:
        with folder() as place:
            start = lambda: subprocess.run(words, input=numbers, text=True, cwd=place, check=True)  # noqa: E731
            return seconds(start) / count * 1e6

    return way


def stored(count: int) -> Way:
    """Return a way through so many programs that ran before, in seconds."""

    def way() -> float:
        with folder() as place, expcache.use(place / "store"):
            run = expcache.command("true {x}", shell=True, name="true")
            run.sweep(expcache.grid(x=range(count))).run(jobs=JOBS, progress=False)
            again = expcache.command("true {x}", shell=True, name="true")
            return seconds(lambda: again.sweep(expcache.grid(x=range(count))).run(jobs=JOBS))

    return way


def main() -> None:
    is_quick = quick("Commands")
    few, many, rounds = (4, 8, 1) if is_quick else (500, 5_000, 5)
    ways = {
        f"command, {few:,}": computed(few),
        f"command, {many:,}": computed(many),
        "xargs": of_xargs(many, BARE),
        "xargs, a directory and two files": of_xargs(many, FILES),
    }
    spreads = interleave(ways, rounds)
    compare("a trivial program", "us", spreads, ["xargs", "xargs, a directory and two files"])
    again = interleave({f"{many:,} that ran before": stored(many)}, 1)
    compare("a sweep of them", "s", again)
    all_of_them = spreads[f"command, {many:,}"]
    like = spreads["xargs, a directory and two files"]
    verdict(
        [
            Target("times xargs", all_of_them.median / spreads["xargs"].median, 1.3),
            Target("times xargs with directories", all_of_them.median / like.median, 1.3),
            Target("growth", all_of_them.median / spreads[f"command, {few:,}"].median, 1.3),
            Target("s to see that all ran before", next(iter(again.values())).least, 0.3),
        ]
    )


if __name__ == "__main__":
    main()
