"""How many processes compute the points of a session, and within which limits."""

from __future__ import annotations

import math
import os
import re
from typing import Literal, NamedTuple, NoReturn, TypeAlias, get_args

import pytest

__all__ = ["START_METHODS", "Jobs", "distributes", "jobs_lines", "read_jobs"]

Count: TypeAlias = int | Literal["auto"]
StartMethod: TypeAlias = Literal["fork", "forkserver", "spawn"]

START_METHODS: tuple[StartMethod, ...] = get_args(StartMethod)
_DEFAULT = "forkserver" if hasattr(os, "fork") else "spawn"
_SIZE = re.compile(r"(?=.*[1-9])\s*\d+(\.\d+)?\s*[kmgt]?i?b?\s*", re.IGNORECASE)


class Jobs(NamedTuple):
    """What is said about the processes that compute."""

    count: Count  # type: ignore[assignment] # not the method of tuples
    """How many compute at once; 0 where the process of pytest does."""
    timeout: float | None
    memory: str | None
    start_method: StartMethod | None
    retries: int | None = None
    """How often a point that fails is tried again; None: as its experiment says."""
    forgone: str = ""
    """Why there are no processes although they were asked for."""
    executor: str | None = None
    """The word of what computes in their place."""

    detach: bool = False
    """Whether the points are sent, and not waited for."""

    @property
    def elsewhere(self) -> bool:
        """Whether the points are computed in other processes than pytest's."""
        return bool(self.count or self.executor)


def read_jobs(config: pytest.Config) -> Jobs:
    """Read the options that speak of jobs.

    Raises:
        pytest.UsageError: one makes no sense, or contradicts another.
    """
    count, executor = _count(config), _said(config, "sweep_executor")
    if executor is not None:
        _refuse_own(config, executor)
    memory, method, retries = _memory(config, count), _start_method(config), _retries(config)
    detach = _detach(config, executor)
    jobs = Jobs(count, _timeout(config), memory, method, retries, executor=executor, detach=detach)
    if not jobs.elsewhere:
        return jobs
    if distributes(config):
        _refuse_both(config)
        return _without(jobs, jobs.timeout, "-n runs the tests in processes of its own")
    if config.getoption("usepdb", default=False) or config.getoption("trace", default=False):
        return _without(jobs, None, "the debugger needs the points in this process")
    return jobs


def _detach(config: pytest.Config, executor: str | None) -> bool:
    detach: bool = config.getoption("sweep_detach")
    if detach and (executor is None or distributes(config)):
        message = "cannot use --sweep-detach: what computes ends with this process."
        raise pytest.UsageError(f"{message} Give --sweep-executor slurm, and no -n.")
    return detach


def _without(jobs: Jobs, timeout: float | None, why: str) -> Jobs:
    return Jobs(0, timeout, None, None, jobs.retries, why)


def distributes(config: pytest.Config) -> bool:
    """Whether pytest-xdist runs the tests, in whichever of its processes this is."""
    return hasattr(config, "workerinput") or bool(getattr(config.option, "numprocesses", None))


def _refuse_both(config: pytest.Config) -> None:
    for name in ("sweep_jobs", "sweep_executor"):
        if config.getoption(name) is None or hasattr(config, "workerinput"):
            continue
        option = f"--{name.replace('_', '-')}"
        message = f"cannot combine {option} with -n: both start processes for the tests. Use"
        remedy = f"one of the two: {option} computes points in processes and runs fixtures and"
        raise pytest.UsageError(f"{message} {remedy} checks in this one, -n runs all elsewhere.")


def _refuse_own(config: pytest.Config, executor: str) -> None:
    """Refuse what only processes of our own can do."""
    for name in ("sweep_memory", "sweep_start_method"):
        if config.getoption(name) is not None:
            option = f"--{name.replace('_', '-')}"
            message = f"cannot combine {option} with --sweep-executor {executor}: it is for the"
            remedy = "Configure the executor in [tool.expcache.executors] of pyproject.toml."
            raise pytest.UsageError(f"{message} processes of --sweep-jobs. {remedy}")


def jobs_lines(jobs: Jobs) -> list[str]:
    """Return the line that tells how points are computed, if it is not as ever."""
    if jobs.forgone:
        return [f"expcache: no jobs: {jobs.forgone}"]
    limits = [f"at most {jobs.timeout:g} s a point"] if jobs.timeout else []
    limits += [f"{jobs.retries} retries a point"] if jobs.retries else []
    limits += [f"{jobs.memory} of memory a point"] if jobs.memory else []
    if jobs.executor:
        count = f", jobs {jobs.count}" if jobs.count else ""
        limits.insert(0, f"executor {jobs.executor}{count}")
    elif jobs.count:
        limits.insert(0, f"jobs {_number(jobs.count)} ({jobs.start_method or _DEFAULT})")
    return [f"expcache: {', '.join(limits)}"] if limits else []


def _number(count: Count) -> int:
    if count != "auto":
        return count
    from expcache import LocalExecutor  # noqa: PLC0415 - imported by now: there are sweeps

    return LocalExecutor(count).jobs


def _said(config: pytest.Config, name: str) -> str | None:
    """Return what the command line says, else the ini file."""
    option: str | None = config.getoption(name)
    return option if option is not None else str(config.getini(name)).strip() or None


def _count(config: pytest.Config) -> Count:
    text = _said(config, "sweep_jobs")
    if text is None or text == "auto":
        return "auto" if text else 0
    if not text.isdecimal():
        _refuse(text, "sweep_jobs", "it is no number of processes", "Give 0, 1, 2, ... or auto.")
    return int(text)


def _timeout(config: pytest.Config) -> float | None:
    text = _said(config, "sweep_timeout")
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        _refuse(text, "sweep_timeout", "it is no number of seconds", "Give one such as 60 or 0.5.")
    return seconds


def _retries(config: pytest.Config) -> int | None:
    text = _said(config, "sweep_retries")
    if text is not None and not text.isdecimal():
        _refuse(text, "sweep_retries", "it is no number of attempts", "Give 0, 1, 2, ...")
    return None if text is None else int(text)


def _memory(config: pytest.Config, count: Count) -> str | None:
    text = _said(config, "sweep_memory")
    if text is None:
        return None
    if not _SIZE.fullmatch(text):
        _refuse(text, "sweep_memory", "it is no size", "Give one such as 500M or 2G.")
    if config.getoption("sweep_memory") is not None and not count:
        reason = "the limit is one of a process that computes points, and there is none"
        _refuse(text, "sweep_memory", reason, "Add --sweep-jobs N, or leave the limit out.")
    return text if count else None


def _start_method(config: pytest.Config) -> StartMethod | None:
    text = _said(config, "sweep_start_method")
    if text is not None and text not in START_METHODS:
        ways = ", ".join(START_METHODS)
        _refuse(
            text, "sweep_start_method", "it is no way to start processes", f"Give one of {ways}."
        )
    return text


def _refuse(text: str, name: str, reason: str, remedy: str) -> NoReturn:
    option = f"--{name.replace('_', '-')}"
    raise pytest.UsageError(f"cannot use {text!r} as {option}: {reason}. {remedy}")
