"""Give the runs of an experiment: from the store where they are kept, else by computing them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from expcache._definition import Definition
from expcache._key import Identity
from expcache._perform._attempts import Attempts
from expcache._perform._claiming import claimed, recall_failed
from expcache._perform._keeper import Keeper
from expcache._perform._older import recall_older
from expcache._perform._pending import Pending
from expcache._perform._reuse import policy_of, reuse
from expcache._perform._sound import sound
from expcache._query import FAILED, Failed, Located, Stale, check_word, located_at
from expcache._retries import Retries, retries_from
from expcache._run import Run
from expcache._store import Claim

if TYPE_CHECKING:
    from expcache._explanation import Explanation

__all__ = ["Performer", "Within"]

Within = Callable[[Run[Any], bool, float | None, Retries | None], Run[Any]]
"""Computes a run as a sweep does, within a time limit in seconds if there is one, whatever is
stored if the flag says so."""


class Performer(Keeper):
    """Gives the runs of one experiment; the origin of their handles."""

    __slots__ = ("_fixed", "_within")

    def __init__(
        self, definition: Definition, fixed: Mapping[str, Any], within: Within, *, is_async: bool
    ) -> None:
        """Serve one definition, for a method with its instance in ``fixed``."""
        super().__init__(definition, is_async=is_async)
        self._within = within
        self._fixed = fixed

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

    def recall(self, run: Run[Any], *, whole: bool = False) -> Run[Any] | None:
        """Return the stored run, its record checked, or None; a damaged one is a miss.

        ``whole``: check the content of large parts too, not only their sizes.
        """
        definition, store = self.definition, run._store
        definition.attach(store)
        key, preimage = self.key_of(run), run._identity.preimage
        envelope = store.get(definition.name, key)
        if envelope is None or not sound(
            store, definition.name, key, envelope, preimage, whole=whole
        ):
            return self.recall_older(run, whole=whole)
        return run._settle(located_at(key), cached=True)

    def recall_older(self, run: Run[Any], *, whole: bool = True) -> Run[Any] | None:
        """Return a run that only a result of other code can stand for, or None."""
        return next(iter(recall_older(self.definition, run._store, [run], whole=whole)), None)

    def reuse(
        self, run: Run[Any], stale: Stale | None = None, *, whole: bool = True
    ) -> Run[Any] | None:
        """Return a run that has no result of its own with one of other code, if it may be."""
        policy = policy_of(stale)
        return next(iter(reuse(self.definition, run._store, [run], policy, whole=whole)), None)

    def compute(  # noqa: PLR0913 - each is an option of its own, by keyword
        self,
        run: Run[Any],
        *,
        refresh: bool = False,
        failed: Failed = "retry",
        retries: int | Retries | None = None,
        timeout: float | None = None,
        stale: Stale | None = None,
    ) -> Run[Any]:
        """Return the stored run, or compute it and wait until its record is safe."""
        check_word("failed", failed, FAILED)
        again, run._wanted = retries_from(retries), True
        found = None if refresh else self.recall(run) or self.reuse(run, stale, whole=False)
        if found is not None or (not refresh and recall_failed(self, run, failed) is not None):
            return run
        timeout = timeout or self.definition.options.timeout
        if timeout is not None or (not refresh and self.is_away(run)):
            return self._within(run, refresh, timeout, again)
        while not isinstance(claim := claimed(self, run, refresh=refresh, adopt=True), Run):
            pending = self.begin(run, claim, again)
            pending.finish()
            if not pending.is_taken_over:
                break
        return run

    def is_away(self, run: Run[Any]) -> bool:
        """Whether a run was sent to an engine that computes it without whoever has sent it."""
        place = run._store.sent_directory(self.definition.name)
        if place is None:
            return False
        from expcache._executor import is_noted  # noqa: PLC0415 - only where something was sent

        return is_noted(place, self.key_of(run))

    def begin(self, run: Run[Any], claim: Claim | None, retries: Retries | None = None) -> Pending:
        """Compute a run here, whatever is stored, and hand its record to the store."""
        try:
            return self._attempts(run, claim, retries).make()
        except BaseException:
            self.release(run, claim)
            raise

    def can_compute_here(self) -> bool:
        """Whether `compute` can be called: not for a coroutine function inside an event loop."""
        asyncio = sys.modules.get("asyncio")
        return not self.is_async or asyncio is None or asyncio._get_running_loop() is None

    async def begin_async(self, run: Run[Any], claim: Claim | None) -> Pending:
        """Do as `begin` does, for a coroutine function, in the caller's event loop."""
        try:
            return await self._attempts(run, claim).make_async()
        except BaseException:
            self.release(run, claim)
            raise

    def _attempts(
        self, run: Run[Any], claim: Claim | None, retries: Retries | None = None
    ) -> Attempts:
        run.retried = 0
        retries = self.definition.options.retries if retries is None else retries
        return Attempts(run, self, self.failure(run), claim, retries)
