"""How tests start the ranks of an MPI job."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

__all__ = ["MANY", "MPIEXEC", "command", "surroundings"]

PATHS = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
MPIEXEC = shutil.which("mpiexec", path=PATHS)
MANY = ["-m", "mpi4py.futures"]


def command(*words: str, ranks: int) -> list[str]:
    """Return what starts a program of so many ranks; 0: one that is no MPI job."""
    launch = [str(MPIEXEC), "-n", str(ranks)] if ranks else []
    return [*launch, sys.executable, *words]


def surroundings(store: Path | str) -> dict[str, str]:
    """Return the environment of such a program, with its store."""
    return {
        **os.environ,
        "PATH": PATHS,
        "EXPCACHE_STORE": str(store),
        # One of the two libraries asks who it is that calls, and for how many processors.
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
