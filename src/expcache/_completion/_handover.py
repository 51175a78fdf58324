"""What is computed, on its way to the disk, and given to the caller from there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from expcache._completion._policy import Policy
from expcache._completion._todo import Todo
from expcache._completion._twins import Twins
from expcache._completion._waiting import Waiting
from expcache._perform import Pending
from expcache._progress import Progress
from expcache._run import Run

__all__ = ["Handover"]

_UNDER_WAY = 1024
"""How many commits may be on their way."""

_WORTH_WAITING = 0.001
"""A run that took longer, in seconds, is handed over only after its own commit; records of
shorter ones are committed in groups while the next ones are computed."""


class Handover:
    """Gives runs, in the order they came, once their records are safe.

    Args:
        policy: the caller's wishes.
        progress: counts what is given.
        waiting: takes the runs that somebody took over.
    """

    def __init__(self, policy: Policy, progress: Progress, waiting: Waiting) -> None:
        """Begin with nothing to give."""
        self._policy = policy
        self._progress = progress
        self._waiting = waiting
        self.twins = Twins()
        self.pending: deque[tuple[Todo, Pending]] = deque()
        self.patient = False
        """Whether to wait, the next time, for all records."""

    def keep(self, one: Todo, pending: Pending, *, here: bool) -> None:
        """Take in a run that is computed, ``here`` or by an executor."""
        self.pending.append((one, pending))
        stops = self._policy.errors == "raise" and pending.status == "failed"
        if stops or (here and pending.runtime > _WORTH_WAITING):
            self.patient = True

    def give(self) -> Iterator[Run[Any]]:
        """Yield the runs whose records are safe; with patience, wait for all of them."""
        patient, self.patient = self.patient, False
        pending, policy, progress = self.pending, self._policy, self._progress
        while pending and (patient or len(pending) > _UNDER_WAY or pending[0][1].done):
            one, computed = pending.popleft()
            run = computed.finish()
            if computed.is_taken_over:
                self._waiting.add(one)
                continue
            if policy.errors == "raise" and computed.status == "failed":
                computed.unwrap()
            if policy.relay and computed.speaks:
                computed.relay()
            progress.add(computed)
            yield run
            for twin in self.twins.take(one):
                yield self.found(twin)

    def settled(self, one: Todo) -> Iterator[Run[Any]]:
        """Yield a run that was stored meanwhile, and with it those of equal points."""
        if self._policy.errors == "raise" and one.run._located.status == "failed":
            one.run.result  # noqa: B018 - raises
        yield self.found(one.run)
        for twin in self.twins.take(one):
            yield self.found(twin)

    def found(self, run: Run[Any]) -> Run[Any]:
        """Count a run that was stored."""
        self._progress.add(run)
        return run

    def finish(self) -> None:
        """Wait for all records, of runs that nobody asks for any more."""
        for _, pending in self.pending:
            pending.finish()
