"""Make cells of the runs of an experiment, compute them, and keep their records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from expcache._cell import (
    Cell,
    Computed,
    Reply,
    compute,
    compute_async,
    keep,
    launch_of_call,
    revive,
)
from expcache._definition import Definition, Told
from expcache._environment import current_environment, read_environment
from expcache._launch import Launch
from expcache._outcome import Failure
from expcache._perform._pending import Pending
from expcache._perform._unchanged import identity_of, vouch_for
from expcache._query import Located, located_at
from expcache._reached import code_text
from expcache._record import note
from expcache._run import Run
from expcache._store import Claim, Commit, Store, current_store
from expcache.errors import ResultError, StoreError

__all__ = ["Keeper"]


class Keeper:
    """Computes runs of one experiment and keeps their records, whatever is stored of them."""

    __slots__ = ("_files", "_noted", "definition", "is_async")

    def __init__(self, definition: Definition, *, is_async: bool) -> None:
        """Serve one definition."""
        self.definition = definition
        self.is_async = is_async
        self._noted: tuple[Store, str, str] | None = None
        self._files: tuple[Store, Callable[[], str | None]] | None = None

    def release(self, run: Run[Any], claim: Claim | None) -> None:
        """Give up a run: somebody else may compute it."""
        if claim is not None:
            run._store.release(self.definition.name, [claim])

    def perform(self, cell: Cell) -> Computed:
        """Compute a cell in this thread; a coroutine function gets an event loop of its own."""
        if not self.is_async:
            with self.definition.running():
                return compute(cell)
        from expcache._perform._loop import (  # noqa: PLC0415 - 30 ms, for coroutine functions only
            run_coroutine,
        )

        return run_coroutine(partial(self.perform_async, cell))

    async def perform_async(self, cell: Cell) -> Computed:
        """Compute a cell whose function is a coroutine function, in the caller's event loop."""
        with self.definition.running():
            return await compute_async(cell)

    def cell(
        self,
        run: Run[Any],
        earlier: Sequence[Mapping[str, Any]] = (),
        claim: Claim | None = None,
        launch: Launch | None = None,
        *,
        told: Told | None = None,
    ) -> Cell:
        """Return all that is needed to compute a run.

        Args:
            run: the run.
            earlier: what is known of its failed attempts.
            claim: that of this process.
            launch: the call that computes it.
            told: of the code, by whoever has looked at it just now.
        """
        definition, params = self.definition, run.params
        told = told or definition.told()
        definition.attach(run._store)
        identity = identity_of(definition.key, run, params)
        options = definition.options
        launch = launch or launch_of_call()
        return Cell(
            experiment=definition.name,
            function=definition.function,
            signature=definition.key.signature,
            params=params,
            identity=identity,
            code=definition.code_with(identity.classes) if identity.classes else told.code,
            code_notes=told.notes,
            version=options.version,
            tags=options.tags if not launch.tags else _united(options.tags, launch.tags),
            earlier=earlier,
            is_async=self.is_async,
            store=current_store().path,  # what it calls may be saved though it is not
            checked=told.followed,
            depends=tuple(options.depends),
            files=self._files_of(run._store),
            owner=None if claim is None else claim.owner,
            generation=None if claim is None else claim.generation,
            number=None if claim is None else claim.number,
            launch=launch,
        )

    def _files_of(self, store: Store) -> Callable[[], str | None]:
        """Return what tells where the directories of runs lie, made once for a store."""
        if self._files is None or self._files[0] is not store:
            found = partial(store.files_directory, self.definition.name, create=True)
            self._files = store, found
        return self._files[1]

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
        pending = Pending(run, computed.outcome, runtime=runtime)
        vouch_for(self.definition.key, run, cell)
        try:
            pending.commits = (*self._notes(store, cell), keep(store, computed, claim))
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
        commits = (
            *self._notes(store, cell),
            *_told_environment(store, name, reply),
            store.put_sealed(
                name, reply.key, reply.envelope, parts=reply.parts, replace=True, claim=claim
            ),
        )
        return Pending(run, reply, commits, runtime=reply.runtime, speaks=reply.speaks)

    def _notes(self, store: Store, cell: Cell) -> Sequence[Commit]:
        # The environment is the same for all runs of a process, and the code for all runs of
        # one fingerprint: each is written once a store.
        digest, environment = current_environment()
        name, seen = self.definition.name, (store, digest, cell.code)
        if self._noted == seen:
            return ()
        self._noted = seen
        text = code_text(self.definition, cell.identity.classes)
        notes = {f"environment-{digest}": environment, f"code-{cell.code}": text}
        return [store.put_once(name, key, note(content)) for key, content in notes.items()]


def _told_environment(store: Store, name: str, reply: Reply) -> list[Commit]:
    """Keep what a worker tells of itself, since it is not like this process."""
    if reply.environment is None:
        return []
    digest, environment = read_environment(reply.environment)
    return [store.put_once(name, f"environment-{digest}", note(environment))]


def _united(*tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for some in tags for tag in some))
