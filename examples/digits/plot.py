"""Draw the results of the digits study as a heat map, without the study's code.

Run it with `python examples/digits/plot.py [ids file] [image]`.
"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import expcache

HERE = Path(__file__).parent


def draw(runs, image):
    """Write a heat map of the accuracy over gamma and C, and mark the best point."""
    accuracy = {(run.params["C"], run.params["gamma"]): run.result["accuracy"] for run in runs}
    rows, columns = (sorted(set(axis)) for axis in zip(*accuracy, strict=True))
    heat = np.array([[accuracy.get((C, gamma), np.nan) for gamma in columns] for C in rows])
    best = np.unravel_index(np.nanargmax(heat), heat.shape)

    figure, axes = plt.subplots(figsize=(6.4, 4.8), layout="constrained")
    picture = axes.imshow(heat, origin="lower", cmap="viridis", vmin=0, vmax=1)
    axes.set_xticks(range(len(columns)), [f"{gamma:g}" for gamma in columns])
    axes.set_yticks(range(len(rows)), [f"{C:g}" for C in rows])
    axes.set(xlabel="gamma", ylabel="C", title="Support-vector machine on handwritten digits")
    for (row, column), value in np.ndenumerate(heat):
        shade = "black" if value > 0.6 else "white"
        place = {"ha": "center", "va": "center", "fontsize": 8, "color": shade}
        axes.annotate(f"{value:.3f}", (column, row), **place)
    axes.plot(best[1], best[0], "s", ms=38, mfc="none", mec="red", mew=2, label="best")
    figure.colorbar(picture, label="accuracy (5-fold cross-validation)")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower right", markerscale=0.3)
    figure.savefig(image, dpi=80)
    return rows[best[0]], columns[best[1]], heat[best]


if __name__ == "__main__":
    ids_file = sys.argv[1] if len(sys.argv) > 1 else HERE / "digits.ids.json"
    image = Path(sys.argv[2]) if len(sys.argv) > 2 else HERE / "digits.png"
    C, gamma, accuracy = draw(expcache.load(ids_file), image)
    print(f"{image.name}: the best accuracy is {accuracy:.3f}, at C={C:g} and gamma={gamma:g}")
