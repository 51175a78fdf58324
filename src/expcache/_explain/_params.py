"""What differs between the params of a record and those of a call."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from expcache._codec import describe, restore, to_json
from expcache._explanation import Difference
from expcache.errors import RecordError

__all__ = ["RENAMED", "VERSION", "Items", "described", "items_of", "param_differences", "shown"]

Items = dict[str, str]
"""Params as JSON texts by name; the version of the experiment stands among them."""

VERSION = ""
"""The name that the version has among the items."""

RENAMED = "has another name in the record"

_WIDTH = 40


def items_of(
    params: Mapping[str, Any], version: str | None, ignored: Collection[str] = ()
) -> Items:
    """Return described params as items, without those that are not hashed."""
    items = {name: to_json(tree) for name, tree in params.items() if name not in ignored}
    items[VERSION] = to_json(version)
    return items


def described(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the params of a call as a record tells them."""
    return {name: describe(value) for name, value in params.items()}


def param_differences(old: Items, new: Items) -> list[Difference]:
    """Return what differs: values, the version, and parameters that came, went or were renamed."""
    gone = {name: text for name, text in old.items() if name not in new}
    renamed = _renamed(gone, {name: text for name, text in new.items() if name not in old})
    found: list[Difference] = []
    for name, text in new.items():
        if name in renamed:
            found.append(_difference(name, renamed[name], name, RENAMED))
        elif name not in old:
            found.append(_difference(name, None, shown(text), "is not in the record"))
        elif old[name] != text:
            found.append(_changed(name, old[name], text))
    lost = [name for name in gone if name not in renamed.values()]
    return [*found, *(_difference(name, shown(old[name]), None, "is gone") for name in lost)]


def _renamed(gone: Items, come: Items) -> dict[str, str]:
    """Return the old names of new ones, where the value of each is that of one lost one only."""
    before, now = list(gone.values()), list(come.values())
    names = {text: name for name, text in gone.items()}
    return {
        name: names[text]
        for name, text in come.items()
        if before.count(text) == 1 and now.count(text) == 1
    }


def _changed(name: str, old: str, new: str) -> Difference:
    if name == VERSION:
        return Difference("version", "of the experiment", shown(old), shown(new), words="differs")
    return _difference(name, shown(old), shown(new), "differs")


def _difference(name: str, old: str | None, new: str | None, words: str) -> Difference:
    return Difference("parameter", name, old, new, words=words)


def shown(text: str) -> str:
    """Return a described value as Python writes it, shortened."""
    try:
        value = repr(restore(json.loads(text)))
    except RecordError:  # of a kind that is not known here
        value = text
    return value if len(value) <= _WIDTH else value[: _WIDTH - 3] + "..."
