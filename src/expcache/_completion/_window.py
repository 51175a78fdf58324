"""Look up many runs at once: what is stored, what failed before, and how long it took."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from expcache._completion._claims import release
from expcache._completion._policy import Policy
from expcache._completion._todo import Todo
from expcache._perform import Performer, recall_older, reuse, sound
from expcache._query import Located, id_of, is_result, located_at
from expcache._record import read_header
from expcache._run import Run
from expcache._store import Store
from expcache.errors import RecordError, UnknownIdError

__all__ = ["expect", "look_up", "stored_meanwhile"]


def look_up(runs: list[Run[Any]], policy: Policy) -> tuple[list[Run[Any]], list[Todo]]:
    """Return the runs that have an outcome to serve, and what is to be computed."""
    found: list[Run[Any]] = []
    todo: list[Todo] = []
    for (performer, _), group in groupby(runs, lambda run: (_performer_of(run), run._store)):
        _look_up(performer, list(group), policy, found, todo)
    return found, todo


def _look_up(
    performer: Performer,
    runs: list[Run[Any]],
    policy: Policy,
    found: list[Run[Any]],
    todo: list[Todo],
) -> None:
    definition, store = performer.definition, runs[0]._store
    definition.attach(store)
    for run in runs:
        run._wanted = True
    retries = definition.options.retries if policy.retries is None else policy.retries
    todos = [
        Todo(run, performer=performer, key=key, retries=retries, launch=policy.launch)
        for run, key in zip(runs, performer.keys_of(runs), strict=True)
    ]
    if not policy.refresh:
        stored, todos = _split(performer, todos)
        found.extend(one.run for one in stored)
        reused = reuse(definition, store, [one.run for one in todos], policy.stale)
        found.extend(reused)
        if served := set(map(id, reused)):
            todos = [one for one in todos if id(one.run) not in served]
    failures = store.get_many(definition.name, [f"{one.key}!" for one in todos])
    for one in todos:
        one.failure = failures.get(f"{one.key}!")
        if one.failure is not None and policy.failed != "retry" and not policy.refresh:
            found.append(one.run._settle(located_at(f"{one.key}!"), cached=True))
            if policy.failed == "raise":
                one.run._raise_failed("failed='retry' tries it again.")
        else:
            todo.append(one)


def _split(performer: Performer, todos: list[Todo]) -> tuple[list[Todo], list[Todo]]:
    """Settle the runs whose result is stored; return them, and the others."""
    definition, store = performer.definition, todos[0].run._store
    envelopes = store.get_many(definition.name, [one.key for one in todos])
    stored: list[Todo] = []
    rest: list[Todo] = [] if envelopes else todos
    for one in todos if envelopes else ():
        (stored if _is_stored(store, one, envelopes.get(one.key)) else rest).append(one)
    older = set(map(id, recall_older(definition, store, [one.run for one in rest])))
    if not older:
        return stored, rest
    stored += [one for one in rest if id(one.run) in older]
    return stored, [one for one in rest if id(one.run) not in older]


def _is_stored(store: Store, one: Todo, envelope: bytes | None) -> bool:
    preimage = one.run._identity.preimage
    if envelope is None or not sound(store, one.run.experiment, one.key, envelope, preimage):
        return False
    one.run._settle(Located("done", one.key), cached=True)
    return True


def stored_meanwhile(todos: list[Todo]) -> tuple[list[Todo], list[Todo]]:
    """Look once more at claimed runs: what was stored since the last look, and the others.

    Where somebody else was computing a run, a new failure is taken over too.
    """
    performer = todos[0].performer
    found, rest = _split(performer, todos)
    missing: list[Todo] = []
    for one in rest:
        failure = performer.failure(one.run) if one.waited else one.failure
        if failure is not None and failure != one.failure:
            one.run._settle(located_at(f"{one.key}!"), cached=True)
            found.append(one)
        else:
            missing.append(one)
    release(found)
    return found, missing


def expect(todos: Iterable[Todo]) -> None:
    """Note how long each took before: when it failed, or with older code."""
    for (store, name), group in groupby(todos, lambda one: (one.run._store, one.run.experiment)):
        some = list(group)
        newest = _newest(store, name, [one.run.id for one in some if one.failure is None])
        for one in some:
            envelope = one.failure or newest.get(one.run.id)
            try:
                one.expected = None if envelope is None else read_header(envelope).runtime
            except RecordError:  # it only tells nothing
                continue


def _newest(store: Store, name: str, ids: list[str]) -> dict[str, bytes]:
    """Return the newest result of each id, under any code."""
    keys = {id_of(key): key for key in store.keys_of(name, ids) if is_result(key)}
    envelopes = store.get_many(name, list(keys.values())) if keys else {}
    return {run_id: envelopes[key] for run_id, key in keys.items() if key in envelopes}


def _performer_of(run: Any) -> Performer:
    if not isinstance(run, Run):
        message = f"cannot compute {run!r}: it is no run. Give runs, such as those of a sweep."
        raise TypeError(message)
    origin = run._origin
    if not isinstance(origin, Performer):
        message = f"cannot compute run {run.id}: it was loaded without its code."
        remedy = f"Import the experiment {run.experiment!r} and run it there."
        raise UnknownIdError(f"{message} {remedy}", id=run.id)
    return origin
