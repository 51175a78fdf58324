"""Claim runs before they are begun, so that nobody else computes them too."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from expcache._completion._todo import Todo

__all__ = ["claim", "release"]


def claim(todos: list[Todo], waiting: list[Todo]) -> list[Todo]:
    """Return those of one experiment that are ours to compute; the others go to ``waiting``."""
    definition = todos[0].performer.definition
    keys = [one.key for one in todos if one.claim is None]
    won = definition.store.claim(definition.name, keys, bulk=True) if keys else {}
    for one in todos:
        one.claim = one.claim or won.get(one.key)
        if one.claim is None:
            one.waited = True
            waiting.append(one)
    return [one for one in todos if one.claim is not None]


def release(todos: Iterable[Todo]) -> None:
    """Give up what is not computed: somebody else may do it."""
    held = [one for one in todos if one.claim is not None]
    for performer, group in groupby(held, lambda one: one.performer):
        definition = performer.definition
        definition.store.release(definition.name, [one.claim for one in group if one.claim])
