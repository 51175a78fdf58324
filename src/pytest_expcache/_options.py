"""What the command line and the ini file say about sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from pytest_expcache._jobs import START_METHODS, Jobs, read_jobs
from pytest_expcache._sample import SAMPLE, Sample, read_sample

__all__ = ["Options", "add_options", "options_of", "read_options"]

MEMORY = ":memory:"


class Options(NamedTuple):
    """The options of one session."""

    resume: bool
    skip_failed: bool
    refresh: bool
    status: bool
    explain: bool
    accept: bool
    accept_reason: str | None
    stale: Literal["recompute", "reuse", "error"] | None
    """What becomes of points that are stored for other code only; None where nothing is said."""
    store: str | None
    """Where the results are kept: an absolute path, ``:memory:``, or None for the default."""
    jobs: Jobs
    """How and for how long the points are computed."""
    audits: Sample
    """Which stored points are computed once more."""
    clean_git: bool | None
    """Whether sweeps run only while the code is committed; None: as the project says."""
    tags: tuple[str, ...]
    """What the records of computed points carry beside the tags of their experiment."""

    @property
    def shows(self) -> bool:
        """Whether the session only shows what is stored, and runs nothing."""
        return self.status or self.explain


_options = pytest.StashKey[Options]()


def add_options(parser: pytest.Parser) -> None:
    """Add the command-line options, in one group, and the ini names."""
    group = parser.getgroup("expcache", "sweeps of experiments (expcache)")
    group.addoption(
        "--sweep-resume",
        dest="sweep_resume",
        action="store_true",
        help="replay the points that have a result, without fixtures, then run the others",
    )
    group.addoption(
        "--sweep-skip-failed",
        dest="sweep_skip_failed",
        action="store_true",
        help="skip the points that failed in a previous run instead of trying them again",
    )
    group.addoption(
        "--sweep-refresh",
        dest="sweep_refresh",
        action="store_true",
        help="compute every selected point, also those that have a result, and replace it",
    )
    group.addoption(
        "--sweep-status",
        dest="sweep_status",
        action="store_true",
        help="show how many points of each selected sweep are done, and run nothing",
    )
    group.addoption(
        "--sweep-explain",
        dest="sweep_explain",
        action="store_true",
        help="tell why the selected points are stored or not, and run nothing",
    )
    group.addoption(
        "--sweep-accept",
        dest="sweep_accept",
        action="store_true",
        help="let stored results of older code count for the selected stale points",
    )
    group.addoption(
        "--sweep-require-clean-git",
        dest="sweep_require_clean_git",
        action="store_true",
        help="run no sweep while its code is not as in git's last commit",
    )
    group.addoption(
        "--sweep-detach",
        dest="sweep_detach",
        action="store_true",
        help="submit the selected points to an executor such as slurm, and end",
    )
    group.addoption(
        "--sweep-accept-reason",
        dest="sweep_accept_reason",
        metavar="TEXT",
        default=None,
        help="why --sweep-accept is right; kept with what is accepted",
    )
    group.addoption(
        "--sweep-store",
        dest="sweep_store",
        metavar="DIR",
        default=None,
        help="keep and look for results in this directory (ini: sweep_store)",
    )
    parser.addini(
        "sweep_store",
        help="the directory of results, relative to the ini file (option: --sweep-store)",
        default="",
    )
    for name, metavar, text in (_STALE, *_JOBS, *SAMPLE, _TAGS):
        option = f"--{name.replace('_', '-')}"
        group.addoption(
            option, dest=name, metavar=metavar, default=None, help=f"{text} (ini: {name})"
        )
        parser.addini(name, help=f"{text} (option: {option})", default="")


STALE: tuple[Literal["recompute", "reuse", "error"], ...] = ("recompute", "reuse", "error")
_STALE = (
    "sweep_stale",
    "|".join(STALE),
    "compute points anew that are stored for other code only, take those results, or fail",
)
_TAGS = ("sweep_tags", "WORD,...", "words that the records of points computed now carry")
_JOBS = (
    ("sweep_jobs", "N|auto", "compute points in this many processes at once; 0: in this one"),
    (
        "sweep_executor",
        "SPEC",
        "compute points by an engine: dask, slurm, ray, mpi, or a name of yours",
    ),
    ("sweep_timeout", "SECONDS", "end a point that takes longer than this; it has failed"),
    (
        "sweep_retries",
        "N",
        "try a point that fails up to N times again, after any failure and at once",
    ),
    ("sweep_memory", "SIZE", "memory that each point may take, such as 500M or 2G; needs jobs"),
    (
        "sweep_start_method",
        "|".join(START_METHODS),
        "how the processes of --sweep-jobs are started",
    ),
)


def options_of(config: pytest.Config) -> Options:
    """Return the options of a session, as they were read when it was configured."""
    return config.stash[_options]


def read_options(config: pytest.Config) -> Options:
    """Read the options of a session.

    Raises:
        pytest.UsageError: two options contradict each other, or one makes no sense.
    """
    options = Options(
        resume=config.getoption("sweep_resume"),
        skip_failed=config.getoption("sweep_skip_failed"),
        refresh=config.getoption("sweep_refresh"),
        status=config.getoption("sweep_status"),
        explain=config.getoption("sweep_explain"),
        accept=config.getoption("sweep_accept"),
        accept_reason=config.getoption("sweep_accept_reason"),
        stale=_stale(config),
        store=_store(config),
        jobs=read_jobs(config),
        audits=read_sample(config),
        clean_git=config.getoption("sweep_require_clean_git") or None,
        tags=_tags(config),
    )
    if options.refresh and options.resume:
        message = "cannot combine --sweep-refresh with --sweep-resume: one computes every point"
        remedy = "again, the other only those without a result. Leave one of them out."
        raise pytest.UsageError(f"{message} {remedy}")
    if options.accept:
        _check_accept(config, options)
    elif options.accept_reason is not None:
        message = "cannot use --sweep-accept-reason without --sweep-accept: nothing is accepted."
        raise pytest.UsageError(f"{message} Give both.")
    config.stash[_options] = options
    return options


def _check_accept(config: pytest.Config, options: Options) -> None:
    """Refuse what contradicts --sweep-accept."""
    distributed = getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput")
    reasons = {
        "-n": (distributed, "each process would accept for itself"),
        "--sweep-status": (options.status, "one changes what counts, the other only looks"),
        "--sweep-explain": (options.explain, "one changes what counts, the other only looks"),
        "--sweep-refresh": (options.refresh, "what is computed again needs no acceptance"),
    }
    for option, (given, reason) in reasons.items():
        if given:
            message = f"cannot combine --sweep-accept with {option}: {reason}."
            raise pytest.UsageError(f"{message} Leave one of them out.")


def _stale(config: pytest.Config) -> Literal["recompute", "reuse", "error"] | None:
    option: str | None = config.getoption("sweep_stale")
    if config.getoption("sweep_refresh") and option not in (None, "recompute"):
        message = "cannot combine --sweep-refresh with --sweep-stale: one computes every point,"
        remedy = "the other leaves the stale ones as they are. Leave one of them out."
        raise pytest.UsageError(f"{message} {remedy}")
    text = str(config.getini("sweep_stale")).strip() if option is None else option
    for word in STALE:
        if text == word:
            return word
    if option is None and not text:
        return None
    message = f"cannot use {text!r} as --sweep-stale: there is no such policy."
    raise pytest.UsageError(f"{message} Give one of {', '.join(STALE)}.")


def _tags(config: pytest.Config) -> tuple[str, ...]:
    option: str | None = config.getoption("sweep_tags")
    text = str(config.getini("sweep_tags")) if option is None else option
    return tuple(word for word in map(str.strip, text.split(",")) if word)


def _store(config: pytest.Config) -> str | None:
    option: str | None = config.getoption("sweep_store")
    if option is not None:
        return _absolute(option, config.invocation_params.dir)
    ini = str(config.getini("sweep_store"))
    home = config.rootpath if config.inipath is None else config.inipath.parent
    return _absolute(ini, home) if ini else None


def _absolute(text: str, home: Path) -> str:
    # An empty path would be the directory itself, which nobody means.
    if not text:
        message = "cannot use '' as --sweep-store: it names no directory."
        raise pytest.UsageError(f"{message} Give a path, or leave the option out.")
    return text if text == MEMORY else str(home / Path(text).expanduser())
