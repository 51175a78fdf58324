"""Cached, resumable parameter studies.

Decorate an analysis function with ``experiment``, sweep it over a space of parameters, run the
sweep from Python or as pytest tests, and load any result by id from another script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expcache import errors
from expcache._async_experiment import AsyncExperiment
from expcache._decorator import experiment
from expcache._encode import register
from expcache._experiment import Experiment
from expcache._file import File
from expcache._plan import Plan
from expcache._run import Run
from expcache._runset import RunSet
from expcache._space import Space, grid, points, star, zipped
from expcache._store import Claim, Store, Whereabouts, use
from expcache._sweep import Sweep

if TYPE_CHECKING:
    from expcache._acceptance import Acceptance
    from expcache._audit import Audit, Contrast
    from expcache._cell import CurrentRun, current_run
    from expcache._child import post_result, run_params
    from expcache._command import command
    from expcache._compare import Comparison, compare
    from expcache._completion import Completed, as_completed
    from expcache._executor import LocalExecutor, executor
    from expcache._explanation import Difference, Explanation, SweepExplanation
    from expcache._garbage import Garbage, gc
    from expcache._ids import load_ids
    from expcache._launch import Launch, launch
    from expcache._load import load
    from expcache._migration import Migration
    from expcache._progress import Display, Progress
    from expcache._removal import Removal
    from expcache._render import Collected, Rendered, collect, render
    from expcache._retries import Retries
    from expcache._specified import runfile, specification

__all__ = [
    "Acceptance",
    "AsyncExperiment",
    "Audit",
    "Claim",
    "Collected",
    "Comparison",
    "Completed",
    "Contrast",
    "CurrentRun",
    "Difference",
    "Display",
    "Experiment",
    "Explanation",
    "File",
    "Garbage",
    "Launch",
    "LocalExecutor",
    "Migration",
    "Plan",
    "Progress",
    "Removal",
    "Rendered",
    "Retries",
    "Run",
    "RunSet",
    "Space",
    "Store",
    "Sweep",
    "SweepExplanation",
    "Whereabouts",
    "__version__",
    "as_completed",
    "collect",
    "command",
    "compare",
    "current_run",
    "errors",
    "executor",
    "experiment",
    "gc",
    "grid",
    "launch",
    "load",
    "load_ids",
    "points",
    "post_result",
    "register",
    "render",
    "run_params",
    "runfile",
    "specification",
    "star",
    "use",
    "zipped",
]

del TYPE_CHECKING

# Users see these as `expcache.Run`, in messages, in documentation and in pickles: the files
# they are written in may change.
for _name in __all__:
    _thing = globals().get(_name)
    if getattr(_thing, "__module__", "").startswith("expcache._"):
        _thing.__module__ = "expcache"
del _name, _thing


_LATER = {
    "Acceptance": "_acceptance",
    "Audit": "_audit",
    "Collected": "_render",
    "Comparison": "_compare",
    "Completed": "_completion",
    "Contrast": "_audit",
    "CurrentRun": "_cell",
    "Difference": "_explanation",
    "Display": "_progress",
    "Explanation": "_explanation",
    "Garbage": "_garbage",
    "Launch": "_launch",
    "LocalExecutor": "_executor",
    "Migration": "_migration",
    "Progress": "_progress",
    "Rendered": "_render",
    "Removal": "_removal",
    "Retries": "_retries",
    "SweepExplanation": "_explanation",
    "as_completed": "_completion",
    "collect": "_render",
    "command": "_command",
    "compare": "_compare",
    "current_run": "_cell",
    "executor": "_executor",
    "gc": "_garbage",
    "launch": "_launch",
    "load": "_load",
    "load_ids": "_ids",
    "post_result": "_child",
    "render": "_render",
    "run_params": "_child",
    "runfile": "_specified",
    "specification": "_specified",
}


def __getattr__(name: str) -> object:
    """Look up what takes milliseconds to import when it is asked for."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - as said above

        return version("expcache")
    if name in _LATER:
        from importlib import import_module  # noqa: PLC0415 - as said above

        thing: object = getattr(import_module(f"expcache.{_LATER[name]}"), name)
        thing.__module__ = "expcache"
        globals()[name] = thing
        return thing
    message = f"module 'expcache' has no attribute {name!r}"
    raise AttributeError(message)
