"""Read the files of the runs by their ids alone, and add a mean to each."""

from __future__ import annotations

from statistics import mean

import expcache

for run in expcache.load("noisy.ids.json"):
    numbers = [int(line) for line in run.files["out.txt"].read_text().split()]
    print(run.params, mean(numbers))
