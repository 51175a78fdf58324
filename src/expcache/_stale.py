"""What a program, or its user, wants done with runs that are stored for other code only."""

from __future__ import annotations

import os
from typing import Final, get_args

from expcache._query import Stale

__all__ = ["check_stale", "choose_stale", "chosen_stale", "hide_choice", "show_choice"]

VARIABLE: Final = "EXPCACHE_STALE"

_WORDS: Final[tuple[Stale, ...]] = get_args(Stale)

_chosen: Stale | None = None
_hidden: str | None = None
"""What the environment said before it was hidden."""


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
    """Return what ``use`` chose, else what the environment says, else ``"recompute"``."""
    if _chosen is not None:
        return _chosen
    word = os.environ.get(VARIABLE) if _hidden is None else _hidden
    return check_stale(word, f"{VARIABLE}={word!r}") if word else "recompute"


def choose_stale(word: Stale | None) -> Stale | None:
    """Choose a policy for this process, None for none, and return what was chosen before."""
    global _chosen  # noqa: PLW0603 - one choice for all experiments, as with the store
    before = _chosen
    _chosen = None if word is None else check_stale(word, f"stale={word!r}")
    return before


def hide_choice() -> None:
    """Keep processes that are started from now on from reading the choice in the environment.

    They may be started by a run, and what a run calls is never served from other code.
    """
    global _hidden
    word = os.environ.get(VARIABLE)
    if word and _hidden is None:
        _hidden, os.environ[VARIABLE] = word, "recompute"


def show_choice() -> None:
    """Give the environment back what it said."""
    global _hidden
    if _hidden is not None:
        os.environ[VARIABLE], _hidden = _hidden, None
