"""Tests that can be reported in any order: one collector, one set of shared fixtures."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import groupby

import pytest

__all__ = ["groups"]

_OWN = "run"


def groups(items: Iterable[pytest.Item]) -> list[list[pytest.Item]]:
    """Split tests, in their order, where a fixture of more than one test may change."""
    return [list(some) for _, some in groupby(items, key=_surroundings)]


def _surroundings(item: pytest.Item) -> Hashable:
    """Return what tests have in common that may change places: parent and shared parameters."""
    callspec = getattr(item, "callspec", None)
    indices = getattr(callspec, "indices", {})
    if len(indices) < 2:  # noqa: PLR2004 - the point alone, which is the test's own
        return item.parent
    scopes = getattr(callspec, "_arg2scope", {})
    shared = (
        (name, index)
        for name, index in indices.items()
        if name != _OWN and getattr(scopes.get(name), "value", "") != "function"
    )
    return item.parent, tuple(shared)
