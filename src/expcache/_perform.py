"""Give the runs of an experiment: from the store where they are kept, else by computing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from expcache._cell import Cell, Computed, compute, compute_async, keep
from expcache._definition import Definition
from expcache._environment import current_environment
from expcache._key import Identity
from expcache._outcome import Failure, Value
from expcache._query import Located, located_at
from expcache._record import files, note, read_header
from expcache._run import Run
from expcache._store import Commit, Store
from expcache._warning import warn, warn_unreadable
from expcache.errors import (
    ExpcacheError,
    IdentityError,
    RecordError,
    RecordFormatError,
    RecordWarning,
    ResultError,
    StoreError,
)

__all__ = ["Pending", "Performer", "sound"]


@dataclass(slots=True)
class Pending:
    """A computed run whose record is on its way to the disk."""

    run: Run[Any]
    outcome: Value[Any] | Failure
    commits: list[Commit] = field(default_factory=list)

    def finish(self) -> Run[Any]:
        """Wait until the record is safe; a result that could not be kept stays in the run."""
        try:
            for commit in self.commits:
                commit.wait()
        except StoreError as error:
            _hold(self.run, self.outcome, error)
        return self.run

    def unwrap(self) -> Any:
        """Wait as `finish` does, then return the value, or raise what the function raised."""
        __tracebackhide__ = True
        self.finish()
        return self.outcome.unwrap()


class Performer:
    """Gives the runs of one experiment; the origin of their handles."""

    __slots__ = ("_fixed", "_noted", "definition", "is_async")

    def __init__(self, definition: Definition, fixed: Mapping[str, Any], *, is_async: bool) -> None:
        """Serve one definition, for a method with its instance in ``fixed``."""
        self.definition = definition
        self.is_async = is_async
        self._fixed = fixed
        self._noted: tuple[Store, str, str] | None = None

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the full params of a call."""
        return self.definition.bind(args, kwargs, self._fixed)

    def bind_point(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return the full params of a point."""
        return self.definition.key.signature.point(point, self._fixed)

    def handle(
        self,
        params: Mapping[str, Any],
        *,
        identity: Identity | None = None,
        index: int | None = None,
    ) -> Run[Any]:
        """Return the handle of a run, whatever is stored of it."""
        definition = self.definition
        identity = identity or definition.key.identify(params)
        return Run(
            definition.store,
            definition.name,
            identity.id,
            params=params,
            identity=identity,
            origin=self,
            index=index,
        )

    def locate(self, run: Run[Any]) -> Located:
        """Return where a run's record lies now."""
        return self.definition.locate(self.definition.store, run._identity, run.params)

    def recall(self, run: Run[Any]) -> Run[Any] | None:
        """Return the stored run, its record checked, or None; a damaged one is a miss."""
        definition, store = self.definition, self.definition.store
        definition.attach(store)
        key = self.key_of(run)
        preimage: bytes | None = run._identity.preimage
        envelope = store.get(definition.name, key)
        if envelope is None and definition.declared:
            located = self.locate(run)
            if located.status == "done" and located.key is not None:
                # Its params were compared one by one: it may lack a newer parameter.
                key, preimage = located.key, None
                envelope = store.get(definition.name, key)
        if envelope is None or not sound(store, definition.name, key, envelope, preimage):
            return None
        return run._settle(located_at(key), cached=True)

    def compute(self, run: Run[Any], *, refresh: bool) -> Run[Any]:
        """Return the stored run, or compute it here and wait until its record is safe."""
        found = None if refresh else self.recall(run)
        if found is not None:
            return found
        cell = self.cell(run, self.failure(run))
        return self.keep(run, self.perform(cell)).finish()

    def perform(self, cell: Cell) -> Computed:
        """Compute a cell in this thread; a coroutine function gets an event loop of its own."""
        if not self.is_async:
            with self.definition.running():
                return compute(cell)
        import asyncio  # noqa: PLC0415 - 30 ms that only coroutine functions need

        return asyncio.run(self.perform_async(cell))

    async def perform_async(self, cell: Cell) -> Computed:
        """Compute a cell whose function is a coroutine function, in the caller's event loop."""
        with self.definition.running():
            return await compute_async(cell)

    def cell(self, run: Run[Any], failure: bytes | None = None) -> Cell:
        """Return all that is needed to compute a run; ``failure`` is its failed record, if any."""
        definition, params = self.definition, run.params
        definition.attach(definition.store)
        identity = definition.key.identify(params)
        if identity.id != run.id:
            message = f"cannot compute run {run.id} of {run.experiment!r}: its parameters were"
            remedy = "Let the experiment that did it work on a copy."
            raise IdentityError(
                f"{message} changed in place since its id was taken. {remedy}",
                path="params",
                kind="changed",
            )
        return Cell(
            experiment=definition.name,
            function=definition.function,
            signature=definition.key.signature,
            params=params,
            identity=identity,
            code=definition.code_with(identity.classes),
            code_notes=definition.code_notes,
            version=definition.options.version,
            tags=definition.options.tags,
            earlier=_attempts(failure),
        )

    def failure(self, run: Run[Any]) -> bytes | None:
        """Return the failed record of a run under the present code, if there is one."""
        return self.definition.store.get(run.experiment, f"{self.key_of(run)}!")

    def key_of(self, run: Run[Any]) -> str:
        """Return the record key of a run's result under the present code."""
        return f"{run.id}-{self.definition.code_with(run._identity.classes)}"

    def keys_of(self, runs: Iterable[Run[Any]]) -> list[str]:
        """Return the record keys of many runs, with one look at the code."""
        code = self.definition.code
        return [self.key_of(run) if run._identity.classes else f"{run.id}-{code}" for run in runs]

    def keep(self, run: Run[Any], computed: Computed) -> Pending:
        """Hand the record of a computed run to the store; what cannot be kept is warned of."""
        store, cell = self.definition.store, computed.cell
        failure = computed.outcome if isinstance(computed.outcome, Failure) else None
        run._settle(located_at(cell.key + "!" if failure else cell.key), cached=False)
        run._remember(computed.header, None if failure is None else failure.exception)
        pending = Pending(run, computed.outcome)
        self._check_unchanged(run, cell)
        try:
            pending.commits = [*self._notes(store, cell.code), keep(store, computed)]
        except (ResultError, StoreError) as error:
            _hold(run, computed.outcome, error)
        return pending

    def _check_unchanged(self, run: Run[Any], cell: Cell) -> None:
        # Points of a sweep share the values of an axis: an experiment that sorts its argument
        # would silently change the points that follow.
        try:
            unchanged = self.definition.key.identify(cell.params) == cell.identity
        except IdentityError:
            unchanged = False
        if not unchanged:
            message = f"cannot vouch for the parameters of run {run.id} of {run.experiment!r}:"
            remedy = "Let it work on a copy."
            warn(f"{message} the experiment changed one of them in place. {remedy}", RecordWarning)

    def _notes(self, store: Store, code: str) -> list[Commit]:
        # The environment is the same for all runs of a process, and the code for all runs of
        # one fingerprint: each is written once a store.
        digest, environment = current_environment()
        name, seen = self.definition.name, (store, digest, code)
        if self._noted == seen:
            return []
        self._noted = seen
        notes = {f"environment-{digest}": environment, f"code-{code}": self.definition.code_text}
        return [store.put_once(name, key, note(content)) for key, content in notes.items()]


def sound(store: Store, experiment: str, key: str, envelope: bytes, preimage: bytes | None) -> bool:
    """Whether a record is whole and of these params; a damaged one is warned of."""
    try:
        for part in files(envelope, preimage):
            store.fetch(experiment, part.name, part.size, part.digest, map=True)
    except RecordFormatError:
        raise  # no damage: computing it again would replace what a newer version wrote
    except RecordError as error:
        warn_unreadable(key, error)
        return False
    return True


def _attempts(failure: bytes | None) -> list[dict[str, Any]]:
    try:
        return [] if failure is None else list(read_header(failure).attempts)
    except RecordError:  # a damaged record of a failure tells nothing, and nothing is lost
        return []


def _hold(run: Run[Any], outcome: Value[Any] | Failure, error: ExpcacheError) -> None:
    """Keep a result in its handle, since the store has not."""
    message = f"cannot keep the result of run {run.id} of {run.experiment!r}: {error}"
    warn(f"{message} The result is returned all the same.", RecordWarning)
    if isinstance(outcome, Value):
        run._hold(outcome.value)
