"""One program, many parameter maps, files in each run's directory: at most four at once."""

from __future__ import annotations

import sys
from collections import Counter

from expcache import File, command, points

inputs = [
    File("earth.txt", link="copy", rename="world.txt"),
    File("terrain.txt", link="shared"),
    File("notes.txt", link="link"),
]
simulate = command(
    [sys.executable, "simulate.py"],
    name="simulate",
    inputs=[*inputs, File("simulate.py")],
    defaults={"speed": 1.0},
)
sweep_throws = simulate.sweep(points({"speed": v} for v in (1.0, 2.0, 3.0, 0.0)))

if __name__ == "__main__":
    runs = sweep_throws.run(jobs=4)
    print(dict(Counter(run.status for run in runs)), "of", len(runs))
    print([run.result for run in runs if run.done])
    print(runs[-1].error.message.splitlines()[0])
    print(sorted(runs[0].files))
