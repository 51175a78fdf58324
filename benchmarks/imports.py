"""What it costs to be there: importing the library, and pytest with the plugin installed.

Run ``python benchmarks/imports.py [--quick]``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from _measure import (
    Target,
    Way,
    compare,
    environment,
    folder,
    interleave,
    quick,
    seconds,
    table,
    verdict,
)

BARE = "python -c pass"
PLUGIN = "pytest_expcache.plugin"
REFERENCES = ("xxhash", "sqlite3", "diskcache", "cloudpickle", "joblib", "numpy", "pandas")


def starting(arguments: Sequence[str], directory: Path) -> Way:
    """Start Python, in milliseconds."""
    command = [sys.executable, *arguments]

    def start() -> None:
        subprocess.run(
            command, cwd=directory, env=environment(directory), check=True, capture_output=True
        )

    start()  # writes the byte code
    return lambda: seconds(start) * 1e3


def slowest_modules(statement: str, count: int, directory: Path) -> list[tuple[float, str]]:
    """Return the modules whose own code takes longest to import, in milliseconds."""
    command = [sys.executable, "-X", "importtime", "-c", statement]
    report = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment(directory)
    ).stderr
    lines = [line.removeprefix("import time:").split("|") for line in report.splitlines()]
    times = [
        (int(own) / 1e3, name.strip())
        for own, _, name in (line for line in lines if len(line) == 3)
        if own.strip().isdigit()
    ]
    return sorted(times, reverse=True)[:count]


def main() -> None:
    is_quick = quick("Imports")
    present = [name for name in REFERENCES if find_spec(name)]
    present = present[:1] if is_quick else present
    statements = {f"import {name}": f"import {name}" for name in ["expcache", *present]}
    with folder() as place:
        (place / "test_empty.py").write_text("def test_nothing():\n    pass\n")
        ways = {BARE: starting(["-c", "pass"], place)}
        ways |= {name: starting(["-c", code], place) for name, code in statements.items()}
        imports = interleave(ways, 1 if is_quick else 25)
        pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_empty.py"]
        ways = {
            "pytest, one empty test": starting(pytest, place),
            "the same, with the plugin": starting([*pytest, "-p", PLUGIN], place),
        }
        starts = interleave(ways, 1 if is_quick else 25)
        slow = slowest_modules("import expcache", 10, place)
    compare("import", "ms", imports, [BARE])
    compare("start", "ms", starts, ["pytest, one empty test"])
    table(["slowest to import", "own ms"], [[name, f"{own:.2f}"] for own, name in slow])
    ours, bare = imports["import expcache"], imports[BARE]
    without, with_plugin = starts.values()
    verdict(
        [
            Target("ms to import beyond a bare start: best rounds", ours.least - bare.least, 45.0),
            Target("the same: median of the differences", ours.beyond(bare), 45.0),
            Target("ms of the plugin: median of the differences", with_plugin.beyond(without), 5.0),
        ]
    )


if __name__ == "__main__":
    main()
