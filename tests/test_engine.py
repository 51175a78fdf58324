"""Pools of the standard library and of loky as engines: their workers have nothing of ours."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import engine_subjects
from engine_rules import EngineRules
from expcache import grid
from expcache._executor import FuturesExecutor


def settle_elsewhere(place: str) -> None:
    """Work in another directory, and find no module where the sender finds its tests."""
    os.chdir(place)
    (Path(place) / "alien-1.0.dist-info").mkdir(exist_ok=True)
    tests = str(Path(__file__).parent)
    sys.path[:] = [one for one in sys.path if one and not one.startswith(tests)]
    sys.path.append(place)
    for name in ("engine_late", "engine_parts", "engine_subjects"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module", params=["processes", "loky"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Two processes that were started anew, somewhere else."""
    place = str(tmp_path_factory.mktemp("elsewhere"))
    begin: Any = {"initializer": settle_elsewhere, "initargs": (place,)}
    if request.param == "processes":
        pool: Any = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), **begin)
    else:
        pool = pytest.importorskip("loky").ProcessPoolExecutor(2, **begin)
    with pool:
        yield FuturesExecutor(pool, elsewhere=True)


class TestPool(EngineRules):
    """A pool whose workers have no file of the project keeps the rules."""

    def test_a_record_tells_of_the_worker(self, engine: Any) -> None:
        """The environment of a run is that of the worker, with the sender's command line."""
        runs = engine_subjects.scaled.sweep(grid(x=range(4))).run(executor=engine)
        here = engine_subjects.scaled.run(99)
        for run in runs:
            assert run.environment["packages"]["alien"] == "1.0"
            assert run.environment["argv"] == here.environment["argv"]
        assert "alien" not in here.environment["packages"]
