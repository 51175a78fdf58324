"""The workers of one executor: started when there is work, replaced when they die."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import Final

from expcache._executor._cpus import usable_cpus
from expcache._executor._server import server
from expcache._executor._worker import Settings
from expcache._executor._worker_process import Worker

__all__ = ["Crew", "Plan"]

_THREADS: Final = tuple(
    f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
)


class Plan:
    """How an executor wants its workers."""

    def __init__(self, jobs: int, method: str, memory: int | None, replies: str) -> None:
        """Remember what the user has chosen."""
        self.jobs = jobs
        self.method = method
        self.memory = memory
        self.replies = replies

    def settings(self) -> Settings:
        """Describe the parent as it is now, so that a worker finds itself in the same place."""
        threads = str(max(1, usable_cpus() // self.jobs))
        environment = {**dict.fromkeys(_THREADS, threads), **os.environ}
        try:
            directory = os.getcwd()  # noqa: PTH109 - text
        except OSError:
            directory = None  # it was removed
        arguments = list(getattr(sys, "argv", ()))
        path = list(sys.path)
        return Settings(path, directory, environment, arguments, "", "", self.memory, self.replies)


class Crew:
    """The workers, and the directory where they write what they print."""

    def __init__(self, plan: Plan) -> None:
        """Start nothing yet."""
        self.plan = plan
        self.workers: list[Worker] = []
        self._spool: str | None = None
        self._number = 0

    def hire(self) -> Worker:
        """Start one worker more."""
        if self._spool is None:
            self._spool = _make_spool()
        self._number += 1
        worker = Worker(self.plan.method, self._spool, self._number, self.plan.settings())
        self.workers.append(worker)
        return worker

    def dismiss(self, worker: Worker) -> None:
        """Let go of a worker whose process has ended."""
        self.workers.remove(worker)
        worker.close()

    def disband(self) -> None:
        """Kill those that are left, and remove all that they wrote."""
        for worker in self.workers:
            worker.process.kill()
            worker.close()
        self.workers.clear()
        if self._spool is not None:
            shutil.rmtree(self._spool, ignore_errors=True)
            server().release(self._spool)
            self._spool = None


def _make_spool() -> str:
    """Make a directory that is removed though this process be killed."""
    spool = os.path.join(tempfile.gettempdir(), f"expcache-{os.urandom(8).hex()}")  # noqa: PTH118 - text
    server().guard(spool)
    os.mkdir(spool, 0o700)  # noqa: PTH102 - text
    return spool
