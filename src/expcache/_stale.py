"""What a program, or its user, wants done with runs that are stored for other code only."""

from __future__ import annotations

import os
import sys
from typing import Final, get_args

from expcache._query import Stale

__all__ = [
    "check_stale",
    "choose_stale",
    "chosen_stale",
    "descends_from_run",
    "mark_run",
    "unmark_run",
]

VARIABLE: Final = "EXPCACHE_STALE"
MARK: Final = "EXPCACHE_INSIDE_RUN"
"""Set to 1 while a run goes on, for the processes that it starts."""

_WORDS: Final[tuple[Stale, ...]] = get_args(Stale)

_YES: Final = "1"
_descends: Final = os.environ.get(MARK) == _YES

_chosen: Stale | None = None


def check_stale(word: object, said: str) -> Stale:
    """Return the word if it is one of the policies.

    Args:
        word: what the user gave.
        said: how that was written, such as ``stale='reuse'``.

    Raises:
        ValueError: there is no such policy.
    """
    for known in _WORDS:
        if word == known:
            return known
    choices = "{!r}, {!r} or {!r}".format(*_WORDS)
    raise ValueError(f"cannot run with {said}: no such policy. Use {choices}.")


def chosen_stale() -> Stale:
    """Return what ``use`` chose, else what the environment says, else ``"recompute"``.

    A choice holds for nothing that a run of another process may have asked for.
    """
    word = _chosen or os.environ.get(VARIABLE)
    chosen = check_stale(word, f"{VARIABLE}={word!r}") if word else "recompute"
    return "recompute" if _descends or (chosen == "reuse" and _is_of_pool()) else chosen


def choose_stale(word: Stale | None) -> Stale | None:
    """Choose a policy for this process, None for none, and return what was chosen before."""
    global _chosen  # noqa: PLW0603 - one choice for all experiments, as with the store
    before = _chosen
    _chosen = None if word is None else check_stale(word, f"stale={word!r}")
    return before


def descends_from_run() -> bool:
    """Whether a run started this process, or one before it: what it computes is a part of that."""
    return _descends


def mark_run() -> None:
    """Let processes that are started from now on know that they are a part of a run."""
    if os.environ.get(MARK) != _YES:
        os.environ[MARK] = _YES


def unmark_run() -> None:
    """Let processes that are started from now on be a part of none, unless this one is."""
    if not _descends:
        # Replaced, not removed: other threads may be reading the environment.
        os.environ[MARK] = ""


def _is_of_pool() -> bool:
    """Whether Python's own module made this process: a run of another one may send it work."""
    module = sys.modules.get("multiprocessing.process")
    return module is not None and module.parent_process() is not None
