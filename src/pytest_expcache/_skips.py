"""Which tests will not run, as far as their marks tell without running anything."""

from __future__ import annotations

import os
import platform
import sys
from typing import Any

import pytest

__all__ = ["is_skipped"]

_MARKS = {"skip", "skipif", "xfail"}


def is_skipped(item: pytest.Item) -> bool:
    """Whether marks keep a test from running: a point that only it needs is not computed.

    A condition that cannot be evaluated counts: pytest will tell what is wrong with it.
    """
    return any(mark.name in _MARKS and _stops(item, mark) for mark in item.iter_markers())


def _stops(item: pytest.Item, mark: pytest.Mark) -> bool:
    if mark.name == "skip":
        return True
    if mark.name == "xfail" and (
        mark.kwargs.get("run", True) or item.config.getoption("runxfail", default=False)
    ):
        return False
    named = "condition" in mark.kwargs
    conditions = (mark.kwargs["condition"],) if named else mark.args
    return not conditions or any(_holds(item, one) for one in conditions)


def _holds(item: pytest.Item, condition: object) -> bool:
    try:
        if isinstance(condition, str):
            return bool(eval(condition, _names(item)))  # noqa: S307 - the user's own condition
        return bool(condition)
    except Exception:  # noqa: BLE001 - whatever the condition raises, pytest shows it
        return True


def _names(item: pytest.Item) -> dict[str, Any]:
    """Return what a condition may speak of, as pytest's documentation lists it."""
    names: dict[str, Any] = {"os": os, "sys": sys, "platform": platform, "config": item.config}
    for more in reversed(item.ihook.pytest_markeval_namespace(config=item.config)):
        names.update(more)
    names.update(getattr(getattr(item, "obj", None), "__globals__", {}))
    return names
