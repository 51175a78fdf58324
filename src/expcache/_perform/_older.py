"""Serve results of other code, where somebody answers for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from expcache._definition import Definition
from expcache._perform._sound import sound
from expcache._query import Stored, located_at
from expcache._run import Run
from expcache._store import Store

__all__ = ["recall_older"]


def recall_older(
    definition: Definition, store: Store, runs: Sequence[Run[Any]], *, whole: bool = False
) -> list[Run[Any]]:
    """Return those runs, settled, that an accepted or a still valid older record stands for.

    They have no result of their own under the present code. A damaged record is a miss; ``whole``
    as for `sound`.
    """
    found = _recall_adopted(definition, store, runs, whole=whole)
    if definition.declared:
        served = set(map(id, found))
        rest = [run for run in runs if id(run) not in served]
        found += _recall_valid(definition, store, rest, whole=whole)
    return found


def _recall_adopted(
    definition: Definition, store: Store, runs: Sequence[Run[Any]], *, whole: bool
) -> list[Run[Any]]:
    adopted = definition.adopted(store) if runs else None
    if not adopted:
        return []
    keys = [_own(definition, run) for run in runs]
    wanted = [(run, adopted[key]) for run, key in zip(runs, keys, strict=True) if key in adopted]
    envelopes = store.get_many(definition.name, [older.key for _, older in wanted])
    found: list[Run[Any]] = []
    for run, older in wanted:
        envelope = envelopes.get(older.key)
        if envelope is None or not older.is_of(envelope):
            continue
        if older.preimage != run._identity.preimage:
            continue
        # Its params were compared when it was accepted: it may lack a newer parameter.
        if sound(store, definition.name, older.key, envelope, None, whole=whole):
            found.append(run._settle(located_at(older.key, older.checksum), cached=True))
    return found


def _recall_valid(
    definition: Definition, store: Store, runs: Sequence[Run[Any]], *, whole: bool
) -> list[Run[Any]]:
    keys = store.keys_of(definition.name, [run.id for run in runs])
    if not keys:
        return []
    stored = Stored(keys)
    return [run for run in runs if _is_valid(definition, store, stored, run, whole=whole)]


def _is_valid(
    definition: Definition, store: Store, stored: Stored, run: Run[Any], *, whole: bool
) -> bool:
    located = definition.locate_stored(store, stored, run._identity, run.params)
    if located.status != "done" or located.key is None or located.key == _own(definition, run):
        return False
    # Here they were compared just now.
    name, key = definition.name, located.key
    envelope = store.get(name, key)
    if envelope is None or not sound(store, name, key, envelope, None, whole=whole):
        return False
    run._settle(located_at(key), cached=True)
    return True


def _own(definition: Definition, run: Run[Any]) -> str:
    return f"{run.id}-{definition.code_with(run._identity.classes)}"
