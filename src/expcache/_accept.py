"""Accept results of older code for the present one: nothing is computed, copied or changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from expcache._acceptance import Acceptance, Move, Row, Skipped, compose
from expcache._agreement import disagreements, settle
from expcache._codec import restore
from expcache._environment import host, user
from expcache._past import Past, restored
from expcache._query import code_of
from expcache.errors import ExpcacheError

if TYPE_CHECKING:
    from expcache._definition import Definition
    from expcache._record import Header

__all__ = ["Points", "accept"]

Points: TypeAlias = "Iterable[tuple[str, Mapping[str, Any]]]"
"""The ids of runs, each with its full params."""

_WINDOW = 256
"""How many records are read at once."""


def accept(
    definition: Definition, points: Points | None, *, reason: str, code: str | None, dry_run: bool
) -> Acceptance:
    """Let stored results count for those of these runs that are stale, or of all that are stored.

    Raises:
        UnknownIdError: no result has the code, or those of several codes do.
        StoreError: the store cannot be written to.
    """
    _refuse_other(reason)
    store, name = definition.store, definition.name
    judged = list(_Judge(definition, code).all(points))
    moves = tuple(one for one in judged if isinstance(one, Move))
    skipped = [one for one in judged if isinstance(one, Skipped)]
    row = Row(name, user(), host(), datetime.now(UTC).isoformat(), reason, moves)
    if dry_run or not moves:
        return Acceptance(store, None, row, skipped, dry_run=dry_run)
    definition.attach(store)
    key, envelope = compose(row)
    store.put_once(name, key, envelope).wait()
    return Acceptance(store, key, row, skipped)


def _refuse_other(reason: object) -> None:
    if not isinstance(reason, str):
        message = f"cannot accept for the reason {reason!r}: it is no text. Give a text."
        raise TypeError(message)


class _Judge:
    """Tells of each run whether a result of older code can count for it."""

    def __init__(self, definition: Definition, code: str | None) -> None:
        self._definition = definition
        self._picked = code is not None
        self._past = Past(definition.store, definition.name, code=code)
        self._stored = definition.stored(definition.store)

    def all(self, points: Points | None) -> Iterator[Move | Skipped]:
        """Yield what is to be accepted, and what is stale and cannot be."""
        given: dict[str, Mapping[str, Any] | None] = (
            dict.fromkeys(self._past.ids) if points is None else dict(points)
        )
        runs = iter(given.items())
        while window := dict(islice(runs, _WINDOW)):
            headers = self._past.read(window)
            for run_id, params in window.items():
                header = headers.get(run_id, "nothing is stored of it for that code")
                judged = self._any(run_id, header, params)
                if judged is not None:
                    yield judged if isinstance(judged, Move) else Skipped(run_id, judged)

    def _any(
        self, run_id: str, newest: Header | str, params: Mapping[str, Any] | None
    ) -> Move | str | None:
        """Return the newest result that counts for a run, or why not even the newest can."""
        judged = self._one(run_id, self._past.key(run_id), newest, params)
        if isinstance(judged, str):
            for key, header in self._past.older(run_id):
                other = self._one(run_id, key, header, params)
                if isinstance(other, Move):
                    return other
        return judged

    def _one(
        self,
        run_id: str,
        source: str | None,
        header: Header | str,
        params: Mapping[str, Any] | None,
    ) -> Move | str | None:
        """Return what counts for a run, or why nothing can; None: it is not stale."""
        definition = self._definition
        if params is None:
            state = self._state(run_id, definition.code, header)
            if state != "stale":
                return state
            told = header if isinstance(header, str) else self._told(header)
            if isinstance(told, str):
                return told
            params = told
        try:
            identity = definition.key.identify(params)
        except ExpcacheError as error:
            return str(error)
        code = definition.code_with(identity.classes)
        state = self._state(run_id, code, header, params)
        if identity.id == run_id and state != "stale":
            return state
        wrong = header if isinstance(header, str) else self._wrong(identity.id, header, params)
        if wrong or source is None:
            return wrong
        checksum = self._past.checksums[source]
        return Move(run_id, code_of(source), code, identity.preimage, checksum)

    def _state(
        self, run_id: str, code: str, header: Header | str, params: Mapping[str, Any] | None = None
    ) -> str | None:
        """Return ``stale``, or why a run with an older result is not accepted, or None."""
        located = self._stored.locate(run_id, code)
        if params is not None:
            located = settle(self._definition, self._past.store, located, params)
        if located.status in ("queued", "running") and not isinstance(header, str):
            return "somebody computes it now; wait for that"
        if located.status == "done" and self._picked:
            own = f"{run_id}-{code}", self._past.key(run_id)
            return None if located.key in own else "stale"
        return "stale" if located.status == "stale" else None

    def _told(self, header: Header) -> dict[str, Any] | str:
        """Return the full params that a call of this id has now, by its record."""
        definition = self._definition
        names, defaults = definition.key.signature.names, definition.key.signature.defaults
        loose = definition.options.ignore if definition.options.key is None else ()
        known = {name: header.params[name] for name in names if name in header.params}
        values = restored(known, loose)
        if isinstance(values, str):
            return f"{values}; accept it by its sweep"
        missing = [name for name in names if name not in values and name not in defaults]
        if missing:
            return f"its record has no parameter {missing[0]!r}"
        return {name: values[name] if name in values else defaults[name] for name in names}

    def _wrong(self, run_id: str, header: Header, params: Mapping[str, Any]) -> str:
        """Return in what the record is not of these params; empty: in nothing."""
        definition = self._definition
        if definition.options.key is not None and run_id == header.id:
            return ""  # the user's own mapping tells which runs are the same
        now: Mapping[str, Any] = params
        if run_id != header.id:
            defaults = definition.key.signature.defaults
            now = {name: defaults[name] for name in params if name in defaults}
        names = disagreements(definition, header, now)
        if not names:
            return "" if run_id == header.id else f"its id is {run_id} now; migrate() moves results"
        was = restore(header.params[names[0]])
        return f"its parameter {names[0]!r} was {was!r} and is {now[names[0]]!r} now"
