"""Read the results, where the study is not there."""

from __future__ import annotations

import expcache

runs = expcache.load("batch.ids.json")
print(len(runs), "runs,", runs[0].params["B"], runs[0].result)
print(expcache.load(runs.ids[0]).result)
