"""Compute the runs of a sweep one after another, in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from typing import Any

from expcache._outcome import Failure
from expcache._perform import Pending, Performer, sound
from expcache._query import Errors, Failed, Located, id_of, located_at
from expcache._run import Run

__all__ = ["Policy", "as_completed"]

_WINDOW = 512
"""How many points are looked up at once, and how many commits may be on their way."""

_WORTH_WAITING = 0.001
"""A run that took longer, in seconds, is handed over only after its own commit; records of
shorter ones are committed in groups while the next ones are computed."""


class Policy:
    """What to do with failures, old and new, and with what is stored already."""

    __slots__ = ("errors", "failed", "refresh")

    def __init__(self, *, failed: Failed, refresh: bool, errors: Errors) -> None:
        """Check the words, so that a misspelt one is no silent default."""
        for option, word, known in (
            ("failed", failed, ("retry", "keep")),
            ("errors", errors, ("keep", "raise")),
        ):
            if word not in known:
                choices = " or ".join(repr(one) for one in known)
                message = f"cannot run with {option}={word!r}: no such policy. Use {choices}."
                raise ValueError(message)
        self.failed = failed
        self.refresh = refresh
        self.errors = errors


def as_completed(
    performer: Performer, runs: Iterable[Run[Any]], policy: Policy
) -> Iterator[Run[Any]]:
    """Yield every run once its record is safe: of each window, the stored ones first."""
    runs = iter(runs)
    while window := list(islice(runs, _WINDOW)):
        missing = window if policy.refresh else (yield from _recall(performer, window))
        if missing:
            yield from _complete(performer, missing, policy)


def _recall(
    performer: Performer, window: list[Run[Any]]
) -> Generator[Run[Any], None, list[Run[Any]]]:
    """Yield the runs whose result is stored, and return the others."""
    definition, store = performer.definition, performer.definition.store
    definition.attach(store)
    name, keys = definition.name, performer.keys_of(window)
    envelopes = store.get_many(name, keys)
    missing: list[Run[Any]] = []
    for run, key in zip(window, keys, strict=True):
        if key in envelopes and sound(store, name, key, envelopes[key], run._identity.preimage):
            yield run._settle(Located("done", key), cached=True)
        elif definition.declared and (stored := performer.recall(run)) is not None:
            yield stored
        else:
            missing.append(run)
    return missing


def _complete(performer: Performer, missing: list[Run[Any]], policy: Policy) -> Iterator[Run[Any]]:
    """Compute what is missing, and yield each run once its record is safe."""
    # Better no computing at all than computing a whole sweep that nothing keeps.
    performer.definition.store.create()
    failures = _failures(performer, missing)
    pending: deque[Pending] = deque()
    begun: set[str] = set()
    try:
        for run in missing:
            if policy.failed == "keep" and run.id in failures and not policy.refresh:
                yield run._settle(located_at(f"{performer.key_of(run)}!"), cached=True)
            elif run.id in begun:  # the same point twice: wait for the first
                yield from _finish_all(pending)
                yield performer.compute(run, refresh=False)
            else:
                begun.add(run.id)
                pending.append(_begin(performer, run, policy, failures))
                if (pending[-1].run.runtime or 0.0) > _WORTH_WAITING:
                    yield from _finish_all(pending)
        yield from _finish_all(pending)
    finally:
        # Interrupted or abandoned: what is computed is kept all the same.
        for one in pending:
            one.finish()


def _begin(
    performer: Performer, run: Run[Any], policy: Policy, failures: dict[str, bytes]
) -> Pending:
    cell = performer.cell(run, failures.get(run.id))
    pending = performer.keep(run, performer.perform(cell))
    if policy.errors == "raise" and isinstance(pending.outcome, Failure):
        pending.finish()
        pending.outcome.unwrap()
    return pending


def _finish_all(pending: deque[Pending]) -> Iterator[Run[Any]]:
    while pending:
        yield pending.popleft().finish()


def _failures(performer: Performer, missing: list[Run[Any]]) -> dict[str, bytes]:
    """Return the failed records of runs under the present code, by the ids of the runs."""
    definition = performer.definition
    keys = [f"{key}!" for key in performer.keys_of(missing)]
    found = definition.store.get_many(definition.name, keys)
    return {id_of(key): envelope for key, envelope in found.items()}
