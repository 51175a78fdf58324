"""How well does a support-vector machine read handwritten digits?

Compute the 36 points as tests, `pytest examples/digits/study.py -k sweep_digits`, or as a script,
`python examples/digits/study.py`, which also writes the file of ids that `plot.py` reads. Interrupt
either, and the next one continues where it stopped.
"""

from pathlib import Path

from sklearn import datasets, model_selection, svm

from expcache import experiment, grid


@experiment
def fit(C: float, gamma: float, folds: int = 5) -> dict:
    """Return the accuracy of a support-vector machine, cross-validated."""
    X, y = datasets.load_digits(return_X_y=True)
    scores = model_selection.cross_val_score(svm.SVC(C=C, gamma=gamma), X, y, cv=folds)
    return {"accuracy": scores.mean(), "scores": scores}


sweep_digits = fit.sweep(
    grid(C=[0.01, 0.1, 1, 10, 100, 1000], gamma=[1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2])
)


@sweep_digits.check
def test_beats_chance(run):
    """Ten digits: guessing is right once in ten."""
    assert run.result["accuracy"] > 0.1


if __name__ == "__main__":
    runs = sweep_digits.run()
    runs.save_ids(Path(__file__).with_name("digits.ids.json"))
    best = max(runs, key=lambda run: run.result["accuracy"])
    print(f"{len(runs)} runs; the best is {best.params}: {best.result['accuracy']:.3f}")
