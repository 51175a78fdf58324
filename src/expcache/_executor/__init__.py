"""Where runs are computed when they are not computed here: worker processes, foreign executors."""

from expcache._executor._batch import Batch, Event, Lost
from expcache._executor._choice import executor_for
from expcache._executor._futures import FuturesExecutor
from expcache._executor._local import LocalExecutor
from expcache._executor._protocol import Executor

__all__ = [
    "Batch",
    "Event",
    "Executor",
    "FuturesExecutor",
    "LocalExecutor",
    "Lost",
    "executor_for",
]
