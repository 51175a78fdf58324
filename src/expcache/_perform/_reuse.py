"""Serve results of other code to those who ask for it, or refuse the runs that have no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from expcache._agreement import disagreements
from expcache._cell import belongs_to_runs, may_belong_to_runs
from expcache._definition import Definition
from expcache._perform._sound import sound
from expcache._query import Stale, Stored, id_of, is_result
from expcache._record import read_header
from expcache._run import Run
from expcache._stale import check_stale, chosen_stale, descends_from_run
from expcache._store import Store
from expcache._warning import warn
from expcache._whereabouts import held
from expcache.errors import ExpcacheWarning, RecordError, RunFailedError, StaleError

if TYPE_CHECKING:
    from expcache._explanation import Explanation

__all__ = ["policy_of", "refuse_failed", "refuse_stale", "reuse"]

_UNKNOWN = (
    "cannot reuse stale results in this thread: a run that goes on in another thread may have "
    "started it. They are computed anew; ask in the main thread, or when no run goes on."
)
_REMEDY = "Compute anew with stale='recompute', or take what is stored with stale='reuse'."


def policy_of(stale: Stale | None) -> Stale:
    """Return what to do with stale runs, given what the caller says of it.

    Inside a run all are computed: what comes of the run is stored as a result of the present
    code, so that nothing in it may come of other code. Whoever asks for an error gets it. So it
    is in a process that a run started, and in a thread that a run may have started.

    Raises:
        ValueError: there is no such policy.
    """
    word = chosen_stale() if stale is None else check_stale(stale, f"stale={stale!r}")
    if word == "reuse" and (descends_from_run() or belongs_to_runs()):
        return "recompute"
    if word == "reuse" and may_belong_to_runs():
        if stale is not None:
            warn(_UNKNOWN, ExpcacheWarning)
        return "recompute"
    return "recompute" if stale is None and belongs_to_runs() else word


def reuse(
    definition: Definition,
    store: Store,
    runs: Sequence[Run[Any]],
    stale: Stale,
    *,
    whole: bool = False,
) -> list[Run[Any]]:
    """Return those runs that a result of other code serves now: none unless stale runs may be.

    All of them were looked for in vain, and are of one experiment. ``whole`` as for `sound`.

    Raises:
        StaleError: there is a stale one, which was to be an error.
    """
    if stale == "recompute" or not runs:
        return []
    name, code = definition.name, definition.code
    keys = store.keys_of(name, [run.id for run in runs])
    stored = Stored(keys, lambda: held(store, name))
    found: list[Run[Any]] = []
    for run in runs:
        own = definition.code_with(run._identity.classes) if run._identity.classes else code
        if stored.locate(run.id, own).status == "stale":
            found.append(run)
    if stale == "error" and found:
        raise _refusal(found[0])
    return _served(definition, store, found, keys, whole=whole)


def _served(
    definition: Definition,
    store: Store,
    runs: Sequence[Run[Any]],
    keys: Sequence[str],
    *,
    whole: bool,
) -> list[Run[Any]]:
    """Settle the runs, the newest record that will do each, and return those that have one."""
    candidates: dict[str, list[str]] = {run.id: [] for run in runs}
    for key in filter(is_result, keys):
        if id_of(key) in candidates:
            candidates[id_of(key)].append(key)
    newest = store.get_many(definition.name, [held[-1] for held in candidates.values()])
    found: list[Run[Any]] = []
    for run in runs:
        for key in reversed(candidates[run.id]):
            envelope = newest.get(key) or store.get(definition.name, key)
            if envelope is None or not _agrees(definition, run, envelope):
                continue
            # The params were compared one by one: the record may lack a newer parameter.
            if sound(store, definition.name, key, envelope, None, whole=whole):
                found.append(run._reuse(key))
                break
    return found


def _agrees(definition: Definition, run: Run[Any], envelope: bytes) -> bool:
    try:
        header = read_header(envelope)
    except RecordError:
        return True  # `sound` tells of it
    return not disagreements(definition, header, run.params)


def refuse_stale(name: str, statuses: Sequence[str], at: Callable[[int], Run[Any]]) -> None:
    """Refuse a sweep of which points are stale.

    Raises:
        StaleError: there is one; it tells of the first, and how many there are.
    """
    count = statuses.count("stale")
    if count:
        run = at(statuses.index("stale"))
        told = f"{count} of {len(statuses)} points {'is' if count == 1 else 'are'}"
        message = f"cannot run {name!r}: {told} stored for other code only, such as {run._call}:"
        raise _error(message, run, run.explain())


def refuse_failed(name: str, runs: Sequence[Run[Any]], total: int) -> None:
    """Refuse a sweep of which runs failed before.

    Raises:
        RunFailedError: there is one; it tells of the first, and how many there are.
    """
    if not runs:
        return
    run, error = runs[0], runs[0].error
    trace = "" if error is None else error.traceback
    told = f"{len(runs)} of {total} points failed before, such as {run._call}"
    message = f"cannot run {name!r}: {told} with {error} (run {run.id[:8]})."
    remedy = "Nothing was computed: failed='retry' tries again, failed='keep' leaves them failed."
    raise RunFailedError(f"{message} {remedy}\n\n{trace}", id=run.id, traceback=trace)


def _refusal(run: Run[Any]) -> StaleError:
    message = f"cannot give the result of {run._call}: it is stored for other code only:"
    return _error(message, run, run.explain())


def _error(message: str, run: Run[Any], why: Explanation) -> StaleError:
    facts = {"id": run.id, "call": run._call, "reason": why.reason, "explanation": str(why)}
    return StaleError(f"{message} {why.reason} (run {run.id[:8]}). {_REMEDY}", **facts)
