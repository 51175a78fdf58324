"""More points, then one more parameter, and nothing computed twice: `python decay.py`."""

import math

from expcache import experiment, grid


@experiment(name="decay", version="1")
def decay(rate: float) -> float:
    """Return what is left after one unit of time."""
    return math.exp(-rate)


first = decay.sweep(grid(rate=[0.1, 0.2, 0.3]), name="first")
more = first.add(grid(rate=[0.3, 0.4]))  # 0.3 is there already


# A later day: the experiment learns a parameter, whose default is what it did before. Parameters
# at their default do not count for the id, and the version says that the change is harmless.
@experiment(name="decay", version="1")
def decay_from(rate: float, start: float = 1.0) -> float:
    """Return what is left of `start` after one unit of time."""
    return start * math.exp(-rate)


later = decay_from.sweep(grid(rate=[0.1, 0.2, 0.3, 0.4], start=[1.0, 2.0]), name="later")

if __name__ == "__main__":
    for name, sweep in [("first", first), ("more", more), ("later", later)]:
        runs = sweep.run()
        computed = sum(not run.cached for run in runs)
        print(f"{name}: {len(runs)} points, {computed} computed, {len(runs) - computed} cached")
