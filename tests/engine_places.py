"""Every executor that can be had here, by name; each begins when it is first asked for."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import dask_cluster
import local_ray
import mpi_ranks
import private_slurm
from expcache import RunSet, Sweep, executor
from expcache._store import current_store

__all__ = ["PLACES", "Places"]

Compute: TypeAlias = Callable[["Sweep[Any]"], "RunSet[Any]"]
PATIENCE = 240

RANKS = """
import json
import sys
from importlib import import_module

from expcache import points

folder, experiment, told = sys.argv[1:]
sys.path.append(folder)
module, _, name = experiment.rpartition(".")
runs = getattr(import_module(module), name).sweep(points(json.loads(told))).run(executor="mpi")
sys.exit(not all(run.done for run in runs))
"""


class Places:
    """What computes a sweep, by name."""

    def __init__(self, opened: ExitStack, make: Callable[[str], Path]) -> None:
        """Begin nothing yet.

        Args:
            opened: what ends them all.
            make: gives a directory.
        """
        self._opened, self._make = opened, make
        self._begun: dict[str, Compute] = {}

    def __getitem__(self, name: str) -> Compute:
        """Return what computes there; skip with the reason where there is no such thing."""
        if name not in self._begun:
            begin = PLACES[name](self._make(name))
            self._begun[name] = self._opened.enter_context(begin)
        return self._begun[name]

    def names(self) -> list[str]:
        """Return those that can be had."""
        return [name for name in PLACES if self._has(name)]

    def _has(self, name: str) -> bool:
        try:
            self[name]
        except pytest.skip.Exception:
            return False
        return True


def _by(place: Any) -> Compute:
    return lambda sweep: sweep.run(executor=place)


@contextmanager
def _threads(_: Path) -> Iterator[Compute]:
    with ThreadPoolExecutor(2) as pool:
        yield _by(pool)


@contextmanager
def _processes(_: Path) -> Iterator[Compute]:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield _by(pool)


@contextmanager
def _local(_: Path) -> Iterator[Compute]:
    with executor("local", jobs=2) as made:
        yield _by(made)


@contextmanager
def _loky(_: Path) -> Iterator[Compute]:
    with pytest.importorskip("loky").ProcessPoolExecutor(2) as pool:
        yield _by(pool)


@contextmanager
def _dask(place: Path) -> Iterator[Compute]:
    pytest.importorskip("distributed")
    with dask_cluster.started(place) as cluster:
        for _ in range(2):
            cluster.worker()
        yield _by(f"dask:{cluster.address}")


@contextmanager
def _slurm(place: Path) -> Iterator[Compute]:
    pytest.importorskip("submitit")
    elsewhere = {"chdir": str(place)}
    options: dict[str, Any] = {"timeout_min": 10, "slurm_additional_parameters": elsewhere}
    with private_slurm.started(place), executor("slurm", grace=0.5, **options) as made:
        yield _by(made)


@contextmanager
def _ray(place: Path) -> Iterator[Compute]:
    with local_ray.connected(place):
        yield _by("ray")


@contextmanager
def _mpi(place: Path) -> Iterator[Compute]:
    pytest.importorskip("mpi4py")
    if mpi_ranks.MPIEXEC is None:
        pytest.skip("there is no mpiexec in PATH")
    (place / "ranks.py").write_text(RANKS)
    yield lambda sweep: _under_mpiexec(place, sweep)


def _under_mpiexec(place: Path, sweep: Sweep[Any]) -> RunSet[Any]:
    # Its program is another process, which writes the store of this one.
    run = sweep[0]
    folder = str(Path(str(sys.modules[run.experiment.rpartition(".")[0]].__file__)).parent)
    told = json.dumps([one.params for one in sweep])
    subprocess.run(
        mpi_ranks.command(*mpi_ranks.MANY, "ranks.py", folder, run.experiment, told, ranks=3),
        cwd=place,
        env=mpi_ranks.surroundings(current_store().path),
        timeout=PATIENCE,
        check=True,
    )
    assert sweep.status()["done"] == len(sweep)
    return sweep.run()


PLACES: dict[str, Callable[[Path], AbstractContextManager[Compute]]] = {
    "threads": _threads,
    "processes": _processes,
    "local": _local,
    "loky": _loky,
    "dask": _dask,
    "slurm": _slurm,
    "ray": _ray,
    "mpi": _mpi,
}
