"""Read the results of growth.py, which need not be there any more: `python read.py`."""

import expcache

for run in expcache.load("growth.ids.json"):
    last = ", ".join(f"{size:.2f}" for size in run.result[-4:])
    print(f"rate {run.params['rate']}: ... {last}   (run {run.id[:8]})")
