"""The ranks of an MPI job as workers: mpi4py's pool of them, or one that somebody has made."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from expcache._executor._batch import Batch
from expcache._executor._engine import Engine
from expcache._executor._remote import compute
from expcache.errors import ExecutorError

__all__ = ["MPIExecutor", "make", "wrap"]

LOOK_SECONDS: Final = 0.05
LAUNCHED: Final = ("PMI_", "PMIX_", "HYDI_", "MPI_LOCAL", "OMPI_COMM_WORLD_", "PRTE_", "PALS_")
"""How names begin by which a process learns that it is a rank."""


class MPIExecutor(Engine):
    """Computes batches with the ranks of an MPI job, each with a worker of ours beside it.

    MPI ends all processes of a job when one of them dies. A run cannot end a rank; what else ends
    one ends this process, too, and the next call goes on with what is stored.
    """

    word = "MPI"
    batch_seconds = 0.25

    def __init__(
        self, pool: Any = None, *, jobs: int | None = None, options: Mapping[str, Any] | None = None
    ) -> None:
        """Wrap a pool, or make one of all ranks but this, or else of `jobs` new ones.

        Args:
            pool: somebody's `MPIPoolExecutor`, which is not shut down.
            jobs: how many ranks to use, or to start where there are no others.
            options: of the pool that is made, by keyword.
        """
        super().__init__()
        self._pool, self._limit, self._begun = pool, jobs, False
        self._options = dict(options or {})
        self._own = pool is None
        self._lock = threading.Lock()
        self._jobs = _guess(pool, jobs)
        if jobs is not None and _shared():
            self.ahead = jobs  # a rank that is not to be used takes what is sent, too

    @property
    def jobs(self) -> int:
        """How many ranks compute."""
        return self._jobs

    def begin(self, batch: Batch, content: bytes, resources: Mapping[str, Any]) -> Any:
        """Hand a batch to the next free rank; MPI gave each its resources when the job began."""
        del batch, resources
        with self._lock:
            if not self._begun:
                self._start()
        return self._pool.submit(compute_in_rank, content)

    def leave(self, *, now: bool) -> None:
        """Let the ranks go that were started for this one; the others wait for the next."""
        if self._own and self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=now)

    def _start(self) -> None:
        from mpi4py.futures import MPIPoolExecutor  # noqa: PLC0415 - MPI begins with it

        if self._own:
            # Ranks that import the program would need a guard in it, and its files.
            self._pool = MPIPoolExecutor(self._limit, main=False, **self._options)
        self._pool.bootup(wait=False)
        _await(self._pool)
        ranks = self._pool.num_workers
        self._jobs = ranks if self._limit is None else min(self._limit, ranks)
        self._begun = True


def make(  # noqa: PLR0913 - each is an option of its own, by keyword
    *,
    jobs: int | None = None,
    python_exe: str | None = None,
    python_args: list[str] | None = None,
    mpi_info: Mapping[str, str] | None = None,
    path: list[str] | None = None,
    wdir: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> MPIExecutor:
    """Return an executor of the ranks of this MPI job, or of `jobs` that it starts.

    The other options are those of `mpi4py.futures.MPIPoolExecutor`.

    Raises:
        ExecutorError: there are no other ranks, and none may be started.
    """
    mpi = _library()
    given = {
        "python_exe": python_exe,
        "python_args": python_args,
        "mpi_info": mpi_info,
        "path": path,
        "wdir": wdir and os.fspath(wdir),
        "env": env,
    }
    _check(mpi, jobs)
    options = {name: value for name, value in given.items() if value is not None}
    return MPIExecutor(jobs=jobs, options=options)


def wrap(thing: Any) -> MPIExecutor:
    """Return an executor that computes with somebody's pool."""
    if not callable(getattr(thing, "bootup", None)):
        message = f"cannot compute with {thing!r}: it is no pool of ranks."
        raise ExecutorError(f"{message} Give an mpi4py.futures.MPIPoolExecutor.")
    return MPIExecutor(thing)


def compute_in_rank(content: bytes, /) -> bytes:
    """Compute as everywhere; what a run starts is no rank of this job."""
    for name in [name for name in os.environ if name.startswith(LAUNCHED)]:
        os.environ.pop(name, None)
    return compute(content)


def _library() -> Any:
    """Return the module that talks to MPI, which begins with it."""
    try:
        from mpi4py import MPI, futures  # noqa: F401, PLC0415 - an extra
    except ModuleNotFoundError:
        raise
    except (ImportError, RuntimeError) as error:  # it was built for another, or finds none
        message = "cannot compute with executor 'mpi': mpi4py finds no MPI library."
        raise ExecutorError(f"{message} Load or install one, such as Open MPI or MPICH.") from error
    return MPI


def _check(mpi: Any, jobs: int | None) -> None:
    """Refuse to begin where no ranks are, and none can be started."""
    world = mpi.COMM_WORLD.Get_size()
    if world > 1 and not _shared():
        _refuse(f"{world} processes run this program at a time", world)
    if world > 1:
        return
    if _shared():
        _refuse("the only rank runs this program", 5)
    if jobs is None and _to_spare(mpi) == 0:
        _refuse("there are no ranks to compute with", 5, "or say how many to start: jobs=4")
    if not _launched() and shutil.which("mpiexec") is None:
        _refuse("MPI starts ranks by mpiexec, which is not in PATH", 5)


def _shared() -> bool:
    """Return whether this is the first rank under `python -m mpi4py.futures`, which has a pool."""
    from mpi4py.futures import _core  # noqa: PLC0415 - it tells nowhere else

    return getattr(_core, "SharedPool", None) is not None


def _launched() -> bool:
    return any(name.startswith(LAUNCHED) for name in os.environ)


def _to_spare(mpi: Any) -> int:
    """Return how many ranks mpiexec was told to leave room for."""
    size = mpi.COMM_WORLD.Get_attr(mpi.UNIVERSE_SIZE) if _launched() else None
    spare: int = (size or 1) - mpi.COMM_WORLD.Get_size()
    return max(spare, 0)


def _guess(pool: Any, jobs: int | None) -> int:
    """Return how many ranks there will be, without a call that starts them."""
    mpi = _library()
    told: int | None = jobs or getattr(pool, "_options", {}).get("max_workers")
    shared = _shared()
    others: int = mpi.COMM_WORLD.Get_size() - 1 if shared else _to_spare(mpi)
    return (min(told or others, others) if shared else told or others) or 1


def _await(pool: Any) -> None:
    """Wait until the ranks are there; a pool whose thread has failed would let wait for ever."""
    inner = getattr(pool, "_pool", None)
    event, thread = getattr(inner, "event", None), getattr(inner, "thread", None)
    while event is not None and not event.wait(LOOK_SECONDS):
        if thread is not None and not thread.is_alive() and not event.is_set():
            _refuse("MPI could not start ranks, see above", 5)


def _refuse(reason: str, ranks: int, *more: str) -> NoReturn:
    message = f"cannot compute with executor 'mpi': {reason}."
    start = f'Start it with "mpiexec -n {ranks} python -m mpi4py.futures program.py"'
    raise ExecutorError(f"{message} {', '.join((start, *more))}.")
