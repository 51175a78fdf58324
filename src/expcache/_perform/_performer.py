"""Give the runs of an experiment: from the store where they are kept, else by computing them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from expcache._cell import Cell, Computed, Reply, compute, compute_async, keep, revive
from expcache._definition import Definition
from expcache._environment import current_environment
from expcache._key import Identity
from expcache._outcome import Failure
from expcache._perform._claiming import claimed
from expcache._perform._older import recall_older
from expcache._perform._pending import Pending, outcome_of
from expcache._perform._reuse import policy_of, reuse
from expcache._perform._sound import attempts_of, sound
from expcache._perform._unchanged import identity_of, vouch_for
from expcache._query import Located, Stale, located_at
from expcache._reached import code_text
from expcache._record import note
from expcache._run import Run
from expcache._store import Claim, Commit, Store, current_store
from expcache.errors import ResultError, StoreError

if TYPE_CHECKING:
    from expcache._explanation import Explanation

__all__ = ["Performer", "Within"]

Within = Callable[[Run[Any], bool, float], Run[Any]]
"""Computes a run within a time limit, in seconds, whatever is stored if the flag says so."""


class Performer:
    """Gives the runs of one experiment; the origin of their handles."""

    __slots__ = ("_fixed", "_noted", "_within", "definition", "is_async")

    def __init__(
        self, definition: Definition, fixed: Mapping[str, Any], within: Within, *, is_async: bool
    ) -> None:
        """Serve one definition, for a method with its instance in ``fixed``."""
        self.definition = definition
        self._within = within
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
        return self.definition.locate(run._store, run._identity, run.params)

    def explain(self, run: Run[Any]) -> Explanation:
        """Return why the run is a hit or a miss."""
        from expcache._explain import explain  # noqa: PLC0415 - no run needs it

        return explain(self.definition, run)

    def recall(self, run: Run[Any]) -> Run[Any] | None:
        """Return the stored run, its record checked, or None; a damaged one is a miss."""
        definition, store = self.definition, run._store
        definition.attach(store)
        key, preimage = self.key_of(run), run._identity.preimage
        envelope = store.get(definition.name, key)
        if envelope is None or not sound(store, definition.name, key, envelope, preimage):
            return self.recall_older(run)
        return run._settle(located_at(key), cached=True)

    def recall_older(self, run: Run[Any]) -> Run[Any] | None:
        """Return a run that only a result of other code can stand for, or None."""
        return next(iter(recall_older(self.definition, run._store, [run])), None)

    def reuse(self, run: Run[Any], stale: Stale | None = None) -> Run[Any] | None:
        """Return a run that has no result of its own with one of other code, if it may be."""
        return next(iter(reuse(self.definition, run._store, [run], policy_of(stale))), None)

    def compute(
        self,
        run: Run[Any],
        *,
        refresh: bool = False,
        timeout: float | None = None,
        stale: Stale | None = None,
    ) -> Run[Any]:
        """Return the stored run, or compute it and wait until its record is safe."""
        if not refresh and (self.recall(run) or self.reuse(run, stale)) is not None:
            return run
        timeout = timeout or self.definition.options.timeout
        if timeout is not None:
            return self._within(run, refresh, timeout)
        while not isinstance(claim := claimed(self, run, refresh=refresh, adopt=True), Run):
            pending = self.begin(run, claim)
            pending.finish()
            if not pending.is_taken_over:
                break
        return run

    def begin(self, run: Run[Any], claim: Claim | None) -> Pending:
        """Compute a run here, whatever is stored, and hand its record to the store."""
        try:
            cell = self.cell(run, self.failure(run), claim)
            return self.keep(run, self.perform(cell), claim)
        except BaseException:
            self.release(run, claim)
            raise

    async def begin_async(self, run: Run[Any], claim: Claim | None) -> Pending:
        """Do as `begin` does, for a coroutine function, in the caller's event loop."""
        try:
            computed = await self.perform_async(self.cell(run, self.failure(run), claim))
            return self.keep(run, computed, claim)
        except BaseException:
            self.release(run, claim)
            raise

    def release(self, run: Run[Any], claim: Claim | None) -> None:
        """Give up a run: somebody else may compute it."""
        if claim is not None:
            run._store.release(self.definition.name, [claim])

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

    def cell(self, run: Run[Any], failure: bytes | None = None, claim: Claim | None = None) -> Cell:
        """Return all that is needed to compute a run; ``failure`` is its failed record, if any."""
        definition, params = self.definition, run.params
        told = definition.told()
        definition.attach(run._store)
        identity = identity_of(definition.key, run, params)
        options = definition.options
        return Cell(
            experiment=definition.name,
            function=definition.function,
            signature=definition.key.signature,
            params=params,
            identity=identity,
            code=definition.code_with(identity.classes) if identity.classes else told.code,
            code_notes=told.notes,
            version=options.version,
            tags=options.tags,
            earlier=attempts_of(failure),
            is_async=self.is_async,
            store=current_store().path,  # what it calls may be saved though it is not
            checked=told.followed,
            depends=tuple(options.depends),
            owner=None if claim is None else claim.owner,
            generation=None if claim is None else claim.generation,
        )

    def failure(self, run: Run[Any]) -> bytes | None:
        """Return the failed record of a run under the present code, if there is one."""
        return run._store.get(run.experiment, f"{self.key_of(run)}!")

    def key_of(self, run: Run[Any]) -> str:
        """Return the record key of a run's result under the present code."""
        return f"{run.id}-{self.definition.code_with(run._identity.classes)}"

    def keys_of(self, runs: Iterable[Run[Any]]) -> list[str]:
        """Return the record keys of many runs, with one look at the code."""
        code = self.definition.code
        return [self.key_of(run) if run._identity.classes else f"{run.id}-{code}" for run in runs]

    def keep(self, run: Run[Any], computed: Computed, claim: Claim | None = None) -> Pending:
        """Hand the record of a computed run to the store; what cannot be kept is warned of."""
        store, cell = run._store, computed.cell
        failure = computed.outcome if isinstance(computed.outcome, Failure) else None
        run._settle(located_at(cell.key + "!" if failure else cell.key), cached=False)
        run._remember(computed.header, None if failure is None else failure.exception)
        runtime = computed.header.runtime or 0.0
        pending = Pending(run, lambda: computed.outcome, runtime=runtime)
        vouch_for(self.definition.key, run, cell)
        try:
            pending.commits = [*self._notes(store, cell), keep(store, computed, claim)]
        except (ResultError, StoreError) as error:
            self.release(run, claim)
            pending.hold(error)
        return pending

    def keep_reply(self, run: Run[Any], cell: Cell, reply: Reply, claim: Claim | None) -> Pending:
        """Hand the record that a worker made of a run to the store."""
        store, name = run._store, self.definition.name
        run._settle(Located("failed" if reply.failed else "done", reply.key), cached=False)
        run._note(reply.runtime, speaks=reply.speaks)
        if reply.failed:
            run._raised(revive(reply.error))
        pending = Pending(
            run, lambda: outcome_of(reply), runtime=reply.runtime, speaks=reply.speaks
        )
        pending.commits = [
            *self._notes(store, cell),
            store.put_sealed(
                name, reply.key, reply.envelope, parts=reply.parts, replace=True, claim=claim
            ),
        ]
        return pending

    def _notes(self, store: Store, cell: Cell) -> list[Commit]:
        # The environment is the same for all runs of a process, and the code for all runs of
        # one fingerprint: each is written once a store.
        digest, environment = current_environment()
        name, seen = self.definition.name, (store, digest, cell.code)
        if self._noted == seen:
            return []
        self._noted = seen
        text = code_text(self.definition, cell.identity.classes)
        notes = {f"environment-{digest}": environment, f"code-{cell.code}": text}
        return [store.put_once(name, key, note(content)) for key, content in notes.items()]
