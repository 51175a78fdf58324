"""A Dask scheduler and its workers, started as anybody would, in a directory of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import expcache
from executor_cells import until

__all__ = ["Started", "started"]

PATIENCE = 180.0


class Started:
    """A scheduler with workers that know nothing of the tests and their directory."""

    def __init__(self, place: Path, **environment: str) -> None:
        """Start a scheduler alone."""
        self.place = place
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment = environment
        self.scheduler = self.start_scheduler("0")

    @cached_property
    def address(self) -> str:
        """What the scheduler answers at."""
        told = re.compile(r'"address": "(.*?)"')
        assert until(lambda: self.file.exists() and told.search(self.file.read_text()), PATIENCE)
        found: list[str] = told.findall(self.file.read_text())
        return found[0]

    def start_scheduler(self, port: str) -> subprocess.Popen[bytes]:
        """Start a scheduler, which may take the place of one that is gone."""
        return self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", port, "--dashboard-address",
            "127.0.0.1:0", "--scheduler-file", str(self.file), **self.environment,
        )  # fmt: skip

    @property
    def file(self) -> Path:
        """What the scheduler writes for its clients."""
        return self.place / "scheduler.json"

    def worker(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start one worker of one thread, with a nanny that starts it again when it dies."""
        return self._start(
            "dask_worker", "--scheduler-file", str(self.file), "--nthreads", "1",
            "--no-dashboard", "--local-directory", str(self.place), *options, **environment,
        )  # fmt: skip

    def restart(self) -> None:
        """End scheduler and workers, and start new ones where they were."""
        self.stop()
        self.scheduler = self.start_scheduler(self.address.rpartition(":")[2])
        self.worker()

    def stop(self) -> None:
        """End all of them."""
        while self.processes:
            process = self.processes.pop(0)  # the scheduler first: it sees no worker die
            with suppress(ProcessLookupError):
                # Not by asking: a nanny that starts a worker anew does not hear.
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, module: str, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
        source = Path(expcache.__file__).parents[1]
        environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONWARNINGS": "ignore", **more}
        with self.place.joinpath("log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                cwd=self.place,
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.processes.append(process)
        return process


@contextmanager
def started(place: Path, **environment: str) -> Iterator[Started]:
    """Start a scheduler without workers, and end it with those that come."""
    cluster = Started(place, **environment)
    try:
        assert cluster.address
        yield cluster
    finally:
        cluster.stop()
