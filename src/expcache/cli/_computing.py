"""What the commands that compute have in common: their options, and what they tell at the end."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._ending import DONE, FAILED
from expcache.cli._points import named, params_of, points, store_of
from expcache.cli._preview import AGAIN, preview
from expcache.cli._table import Column
from expcache.cli._value import to_json
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._run import Run
    from expcache._sweep import Sweep

__all__ = ["apart", "compute", "computing", "limiting", "preview", "tagging"]

MODES = ("resume", "retry-failed", "overwrite")
_COLUMNS = (Column("id"), Column("params", least=12), Column("error", least=12))


def _jobs(ctx: click.Context, option: click.Parameter, text: str) -> int | str:
    """Return a number of worker processes, or the word `auto`."""
    if text == "auto":
        return text
    if not text.isdecimal() or not int(text):
        message = f"{text!r} is neither a number of processes nor 'auto'"
        raise click.BadParameter(message, ctx, option)
    return int(text)


_LIMITS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
        help="End a run that takes longer; it has failed.",
    ),
    click.option(
        "--retries", type=click.IntRange(min=0), metavar="N",
        help="Try a run that fails up to N times again.",
    ),
)  # fmt: skip
_MANY: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "-j", "--jobs", callback=_jobs, default="1", metavar="N|auto",
        help="Compute in so many processes at once; auto: one for each CPU.",
    ),
    click.option(
        "--executor", metavar="SPEC",
        help="Compute by an engine: dask, slurm, ray, mpi, or a name of pyproject.toml.",
    ),
    click.option(
        "--mode", type=click.Choice(MODES), default="resume",
        help="Compute what has neither a result nor failed (resume, the default), "
        "what has failed, too (retry-failed), or everything again (overwrite).",
    ),
    click.option("--dry-run", is_flag=True, help="Only tell what would be computed."),
    click.option(
        "--detach", is_flag=True,
        help="Send what is not stored to an engine that computes on by itself, such as slurm, "
        "and end; the same command without it goes on.",
    ),
)  # fmt: skip


tagging = click.option(
    "--tag", "tags", multiple=True, metavar="TAG",
    help="A word that the records of what is computed carry; may be repeated.",
)  # fmt: skip
"""Add the option that tags what is computed."""


def limiting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that limit each run."""
    for option in reversed(_LIMITS):
        function = option(function)
    return function


def computing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of computing many runs; the function gets those of `compute`."""

    @wraps(function)
    def call(*args: Any, **given: Any) -> Any:
        names = ("jobs", "executor", "mode", "dry_run", "detach", "timeout", "retries", "tags")
        return function(*args, options={name: given.pop(name) for name in names}, **given)

    for option in reversed((*_MANY, *_LIMITS, tagging)):
        call = option(call)
    return call


def compute(  # noqa: PLR0913 - each is an option of its own, by keyword
    view: View,
    sweep: Sweep[Any],
    *,
    jobs: Any,
    executor: str | None,
    mode: str,
    dry_run: bool,
    detach: bool,
    timeout: float | None,
    retries: int | None,
    tags: tuple[str, ...],
) -> int:
    """Compute a sweep and tell what came of it, or only what would be computed."""
    if dry_run:
        return preview(view, sweep, mode)
    with apart(view), _interruption(view, mode):
        runs = sweep.run(
            jobs=jobs,
            executor=executor,
            timeout=timeout,
            retries=retries,
            tags=tags,
            failed="keep" if mode == "resume" else "retry",
            refresh=mode == "overwrite",
            detach=detach,
        )
    failed = [run for run in runs if run.status == "failed"]
    if view.json:
        view.emit(_tree(sweep, runs))
    else:
        _print(view, sweep, runs, failed)
    return FAILED if failed else DONE


@contextmanager
def _interruption(view: View, mode: str) -> Iterator[None]:
    """Tell what an interruption leaves."""
    try:
        yield
    except KeyboardInterrupt:
        again = "--mode resume" if mode == "overwrite" else "the same command"
        view.note(f"Interrupted: what is done is stored, and {again} goes on from there.")
        raise


def apart(view: View) -> AbstractContextManager[object]:
    """Keep what runs print out of the JSON on standard output."""
    return redirect_stdout(sys.stderr) if view.json else nullcontext()


def _print(
    view: View, sweep: Sweep[Any], runs: Sequence[Run[Any]], failed: Sequence[Run[Any]]
) -> None:
    view.line(f"store {store_of(sweep)}")
    if failed:
        from expcache._outcome import brief  # noqa: PLC0415 - loaded already

        told = zip(failed, params_of(view, failed, sweep), strict=True)
        view.table(_COLUMNS, [[run.id[:8], params, brief(run.error)] for run, params in told])
    computed = sum(not run.cached for run in runs if run.status == "done")
    sent = sum(run.status in ("queued", "running") for run in runs)
    done = len(runs) - len(failed) - sent
    before = sum(bool(run.cached) for run in failed)
    view.line(
        f"{sweep.name}: {points(len(runs))}, {done} done ({computed} of them now), "
        f"{len(failed)} failed{f' ({before} of them before)' if before else ''}"
        f"{f', {sent} sent' if sent else ''}"
    )
    if failed:
        view.note(f"To see why: expcache log {failed[0].id[:8]}; {AGAIN}.")


def _tree(sweep: Sweep[Any], runs: Sequence[Run[Any]]) -> dict[str, Any]:
    statuses = Counter(run.status for run in runs)
    counts = {"points": len(runs), "done": statuses["done"], "failed": statuses["failed"]}
    counts |= {one: statuses[one] for one in ("queued", "running") if statuses[one]}
    counts["computed"] = sum(not run.cached for run in runs)
    told = [
        {
            "id": run.id,
            "status": run.status,
            "cached": bool(run.cached),
            "params": to_json(run.params),
            "runtime": run.runtime,
            "error": str(run.error) if run.status == "failed" else None,
        }
        for run in runs
    ]
    return {"store": store_of(sweep), **named(sweep), **counts, "runs": told}
