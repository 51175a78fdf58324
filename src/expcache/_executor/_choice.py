"""Which executor computes: the one that was given or named, or worker processes of our own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NoReturn

from expcache._executor._configured import configured
from expcache._executor._futures import FuturesExecutor
from expcache._executor._kinds import KINDS, kind_of, libraries_of, make, wrap
from expcache._executor._local import LocalExecutor
from expcache._executor._protocol import Executor
from expcache.errors import ExecutorError

__all__ = ["executor", "executor_for"]

GROUP = "expcache.executors"

_REMOTE = frozenset({"executorlib", "mpi4py", "parsl"})
"""Libraries whose pools of `concurrent.futures` may compute on other machines."""


def executor(
    spec: str, /, *, jobs: Any = None, start: str | os.PathLike[str] | None = None, **options: Any
) -> Executor:
    """Return a new executor by its word, for ``executor=`` of several calls; close it yourself.

    Args:
        spec: ``"local"``, ``"dask"``, ``"slurm"``, ``"ray"``, ``"mpi"``, a name of
            ``[tool.expcache.executors]`` in ``pyproject.toml``, or one that an installed package
            offers; after a colon, an address: ``"dask:tcp://host:8786"``.
        jobs: how many runs to compute at a time; None: as the executor thinks fit.
        start: where to look for ``pyproject.toml``, and above; None: the working directory.
        options: of the executor, in place of what the project has configured.

    Raises:
        ExecutorError: there is none of this name, it lacks a library, or has no such option.
    """
    word, colon, address = spec.partition(":")
    given = {**options, **({"address": address} if colon else {})}
    if jobs is not None:
        given["jobs"] = jobs
    tables = configured(os.getcwd() if start is None else os.fspath(start))  # noqa: PTH109 - text
    table = dict(tables.get(word, {}))
    kind = table.pop("kind", word)
    if kind in KINDS:
        return make(kind, spec, {**table, **given})
    return _offered(kind, spec, {**table, **given}, tables)


def executor_for(jobs: Any, given: Any) -> Executor:
    """Return an executor: the given one, wrapped where needed, else a new one for `jobs`.

    Raises:
        ExecutorError: the thing given is no executor, or there is none of this name.
    """
    if given is None:
        return LocalExecutor(jobs)
    if isinstance(given, str):
        # The number 1 is what nobody has to say; it is no wish.
        return executor(given, jobs=None if jobs == 1 and jobs is not True else jobs)
    if isinstance(given, Executor):
        return given
    return _wrapped(given)


def _wrapped(thing: Any, *, shutdown: bool = False) -> Executor:
    word = kind_of(thing)
    if word is not None and not isinstance(thing, type):
        return wrap(word, thing)
    if callable(getattr(thing, "submit", None)) and callable(getattr(thing, "map", None)):
        elsewhere = not _REMOTE.isdisjoint(libraries_of(thing))
        return FuturesExecutor(thing, elsewhere=elsewhere, shutdown=shutdown)
    raise ExecutorError(
        f"cannot compute with {thing!r}: it is no executor. "
        "Give an expcache.LocalExecutor or a concurrent.futures.Executor."
    )


def _offered(word: str, spec: str, options: dict[str, Any], tables: Mapping[str, Any]) -> Executor:
    """Return an executor that an installed package offers."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and rarely needed

    offers = {one.name: one for one in entry_points(group=GROUP)}
    if word not in offers:
        _refuse(spec, word, [*KINDS, *tables, *offers])
    try:
        made = offers[word].load()(**options)
    except Exception as error:
        reason = f"{offers[word].value} raised {type(error).__name__}: {error}"
        message = f"cannot compute with executor {spec!r}: {reason}."
        raise ExecutorError(f"{message} See what its package says.") from error
    return made if isinstance(made, Executor) else _wrapped(made, shutdown=True)


def _refuse(spec: str, word: str, known: list[str]) -> NoReturn:
    near = get_close_matches(word, known, 1)
    remedy = f"Do you mean {near[0]!r}? " if near else ""
    names = ", ".join(map(repr, dict.fromkeys(known)))
    message = f"cannot compute with executor {spec!r}: there is none of the name {word!r}."
    raise ExecutorError(f"{message} {remedy}There are {names}.")
