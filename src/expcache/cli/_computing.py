"""What the commands that compute have in common: their options, and what they tell at the end."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from expcache.cli._ending import DONE, FAILED
from expcache.cli._table import Column
from expcache.cli._value import params_lines, to_json
from expcache.cli._view import View

if TYPE_CHECKING:
    from expcache._run import Run
    from expcache._sweep import Sweep

__all__ = ["apart", "compute", "computing", "limiting", "preview", "tagging"]

MODES = ("resume", "retry-failed", "overwrite")
_COLUMNS = (Column("id"), Column("params", least=12), Column("error", least=12))
_AGAIN = "--mode retry-failed tries again"
_PLANNED = (Column("id"), Column("status"), Column("would", rank=1), Column("params", least=12))


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
        "--mode", type=click.Choice(MODES), default="resume",
        help="Compute what has neither a result nor failed (resume, the default), "
        "what has failed, too (retry-failed), or everything again (overwrite).",
    ),
    click.option("--dry-run", is_flag=True, help="Only tell what would be computed."),
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
        names = ("jobs", "mode", "dry_run", "timeout", "retries", "tags")
        return function(*args, options={name: given.pop(name) for name in names}, **given)

    for option in reversed((*_MANY, *_LIMITS, tagging)):
        call = option(call)
    return call


def compute(  # noqa: PLR0913 - each is an option of its own, by keyword
    view: View,
    sweep: Sweep[Any],
    *,
    jobs: Any,
    mode: str,
    dry_run: bool,
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
            timeout=timeout,
            retries=retries,
            tags=tags,
            failed="keep" if mode == "resume" else "retry",
            refresh=mode == "overwrite",
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
    view.line(f"store {_store_of(sweep)}")
    if failed:
        from expcache._outcome import brief  # noqa: PLC0415 - loaded already

        told = zip(failed, _params(view, failed, sweep), strict=True)
        view.table(_COLUMNS, [[run.id[:8], params, brief(run.error)] for run, params in told])
    computed = sum(not run.cached for run in runs if run.status == "done")
    done = len(runs) - len(failed)
    before = sum(bool(run.cached) for run in failed)
    view.line(
        f"{sweep.name}: {_points(len(runs))}, {done} done ({computed} of them now), "
        f"{len(failed)} failed{f' ({before} of them before)' if before else ''}"
    )
    if failed:
        view.note(f"To see why: expcache log {failed[0].id[:8]}; {_AGAIN}.")


def _points(count: int) -> str:
    return f"{count} point{'' if count == 1 else 's'}"


def _params(view: View, runs: Iterable[Run[Any]], sweep: Sweep[Any]) -> list[str]:
    """Return the params that count of each run in a line; of lines of a runfile, the lines."""
    ignored = sweep.experiment._definition.options.ignore  # noqa: SLF001 - not shown
    shown = [{n: value for n, value in run.params.items() if n not in ignored} for run in runs]
    if all(tuple(one) == ("line",) for one in shown):
        return [str(one["line"]) for one in shown]
    return params_lines(shown, view.width)


def _store_of(sweep: Sweep[Any]) -> str:
    return str(sweep.experiment._definition.store.path)  # noqa: SLF001 - shown, not used


def _tree(sweep: Sweep[Any], runs: Sequence[Run[Any]]) -> dict[str, Any]:
    statuses = Counter(run.status for run in runs)
    counts = {"points": len(runs), "done": statuses["done"], "failed": statuses["failed"]}
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
    return {"store": _store_of(sweep), **_named(sweep), **counts, "runs": told}


def _named(sweep: Sweep[Any]) -> dict[str, Any]:
    return {"sweep": sweep.name, "experiment": sweep.experiment.name}


def preview(view: View, sweep: Sweep[Any], mode: str) -> int:
    """Tell what would be computed; nothing is computed or written."""
    spared = {"resume": ("done", "failed"), "retry-failed": ("done",), "overwrite": ()}[mode]
    statuses = sweep.plan().statuses
    would = [status not in spared for status in statuses]
    rows = list(zip(sweep, statuses, would, strict=True))
    if view.json:
        told = [
            {"id": run.id, "status": status, "runs": runs, "params": to_json(run.params)}
            for run, status, runs in rows
        ]
        counts = {"points": len(rows), "would_run": sum(would)}
        view.emit({"store": _store_of(sweep), **_named(sweep), **counts, "runs": told})
        return DONE
    view.line(f"store {_store_of(sweep)}")
    lines = _params(view, sweep, sweep)
    view.table(
        _PLANNED,
        [
            [run.id[:8], status, "run" if runs else "skip", line]
            for (run, status, runs), line in zip(rows, lines, strict=True)
        ],
    )
    _print_counts(view, sweep.name, list(zip(statuses, would, strict=True)))
    return DONE


def _print_counts(view: View, name: str, planned: list[tuple[Any, bool]]) -> None:
    run = Counter(status for status, runs in planned if runs)
    skip = Counter(status for status, runs in planned if not runs)
    counts = f"{_counted(run, 'would run')}, {_counted(skip, 'would not')}"
    view.line(f"{name}: {_points(len(planned))}, {counts}")
    if skip["failed"]:
        view.note(f"What failed is not tried again; {_AGAIN}.")


def _counted(statuses: Counter[Any], word: str) -> str:
    """Return how many points would, or would not, be computed, and what they are."""
    parts = [f"{count} {status}" for status, count in statuses.most_common()]
    told = f" ({', '.join(parts)})" if parts else ""
    return f"{statuses.total()} {word}{told}"
