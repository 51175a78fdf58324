"""A Ray of this machine, whose workers begin in a directory of their own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["connected"]


@contextmanager
def connected(elsewhere: Path) -> Iterator[None]:
    """Connect this process to a cluster of two processors, which ends with the block."""
    ray = pytest.importorskip("ray")
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": "error"}
    place = tempfile.mkdtemp(prefix="ray-")  # names of sockets are short
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
            patch.delenv("RAY_ADDRESS", raising=False)
            patch.chdir(elsewhere)  # workers begin there
            ray.init(address="local", num_cpus=2, resources={"magnet": 1}, _temp_dir=place, **quiet)
        yield
    finally:
        ray.shutdown()
        shutil.rmtree(place, ignore_errors=True)
