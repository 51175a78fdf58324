"""The engines that are known by a word, each with an adapter of its own, imported when used."""

from __future__ import annotations

from importlib import import_module
from inspect import Parameter, signature
from typing import Any, Final, NamedTuple

from expcache._executor._protocol import Executor
from expcache.errors import ExecutorError

__all__ = ["KINDS", "kind_of", "libraries_of", "make", "wrap"]


class Kind(NamedTuple):
    """Where an adapter is, and what it needs."""

    module: str
    """Has ``make(**options)``, and ``wrap(thing)`` where there is something to wrap."""
    extra: str
    """What to install of this package; "" for nothing."""
    libraries: tuple[str, ...]
    """What the adapter imports; objects of their classes are its to wrap."""


KINDS: Final = {
    "local": Kind("_here", "", ()),
    "dask": Kind("_dask", "dask", ("distributed", "dask")),
    "slurm": Kind("_slurm", "slurm", ("submitit",)),
    "ray": Kind("_ray", "ray", ("ray",)),
    "mpi": Kind("_mpi", "mpi", ("mpi4py",)),
}


def kind_of(thing: object) -> str | None:
    """Return the word of the engine that an object belongs to, by the modules of its classes."""
    tops = libraries_of(thing)
    return next((word for word, kind in KINDS.items() if tops.intersection(kind.libraries)), None)


def libraries_of(thing: object) -> set[str]:
    """Return the names of the libraries that the classes of an object come from."""
    return {kind.__module__.partition(".")[0] for kind in type(thing).__mro__}


def make(word: str, name: str, options: dict[str, Any]) -> Executor:
    """Return a new executor of a kind.

    Args:
        word: the kind.
        name: what the user has written.
        options: of the adapter, by keyword.

    Raises:
        ExecutorError: a library is missing, or the adapter has no such option.
    """
    build = _adapter(word, name).make
    parameters = signature(build).parameters.values()
    known = [one.name for one in parameters if one.kind is not Parameter.VAR_KEYWORD]
    unknown = [option for option in options if option not in known]
    if unknown and len(known) == len(parameters):
        message = f"cannot compute with executor {name!r}: {word} has no option {unknown[0]!r}."
        raise ExecutorError(f"{message} Its options are {', '.join(map(repr, known))}.")
    made: Executor = _made(word, name, lambda: build(**options))
    return made


def wrap(word: str, thing: Any) -> Executor:
    """Return an executor of ours that computes with somebody else's.

    Raises:
        ExecutorError: a library is missing, or the thing cannot compute.
    """
    name = f"a {type(thing).__name__}"
    adapter = _adapter(word, name)
    made: Executor = _made(word, name, lambda: adapter.wrap(thing))
    return made


def _adapter(word: str, name: str) -> Any:
    return _made(word, name, lambda: import_module(f"expcache._executor.{KINDS[word].module}"))


def _made(word: str, name: str, build: Any) -> Any:
    kind = KINDS[word]
    try:
        return build()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in kind.libraries:
            raise
        message = f"cannot compute with executor {name!r}: {error.name} is not installed."
        raise ExecutorError(f'{message} Install "expcache[{kind.extra}]".') from error
