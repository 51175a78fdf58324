"""Runs that were sent away by a process that is gone: taken over, not sent again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from expcache._completion._todo import Todo
from expcache._record import read_header
from expcache.errors import ExecutorError, RecordError

if TYPE_CHECKING:
    from expcache._completion._sent import Sent
    from expcache._executor import Away
    from expcache._store import Store

__all__ = ["adopt", "make_ready", "settle_notes"]

Found = dict[str, tuple["Away", int, int]]
"""By the key of a record: where it is computed, in which batch, as which of its runs."""


def adopt(todos: list[Todo], hire: Callable[[], Sent]) -> list[Todo]:
    """Wait for those runs that are computed elsewhere already; return the others."""
    rest: list[Todo] = []
    for (store, name), group in groupby(todos, lambda one: (one.run._store, one.run.experiment)):
        some = list(group)
        place = store.sent_directory(name)
        if place is None:
            rest += some
        else:
            rest += _adopt(some, store, _found(place), hire)
    return rest


def make_ready(todos: list[Todo], *, detach: bool) -> None:
    """Make the stores that results will go to, before anything is computed.

    Raises:
        StoreError: one cannot be made; better no computing than a whole sweep that nothing keeps.
        ExecutorError: they are to be left alone, and nobody could take them in.
    """
    for store in {one.run._store for one in todos}:
        store.create()
    for store, name in {(one.run._store, one.run.experiment) for one in todos if detach}:
        if store.sent_directory(name, create=True) is None:
            _refuse_to_detach(store)


def _refuse_to_detach(store: Store) -> NoReturn:
    reason, remedy = "ends with this process", "Use one on disk"
    if not store.trusted:
        reason, remedy = "can be written by other users", "Close it to them, as with chmod go-w"
    raise ExecutorError(f"cannot detach: the store {str(store.path)!r} {reason}. {remedy}.")


def _found(place: str) -> Found:
    from expcache._executor import look_away  # noqa: PLC0415 - rarely needed

    found: Found = {}
    for away in look_away(place):
        for at in away.numbers:
            for position, key in enumerate(away.note.keys[at]):
                found.setdefault(key, (away, at, position))
    return found


def _adopt(todos: list[Todo], store: Store, found: Found, hire: Callable[[], Sent]) -> list[Todo]:
    wanted = [one for one in todos if one.key in found and not _is_old(one, found[one.key][0])]
    keys = [one.key for one in wanted]
    won = store.claim(todos[0].run.experiment, keys, bulk=True) if keys else {}
    mine = [one for one in wanted if one.key in won]  # else somebody else sees to it
    if not mine:
        return todos
    aways: dict[int, Away] = {}
    parts: dict[int, dict[int, dict[int, Todo]]] = {}
    for one in mine:
        one.claim = won[one.key]
        away, at, position = found[one.key]
        aways[id(away)] = away
        parts.setdefault(id(away), {}).setdefault(at, {})[position] = one
    for which, batches in parts.items():
        _follow(aways[which], batches, hire())
    return [one for one in todos if one.key not in won]


def _follow(away: Away, batches: dict[int, dict[int, Todo]], sent: Sent) -> None:
    todos = {
        at: [some.get(position) for position in range(len(away.note.keys[at]))]
        for at, some in batches.items()
    }
    sent.adopt(away.array(set(batches)), todos)


def _is_old(one: Todo, away: Away) -> bool:
    """Whether what was sent is what has failed, and is to be tried again."""
    if one.failure is None:
        return False
    with suppress(RecordError, OSError, ValueError):
        started = datetime.fromisoformat(read_header(one.failure).started).timestamp()
        return started > Path(away.note.path or "").stat().st_mtime
    return True


def settle_notes(store: Store, name: str) -> None:
    """Take away the notes of runs that all have their records, with what else is left of them."""
    place = store.sent_directory(name)
    if place is None:
        return
    from expcache._executor import settled  # noqa: PLC0415 - rarely needed

    def are_stored(keys: list[str]) -> bool:
        return {key.removesuffix("!") for key in store.keys_of(name, keys)}.issuperset(keys)

    settled(place, are_stored)
