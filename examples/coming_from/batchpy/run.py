"""Look at the sweep, run it, and ask for some of its results."""

from __future__ import annotations

from study import evaluate, sweep_batch

from expcache import points

before = [run.status for run in sweep_batch]
print(
    len(sweep_batch), "points,", before.count("missing"), "missing, first:", sweep_batch[0].params
)

runs = sweep_batch.run()
print(runs[0].result)
print(len(runs.where(A__ge=3, B=[2, 5, 8], operator=max)), "runs")
print([run.result["val"] for run in runs.where(A__le=3, B=[2, 5, 8], operator=min)])

wider = sweep_batch.add(points([{"A": 8, "operator": min}]))
print(len(wider.plan().missing), "to compute,", wider.run()[-1].result)
print(evaluate.sweep(wider.space).plan())
wider.save_ids("batch.ids.json")
