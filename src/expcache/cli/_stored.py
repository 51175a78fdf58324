"""What a store has of each experiment, read without the code that made it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from expcache._query import Located, code_of, id_of, is_failure, is_result, located_at
from expcache._run import Run
from expcache._whereabouts import whereabouts
from expcache.errors import ExpcacheError, StoreError

if TYPE_CHECKING:
    from expcache._store import Store, Whereabouts

__all__ = ["Census", "count", "fault_text", "header_fault", "runs_of"]


class Census(NamedTuple):
    """How many runs of one experiment are stored."""

    experiment: str
    counts: dict[str, int]
    """How many runs are done, failed, queued and running."""
    codes: int
    """With how many codes they were computed."""
    last: Run[Any] | None
    """The run whose record was stored last."""
    damage: str = ""
    """Why nothing can be told, or an empty text."""
    places: Mapping[str, Whereabouts] = {}
    """Where the runs are that are queued or running, by the keys of their records."""


def count(store: Store, experiment: str) -> Census:
    """Count what is stored of one experiment."""
    try:
        keys = [key for key in store.keys(experiment) if is_result(key) or is_failure(key)]
        held = whereabouts(store, experiment)
        places = _places(keys, held)
    except StoreError as error:
        return Census(experiment, {}, 0, None, str(error))
    counts = Counter(located.status for located in places.values())
    last = _run(store, experiment, id_of(keys[-1]), located_at(keys[-1])) if keys else None
    found = {status: counts[status] for status in ("done", "failed", "running", "queued")}
    return Census(experiment, found, len({code_of(key) for key in keys}), last, places=held)


def runs_of(store: Store, experiment: str, code: str = "") -> list[Run[Any]]:
    """Return the stored runs of an experiment, and those that somebody computes now.

    Args:
        store: where they are.
        experiment: its name.
        code: only records whose code begins so.
    """
    keys = [key for key in store.keys(experiment) if code_of(key).startswith(code)]
    held = whereabouts(store, experiment).items()
    places = _places(keys, {key: one for key, one in held if code_of(key).startswith(code)})
    return [_run(store, experiment, run_id, located) for run_id, located in places.items()]


def header_fault(run: Run[Any]) -> str:
    """Return why the record of a run cannot be read, or an empty text."""
    try:
        run.params  # noqa: B018 - reads the record
    except ExpcacheError as error:
        return fault_text(run, error)
    return ""


def fault_text(run: Run[Any], error: ExpcacheError) -> str:
    """Return what is wrong with a record, and of which run it is."""
    text = str(error)
    if run.id in text:
        return text
    reason = text.removeprefix("cannot read a record: ")
    if reason != text:
        return f"cannot read the record of run {run.id[:8]}: {reason}"
    return f"cannot read all of run {run.id[:8]}: {text.removeprefix('cannot ')}"


def _places(keys: Iterable[str], held: Mapping[str, Whereabouts]) -> dict[str, Located]:
    """Return where each run lies: its newest result, else who computes it, else its failure."""
    places: dict[str, Located] = {}
    for key in keys:
        if is_result(key) or (is_failure(key) and _is_open(places.get(id_of(key)))):
            places[id_of(key)] = located_at(key)
    for key, one in held.items():
        before = places.get(id_of(key))
        if _is_open(before):
            places[id_of(key)] = Located(one.status, None if before is None else before.key)
    return places


def _is_open(located: Located | None) -> bool:
    return located is None or located.status != "done"


def _run(store: Store, experiment: str, run_id: str, located: Located) -> Run[Any]:
    return Run(store, experiment, run_id, located=located, trust=False)  # nothing is unpickled
