"""Which wine is it? How well its neighbours tell, by their number and by what a distance is."""

import numpy as np
from sklearn import model_selection, neighbors

from expcache import experiment, grid

TABLE = "wine.csv"


def read(path):
    """Return the measurements of a table, and its last column: the kind of wine."""
    rows = np.loadtxt(path, delimiter=",")
    return rows[:, :-1], rows[:, -1]


def scale(X):
    """Let every measurement weigh the same."""
    return (X - X.mean(axis=0)) / X.std(axis=0)


@experiment
def fit(k: int, p: int) -> float:
    """Return the accuracy of k nearest neighbours, cross-validated."""
    X, y = read(TABLE)
    model = neighbors.KNeighborsClassifier(k, p=p)
    scores = model_selection.cross_val_score(model, scale(X), y, cv=5)
    return round(float(scores.mean()), 4)


sweep_wine = fit.sweep(grid(k=[1, 5, 15], p=[1, 2]))

if __name__ == "__main__":
    stored = sweep_wine.status()["done"]
    best = max(sweep_wine.run(), key=lambda run: run.result)
    print(f"{len(sweep_wine)} points, {stored} stored; the best is {best.params}: {best.result}")
