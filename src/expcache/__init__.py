"""Cached, resumable parameter studies.

Decorate an analysis function with ``experiment``, sweep it over a space of parameters, run the
sweep from Python or as pytest tests, and load any result by id from another script.
"""

from __future__ import annotations

from expcache import errors
from expcache._decorator import experiment
from expcache._encode import register
from expcache._experiment import AsyncExperiment, Experiment
from expcache._file import File
from expcache._ids import load_ids
from expcache._load import load
from expcache._plan import Plan
from expcache._run import Run
from expcache._runset import RunSet
from expcache._space import Space, grid, points, star, zipped
from expcache._store import Store, use
from expcache._sweep import Sweep

__all__ = [
    "AsyncExperiment",
    "Experiment",
    "File",
    "Plan",
    "Run",
    "RunSet",
    "Space",
    "Store",
    "Sweep",
    "__version__",
    "errors",
    "experiment",
    "grid",
    "load",
    "load_ids",
    "points",
    "register",
    "star",
    "use",
    "zipped",
]

# Users see these as `expcache.Run`, in messages, in documentation and in pickles: the files
# they are written in may change.
for _name in __all__:
    _thing = globals().get(_name)
    if getattr(_thing, "__module__", "").startswith("expcache._"):
        _thing.__module__ = "expcache"
del _name, _thing


def __getattr__(name: str) -> str:
    """Look the version up when it is asked for: reading metadata takes milliseconds."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - as said above

        return version("expcache")
    message = f"module 'expcache' has no attribute {name!r}"
    raise AttributeError(message)
