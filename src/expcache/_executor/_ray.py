"""The workers of a Ray cluster as an engine: one task a batch, each tried once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from expcache._executor._batch import Batch
from expcache._executor._cpus import usable_cpus
from expcache._executor._engine import Engine
from expcache._executor._remote import compute
from expcache.errors import ExecutorError

__all__ = ["RayExecutor", "make", "wrap"]

SIZE_SECONDS: Final = 5.0
"""How often to ask how large the cluster is, which may grow."""

_connecting = threading.Lock()


class RayExecutor(Engine):
    """Computes batches as tasks of Ray, each with a worker of ours beside its process.

    It connects at the first batch: to the cluster that this process is connected to already, else
    as `ray.init` does: to one that was named, or runs here, or to a new one of this machine.
    """

    word = "Ray"
    batch_seconds = 0.25

    def __init__(
        self,
        *,
        jobs: int | None = None,
        address: str | None = None,
        resources: Mapping[str, Any] | None = None,
        connected: bool = False,
    ) -> None:
        """Remember where to compute.

        Args:
            jobs: how many runs to compute at a time; None: as many as there is room for.
            address: of a cluster, as for `ray.init`; None: as said above.
            resources: of each task, as for the options of a remote function.
            connected: never connect from here.
        """
        super().__init__(resources)
        self.ahead = jobs  # whatever is sent is computed where there is room
        self._limit, self._address, self._connected = jobs, address, connected
        self._remote: Any = None
        self._own = False
        self._size, self._asked = jobs or usable_cpus(), 0.0
        self._within = threading.local()
        self._lock = threading.Lock()

    @property
    def jobs(self) -> int:
        """How many runs the cluster has room for, by what each asks."""
        if self._limit is None and self._remote is not None:
            now = time.monotonic()
            if now - self._asked > SIZE_SECONDS:
                self._asked, self._size = now, _room(self.resources)
        return self._size

    def begin(self, batch: Batch, content: bytes, resources: Mapping[str, Any]) -> Begun:
        """Have a task compute a batch, with what it asks as options of the task."""
        with self._lock:
            if self._remote is None:
                self._connect()
        # What is tried again is said by the experiment.
        options = {**resources, "max_retries": 0, "retry_exceptions": False}
        reference = self._remote.options(**options).remote(content)
        del batch
        return Begun(reference, self._within)

    def cancel(self, batch: Batch) -> None:
        """End the process of a task that runs, or take it back."""
        task = self._batches.get(batch)
        super().cancel(batch)
        if task is not None:
            task.end()

    def leave(self, *, now: bool) -> None:
        """Disconnect, which ends a cluster that was started for this one."""
        del now
        if not self._own:
            return
        thread = threading.Thread(target=_disconnect, name="expcache-ray")
        thread.start()
        if not getattr(self._within, "ray", False):  # a thread of Ray cannot wait for Ray's end
            thread.join()

    def why(self, error: BaseException) -> str:
        """Say what has become of a task, without the advice that Ray gives on its own options."""
        lines = str(error).strip().splitlines() or [""]
        text = lines[-1] if getattr(error, "cause", None) is not None else lines[0]
        name = type(getattr(error, "cause", None) or error).__name__
        return f"{name}: {text.partition('. ')[0].removeprefix(f'{name}: ')}".rstrip(": .")

    def _connect(self) -> None:
        import ray  # noqa: PLC0415 - an extra, and slow

        with _connecting:
            if self._connected and not ray.is_initialized():
                message = "cannot submit to Ray: this process is no longer connected to it."
                raise ExecutorError(f"{message} Call ray.init() again.")
            if not ray.is_initialized():
                ray.init(address=self._address, log_to_driver=False, **_quiet(self._address))
                self._own = True
        self._remote = ray.remote(compute_here)


class Begun:
    """A task that Ray has, as a future."""

    def __init__(self, reference: Any, within: threading.local) -> None:
        """Take what Ray has returned for a task."""
        self._reference, self._within = reference, within
        self._future = reference.future()

    def add_done_callback(self, tell: Callable[[Any], Any]) -> None:
        """Call when it is done, often in a thread of Ray."""

        def told(_: Any) -> None:
            self._within.ray = True
            try:
                tell(self)
            finally:
                self._within.ray = False

        self._future.add_done_callback(told)

    def result(self) -> bytes:
        """Return what it has computed, or raise what became of it."""
        answer: bytes = self._future.result()
        return answer

    def cancel(self) -> None:
        """Take it back, unless it has begun: then it takes no notice."""
        self._cancel(force=False)

    def end(self) -> None:
        """Take it back, or end its process."""
        self._cancel(force=True)

    def _cancel(self, *, force: bool) -> None:
        import ray  # noqa: PLC0415 - it is imported long since

        if ray.is_initialized() and not self._future.done():
            ray.cancel(self._reference, force=force)


def make(*, jobs: int | None = None, address: str | None = None, **resources: Any) -> RayExecutor:
    """Return an executor of a Ray cluster; `resources` are options of its tasks, untouched."""
    import ray  # noqa: F401, PLC0415 - an extra

    return RayExecutor(jobs=jobs, address=address, resources=resources)


def wrap(thing: Any) -> RayExecutor:
    """Return an executor of the cluster that `ray.init` has connected to.

    Raises:
        ExecutorError: the object is something else of Ray.
    """
    if not callable(getattr(thing, "disconnect", None)):
        message = f"cannot compute with {thing!r}: it is no connection to Ray."
        raise ExecutorError(f'{message} Give what ray.init() returned, or the word "ray".')
    return RayExecutor(connected=True)


def compute_here(content: bytes, /) -> bytes:
    """Compute as everywhere, and take no notice of being cancelled once it has begun."""
    answers: list[bytes] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(compute(content))
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    thread = threading.Thread(target=work, name="expcache-batch")
    thread.start()
    while thread.is_alive():
        try:
            thread.join()
        except KeyboardInterrupt:  # how Ray tells; it goes on
            continue
    if errors:
        raise errors[0]
    return answers[0]


def _quiet(address: str | None) -> dict[str, Any]:
    """Return options for a cluster that may be new, on this machine, and for this call alone."""
    return {} if address not in {None, "local"} else {"include_dashboard": False}


def _disconnect() -> None:
    import ray  # noqa: PLC0415 - it is imported long since

    with _connecting:
        ray.shutdown()


def _room(resources: Mapping[str, Any]) -> int:
    """Return how many tasks with these resources the cluster can have at a time."""
    import ray  # noqa: PLC0415 - it is imported long since

    there = ray.cluster_resources() if ray.is_initialized() else {}
    wants = {
        "CPU": resources.get("num_cpus", 1),
        "GPU": resources.get("num_gpus", 0),
        "memory": resources.get("memory", 0),
        **(resources.get("resources") or {}),
    }
    rooms = [there.get(name, 0) / want for name, want in wants.items() if want]
    return max(1, int(min(rooms, default=usable_cpus())))
