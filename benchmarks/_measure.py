"""The method of every benchmark: ways of doing one thing, timed in turn, compared in one table.

All ways run once in each round, in an order that is shuffled anew, so that whatever else the
machine does falls on all of them. A figure is the median over the rounds; the best round stands
beside it, and a limit in seconds is held against that. Figures of two machines, or of two
invocations, say nothing about each other; ratios within one table do.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

Way = Callable[[], float]


class Spread(NamedTuple):
    """What a way gave in each round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def least(self) -> float:
        return min(self.rounds)

    @property
    def most(self) -> float:
        return max(self.rounds)

    def beyond(self, other: Spread) -> float:
        """Return how much more it is than another in the same round: the median of that."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(own - its for own, its in pairs)


class Target(NamedTuple):
    """A figure and the limit that it should keep."""

    what: str
    measured: float
    limit: float
    at_least: bool = False

    @property
    def row(self) -> list[str]:
        reached = self.measured >= self.limit if self.at_least else self.measured <= self.limit
        bound = f"{'>=' if self.at_least else '<='} {figure(self.limit)}"
        return [self.what, figure(self.measured), bound, "yes" if reached else "**no**"]


def quick(title: str) -> bool:
    """Read the command line, print the heading, and return whether ``--quick`` was given."""
    is_quick: bool = options(title).quick
    return is_quick


def options(title: str, **flags: str) -> argparse.Namespace:
    """Read the command line, with flags beside ``--quick``, and print the heading."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    for flag, meaning in flags.items():
        parser.add_argument(f"--{flag}", action="store_true", help=meaning)
    given = parser.parse_args()
    version = f"{platform.python_implementation()} {platform.python_version()}"
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"# {title}\n\n{version}, {platform.system()}, {os.cpu_count()} cores{load}")
    if given.quick:
        print("\nQuick: the sizes are tiny and the figures mean nothing.")
    return given


def peer(name: str) -> Any:
    """Import a library to compare with, or say that it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"\nSkipped {name}: it is not installed.")
        return None


@contextmanager
def folder() -> Iterator[Path]:
    """Give an empty directory; TMPDIR chooses the file system that is measured."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def environment(byte_code: Path) -> dict[str, str]:
    """Return an environment in which Python finds the byte code of all that it read once."""
    one = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    one.pop("PYTHONDONTWRITEBYTECODE", None)
    one.setdefault("PYTHONPYCACHEPREFIX", str(byte_code))
    return one


def seconds(function: Callable[..., object], *args: object) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def per_call(function: Callable[[Any], object], arguments: Sequence[Any]) -> Way:
    """Return a way that calls a function with each argument: microseconds for one call."""

    def loop() -> None:
        for argument in arguments:
            function(argument)

    return lambda: seconds(loop) / len(arguments) * 1e6


def interleave(ways: Mapping[str, Way], rounds: int) -> dict[str, Spread]:
    """Run every way once a round in a shuffled order."""
    shuffler = random.Random(0)
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        names = list(ways)
        shuffler.shuffle(names)
        for name in names:
            gc.collect()
            figures[name].append(ways[name]())
    return {name: Spread(tuple(rounds)) for name, rounds in figures.items()}


def figure(value: float | None) -> str:
    """Write a number with three digits that mean something."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def compare(
    title: str, unit: str, spreads: Mapping[str, Spread], references: Iterable[str] = ()
) -> None:
    """Print medians, best rounds, and how many times the references' medians each median is."""
    known = [name for name in references if name in spreads]
    is_rate = unit.endswith("/s")
    rows = [
        [name, figure(spread.median), figure(spread.most if is_rate else spread.least)]
        + [figure(spread.median / spreads[other].median) for other in known]
        for name, spread in spreads.items()
    ]
    table([title, unit, "best", *(f"x {name}" for name in known)], rows)


def verdict(targets: Iterable[Target]) -> None:
    """Print what should be reached, and whether it was."""
    table(["target", "measured", "limit", "reached"], [target.row for target in targets])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a markdown table."""
    print(f"\n| {' | '.join(head)} |\n|---{'|---:' * (len(head) - 1)}|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    sys.stdout.flush()
