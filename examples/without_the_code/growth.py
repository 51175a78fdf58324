"""Compute three runs and write down their ids: `python growth.py`."""

from expcache import experiment, grid


@experiment
def population(rate: float, years: int = 50) -> list[float]:
    """Follow the logistic map, year by year."""
    sizes = [0.5]
    for _ in range(years):
        sizes.append(rate * sizes[-1] * (1 - sizes[-1]))
    return sizes


sweep_rates = population.sweep(grid(rate=[2.5, 3.2, 3.9]))

if __name__ == "__main__":
    runs = sweep_rates.run()
    runs.save_ids("growth.ids.json")
    print(f"{len(runs)} runs, ids in growth.ids.json")
