"""Slurm, by way of submitit: one array for all that is sent at once, and files for what it finds.

Nothing here asks Slurm's accounting, which many clusters do not have: what has ended without a
result is found by its queue.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final

from expcache._executor._array import Array, tidy
from expcache._executor._batch import Batch, Event, Where
from expcache._executor._engine import Engine
from expcache._executor._spool import Begun
from expcache._executor._submission import Collected, Submitter
from expcache._executor._watch import Watch
from expcache.errors import ExecutorError

__all__ = ["SlurmExecutor", "make", "wrap"]

AT_A_TIME: Final = 256


def make(  # noqa: PLR0913 - each is an option of its own, by keyword
    *,
    jobs: int | None = None,
    address: str | None = None,
    folder: str | None = None,
    python: str | None = None,
    seconds: float = 60.0,
    grace: float = 15.0,
    **resources: Any,
) -> SlurmExecutor:
    """Return an executor that submits to Slurm.

    Args:
        jobs: how many elements of an array run at a time.
        address: the partition.
        folder: a directory that all nodes see; None: the store's own.
        python: the command that starts Python on a node.
        seconds: for how long an element begins more than its share of the runs.
        grace: for how long files of other nodes may be unseen here.
        resources: parameters of ``submitit.AutoExecutor``, such as ``timeout_min`` or
            ``slurm_partition``.
    """
    if address is not None:
        resources.setdefault("slurm_partition", address)
    submitter = Submitter.named(folder=folder, python=python, seconds=seconds)
    return SlurmExecutor(submitter, jobs=jobs, grace=grace, resources=resources)


def wrap(thing: Any) -> SlurmExecutor:
    """Return an executor that submits as one of submitit's does, with its parameters.

    Raises:
        ExecutorError: that one is not for Slurm.
    """
    return SlurmExecutor(Submitter.like(thing))


class SlurmExecutor(Engine):
    """Collects batches and has an array of Slurm compute them; the store stays closed to it.

    Args:
        submitter: knows submitit.
        jobs: how many elements of an array run at a time; None: as the resources say.
        grace: for how long files of other nodes may be unseen here, in seconds.
        resources: what every array asks for, in submitit's words.
    """

    word = "Slurm"
    shares_files = True
    together = outlives = True
    batch_seconds = 1.0
    ahead = 10_000

    def __init__(
        self,
        submitter: Submitter,
        *,
        jobs: int | None = None,
        grace: float = 15.0,
        resources: Mapping[str, Any] | None = None,
    ) -> None:
        """Submit nothing yet."""
        super().__init__(resources)
        self._submitter = submitter
        self.shares_files = submitter.folder is None
        self._jobs = jobs or submitter.at_a_time(self.resources) or AT_A_TIME
        self._collected: list[Collected] = []
        self._sent: dict[Batch, tuple[Array, int]] = {}
        self._lock = threading.Lock()
        self._watch = Watch(self, grace)

    @property
    def jobs(self) -> int:
        """How many elements of an array run at a time."""
        return self._jobs

    def begin(self, batch: Batch, content: bytes, resources: Mapping[str, Any]) -> Future[bytes]:
        """Collect a batch for the next array."""
        with self._lock:
            self._collected.append(Collected(batch, content, resources))
        return Future()

    def flush(self) -> None:
        """Submit what was collected.

        Raises:
            ExecutorError: Slurm does not take it.
        """
        with self._lock:
            collected, self._collected = self._collected, []
        wanted = [one for one in collected if one.batch in self._batches]
        for some in self._submitter.grouped(wanted):
            self._submit(some)

    def _submit(self, some: Sequence[Collected]) -> None:
        try:
            array = self._submitter.submit(some, self._jobs)
        except Exception as error:
            if isinstance(error, ExecutorError):
                raise
            message = f"cannot submit to Slurm: {self.why(error)}."
            raise ExecutorError(f"{message} See that sbatch takes such a job from here.") from error
        self.follow(array, {at: one.batch for at, one in enumerate(some)})

    def follow(self, array: Array, batches: Mapping[int, Batch]) -> None:
        """Tell of these batches of an array what comes of them, whoever has submitted it."""
        for at, batch in batches.items():
            self._batches.setdefault(batch, None)
            self._sent[batch] = array, at
            self.tell_where(batch, Where("queued", "", array.name))  # before news of its beginning
        self._watch.add(array, batches)

    def finish(self, batch: Batch, replies: list[Any], lost: Any) -> None:
        """Tell what came of a batch."""
        self._end(batch, Event(batch, replies, lost, finished=True))

    def wants(self, batch: Batch) -> bool:
        """Whether somebody waits for a batch."""
        return batch in self._batches

    def again(self, batches: Sequence[Batch]) -> None:
        """Send batches that no element has begun once more."""
        for batch in batches:
            self.begin(batch, self._pack(batch), {**self.resources, **batch.resources})
        try:
            self.flush()
        except ExecutorError as error:
            for batch in batches:
                self.lose(batch, f"it could not be sent again ({error})".rstrip("."))

    def _end(self, batch: Batch, event: Event) -> None:
        self._sent.pop(batch, None)
        super()._end(batch, event)

    def cancel(self, batch: Batch) -> None:
        """Ignore what will come of a batch; an array that nobody waits for is not noted."""
        array, at = self._sent.get(batch, (None, 0))
        super().cancel(batch)
        if array is None or not array.ours:
            return
        array.settle(at)
        if not array.open and array.note is not None:  # the watch has Slurm end it
            array.note.remove()

    def forget(self, batch: Batch) -> None:
        """Take back a batch that no element has begun; one that runs goes on."""
        array, at = self._sent.get(batch, (None, 0))
        if array is None or array.spool.take(at, Begun("", "", 0)):
            super().forget(batch)

    def leave(self, *, now: bool) -> None:
        """Let nothing of what was submitted begin any more; ``now``: end what runs."""
        arrays = self._watch.stop()
        for array in arrays:
            array.end(now=now)
            if array.note is not None:
                array.note.remove()
        tidy(arrays)

    def detach(self) -> list[str]:
        """Let all that was sent go on without this process; return what Slurm calls it."""
        self.flush()
        names = [array.name for array in self._watch.stop()]
        self._to_leave.clear()
        self._batches.clear()
        self._sent.clear()
        return names
