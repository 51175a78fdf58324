"""Claim runs before they are begun, so that nobody else computes them too."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from expcache._completion._todo import Todo
from expcache._perform import held_up, may_wait_for_us

if TYPE_CHECKING:
    from expcache._store import Claim

__all__ = ["claim", "release"]


def claim(todos: list[Todo], waiting: list[Todo]) -> list[Todo]:
    """Return those of one experiment that are ours to compute; the others go to ``waiting``.

    Ours are, without a claim, also those whose holder might wait for us.
    """
    store, name = todos[0].run._store, todos[0].run.experiment
    keys = [one.key for one in todos if one.claim is None]
    won = store.claim(name, keys, bulk=True) if keys else {}
    for one in todos:
        one.claim = one.claim or won.get(one.key)
    lacking = [one for one in todos if one.claim is None]
    for one in lacking:
        one.waited = one.waited or time.monotonic()
    others = store.claims(name) if lacking and held_up(own=1) else {}
    stuck = {one.key for one in lacking if _is_stuck(one, others.get(one.key))}
    waiting.extend(one for one in lacking if one.key not in stuck)
    return [one for one in todos if one.claim is not None or one.key in stuck]


def _is_stuck(one: Todo, other: Claim | None) -> bool:
    return other is not None and may_wait_for_us(other, one.waited)


def release(todos: Iterable[Todo]) -> None:
    """Give up what is not computed: somebody else may do it."""
    # One that is being begun may be sent already: it is given up once.
    held = list({id(one): one for one in todos if one.claim is not None}.values())
    for (store, name), group in groupby(held, lambda one: (one.run._store, one.run.experiment)):
        store.release(name, [one.claim for one in group if one.claim])
