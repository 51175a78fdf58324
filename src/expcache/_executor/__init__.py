"""Where runs are computed when they are not computed here: worker processes, foreign executors."""

from expcache._executor._away import Away, away, follower, is_noted, look_away, settled
from expcache._executor._batch import Batch, Event, Lost, Where
from expcache._executor._choice import executor, executor_for
from expcache._executor._engine import Engine
from expcache._executor._futures import FuturesExecutor
from expcache._executor._local import LocalExecutor
from expcache._executor._protocol import Executor
from expcache._executor._remote import compute
from expcache._executor._wishes import Wishes, wishes_of

__all__ = [
    "Away",
    "Batch",
    "Engine",
    "Event",
    "Executor",
    "FuturesExecutor",
    "LocalExecutor",
    "Lost",
    "Where",
    "Wishes",
    "away",
    "compute",
    "executor",
    "executor_for",
    "follower",
    "is_noted",
    "look_away",
    "settled",
    "wishes_of",
]
