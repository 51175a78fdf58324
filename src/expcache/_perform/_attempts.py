"""The attempts at one run in one call: the first one, and those that follow failures."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from expcache._cell import Cell, Computed, Reply, revive
from expcache._definition import Told
from expcache._launch import Launch
from expcache._outcome import Failure
from expcache._perform._keeper import Keeper
from expcache._perform._pending import Pending
from expcache._perform._sound import attempts_of
from expcache._record import read_header
from expcache._retries import Retries
from expcache._run import Run
from expcache._store import Claim

__all__ = ["Attempts"]


@dataclass(slots=True, eq=False)
class Attempts:
    """A run that is to be computed, and what came of it so far.

    The record of an attempt that others follow is written at once, and the claim is kept: it is
    given up with the record of the last one.
    """

    run: Run[Any]
    performer: Keeper
    failure: bytes | None = None
    """The record of its latest failure, of the time before this call, under the present code."""
    claim: Claim | None = None
    retries: Retries | None = None
    pause: float | None = None
    """How long to wait, in seconds, before the next attempt; None if there is none to be."""
    cell: Cell | None = None
    launch: Launch | None = None
    """The call that computes it; None for a single one."""
    failed: int = 0
    """How many attempts of this call have failed."""
    _earlier: Sequence[Mapping[str, Any]] | None = None

    def make(self) -> Pending:
        """Compute the run here and now, as often as need be; pause between two attempts."""
        while True:
            pending = self.keep(self.performer.perform(self.make_cell()))
            if self.pause is None:
                return pending
            pending.finish()
            time.sleep(self.pause)

    async def make_async(self) -> Pending:
        """Do the same for a coroutine function, and let the event loop go on meanwhile."""
        import asyncio  # noqa: PLC0415 - whoever awaits this has imported it

        while True:
            pending = self.keep(await self.performer.perform_async(self.make_cell()))
            if self.pause is None:
                return pending
            pending.finish()
            await asyncio.sleep(self.pause)

    def make_cell(self, told: Told | None = None) -> Cell:
        """Return what is needed to compute the run; taken again for every attempt."""
        earlier = attempts_of(self.failure) if self._earlier is None else self._earlier
        self.pause = None
        self.cell = self.performer.cell(self.run, earlier, self.claim, self.launch, told=told)
        return self.cell

    def keep(self, computed: Computed, *, last: bool = False) -> Pending:
        """Hand the record of an attempt to the store, in any event as the ``last`` one."""
        outcome = computed.outcome
        if isinstance(outcome, Failure) and not last and self.retries is not None:
            self._fail(outcome.type, outcome.exception, computed.header.attempts)
        return self.performer.keep(self.run, computed, self._passing())

    def keep_reply(self, cell: Cell, reply: Reply) -> Pending:
        """Hand the record that a worker made of an attempt to the store."""
        if reply.failed and self.retries is not None:
            header = read_header(reply.envelope)
            kind = (header.error or {}).get("type", "")
            self._fail(kind, revive(reply.error), header.attempts)
        return self.performer.keep_reply(self.run, cell, reply, self._passing())

    def _fail(
        self, kind: str, exception: Exception | None, attempts: Sequence[Mapping[str, Any]]
    ) -> None:
        assert self.retries is not None  # noqa: S101 - for the type checker
        self.failed += 1
        if self.retries.takes(kind, exception):
            self.pause = self.retries.pause(self.failed)
        if self.pause is not None:
            self._earlier = attempts
            self.run.retried = self.failed

    def _passing(self) -> Claim | None:
        """Return the claim, if it is given up with the record."""
        return self.claim if self.pause is None else None
