"""One run to compute, here or in another process, and what is kept of it."""

from __future__ import annotations

from expcache._capture import relay
from expcache._cell._around import belongs_to_runs, may_belong_to_runs, runs_around
from expcache._cell._cell import Cell
from expcache._cell._compute import Computed, Watch, compute, compute_async, fail, keep
from expcache._cell._current import CurrentRun, current_run, launch_of_call, left_of
from expcache._cell._error import revive
from expcache._cell._pack import Parcel, pack
from expcache._cell._replies import compute_cells, replies, unpack_replies
from expcache._cell._reply import Refusal, Reply
from expcache._cell._rules import fetch, path_to

__all__ = [
    "Cell",
    "Computed",
    "CurrentRun",
    "Parcel",
    "Refusal",
    "Reply",
    "Watch",
    "belongs_to_runs",
    "compute",
    "compute_async",
    "compute_cells",
    "current_run",
    "fail",
    "fetch",
    "keep",
    "launch_of_call",
    "left_of",
    "may_belong_to_runs",
    "pack",
    "path_to",
    "relay",
    "replies",
    "revive",
    "runs_around",
    "unpack_replies",
]
