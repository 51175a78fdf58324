"""A method of a dataclass as an experiment, the instance a parameter: `python spring.py`."""

from dataclasses import dataclass

from expcache import experiment, grid


@dataclass(frozen=True)
class Spring:
    """A damped spring, let go at distance 1."""

    stiffness: float
    damping: float = 0.1

    @experiment
    def distance(self, time: float, steps: int = 10_000) -> float:
        """Return where the spring is after some time."""
        x, v, dt = 1.0, 0.0, time / steps
        for _ in range(steps):
            v -= (self.stiffness * x + self.damping * v) * dt
            x += v * dt
        return x


soft, hard = Spring(1.0), Spring(25.0)
sweep_springs = Spring.distance.sweep(grid(self=[soft, hard], time=[1.0, 2.0]))

if __name__ == "__main__":
    print(f"one call: {soft.distance(1.0):.3f}")
    for run in sweep_springs.run():
        spring, time = run.params["self"], run.params["time"]
        word = "cached" if run.cached else "computed"
        print(f"stiffness {spring.stiffness}, time {time}: {run.result:.3f} ({word})")
