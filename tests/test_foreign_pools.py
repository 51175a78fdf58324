"""Parsl and executorlib as they come: pools of `concurrent.futures` that compute elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine_rules import EngineRules

# Their sockets, files and threads are left to the garbage collector, and forks are theirs.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def executorlib_pool(place: Path) -> Any:
    """Return a pool of executorlib with two processes."""
    library = pytest.importorskip("executorlib")
    # Without the allocation it begins a new process for each call.
    return library.SingleNodeExecutor(
        max_workers=2, block_allocation=True, resource_dict={"cwd": str(place)}
    )


def parsl_pool(place: Path) -> Any:
    """Return a pool of Parsl with two processes."""
    parsl = pytest.importorskip("parsl")
    from parsl.concurrent import ParslPoolExecutor  # noqa: PLC0415 - skipped where it is not
    from parsl.providers import LocalProvider  # noqa: PLC0415 - as above

    blocks = LocalProvider(init_blocks=1, max_blocks=1)
    workers = parsl.HighThroughputExecutor(
        label="pair", max_workers_per_node=2, address="127.0.0.1", provider=blocks
    )
    configured = parsl.Config(executors=[workers], run_dir=str(place / "runs"), usage_tracking=0)
    return ParslPoolExecutor(configured)


@pytest.fixture(scope="module", params=[executorlib_pool, parsl_pool])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A pool whose processes begin in another directory."""
    place = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        # Both look in PATH for programs that are installed with them.
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        patch.chdir(place)
        pool = request.param(place)
        with pool:
            pool.submit(os.getpid).result()
            patch.undo()
            yield pool


class TestForeignPool(EngineRules):
    """A pool of another library keeps the rules."""
