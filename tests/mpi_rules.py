"""The rules of engines under mpiexec, started by test_mpi.py: the first rank is this session."""

from __future__ import annotations

import os
from typing import Any

import pytest

import engine_subjects
from engine_rules import EngineRules
from expcache import experiment, grid


@pytest.fixture(scope="module")
def engine() -> Any:
    """The word: the other ranks, which were started in another directory."""
    return "mpi"


@experiment
def surroundings(x: int) -> tuple[int, int, list[str]]:
    """Begin MPI in a run, which is a program of its own."""
    from mpi4py import MPI  # noqa: PLC0415 - it begins with it

    names = [name for name in os.environ if name.startswith(("PMI", "OMPI_COMM_WORLD"))]
    return x, MPI.COMM_WORLD.Get_size(), names


class TestMPI(EngineRules):
    """The ranks of an MPI job keep the rules."""

    def test_runs_are_not_in_the_first_rank(self, engine: Any) -> None:
        """The rank that sends computes nothing."""
        runs = engine_subjects.placed.sweep(grid(x=range(40))).run(executor=engine)
        assert os.getpid() not in {run.result[0] for run in runs}

    def test_a_run_is_no_rank(self, engine: Any) -> None:
        """A run may begin MPI, or call mpiexec: nothing tells it that it is one rank of many."""
        runs = surroundings.sweep(grid(x=range(4))).run(executor=engine)
        assert runs.results == [(x, 1, []) for x in range(4)]
