"""``@experiment``: make a function remember its results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, overload

from expcache._async_experiment import AsyncExperiment
from expcache._experiment import Experiment
from expcache.errors import CodeError

if TYPE_CHECKING:
    from expcache._definition import Options
    from expcache._retries import Retries

__all__ = ["experiment", "options_of"]

P = ParamSpec("P")
R = TypeVar("R")

_COROUTINE, _GENERATOR, _ASYNC_GENERATOR = 0x80, 0x20, 0x200
"""Flags of code objects, as ``inspect`` names them."""


@overload
def experiment(fn: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncExperiment[P, R]: ...


@overload
def experiment(fn: Callable[P, R], /) -> Experiment[P, R]: ...


@overload
def experiment(
    fn: None = None,
    /,
    *,
    name: str | None = None,
    version: str | int | None = None,
    code: Literal["follow", "ignore"] = "follow",
    depends: object = (),
    ignore: str | Collection[str] = (),
    key: Callable[..., Mapping[str, Any]] | None = None,
    save: bool = True,
    tags: str | Sequence[str] = (),
    timeout: float | None = None,
    retries: int | Retries | None = None,
    resources: Mapping[str, Any] | None = None,
) -> _Decorator: ...


def experiment(  # noqa: PLR0913 - each is an option of its own, by keyword
    fn: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    version: str | int | None = None,
    code: Literal["follow", "ignore"] = "follow",
    depends: object = (),
    ignore: str | Collection[str] = (),
    key: Callable[..., Mapping[str, Any]] | None = None,
    save: bool = True,
    tags: str | Sequence[str] = (),
    timeout: float | None = None,
    retries: int | Retries | None = None,
    resources: Mapping[str, Any] | None = None,
) -> Any:
    """Make a function an experiment: its results are kept, and never computed twice.

    Use it bare, ``@experiment``, or with options, ``@experiment(ignore=["n_jobs"])``.

    Args:
        fn: the function, a method of a dataclass, or a coroutine function.
        name: what ids and the store know it by; by default ``<module stem>.<qualname>``.
        version: replaces the fingerprint of the code: results hold until you change it.
        code: ``"follow"`` makes a result depend on the function's code and on the project
            code that it reaches; ``"ignore"`` makes it depend on the parameters alone.
        depends: what the results depend on besides, one or several: modules, functions,
            ``File``, or the name of an installed distribution.
        ignore: parameters that do not change the result; recorded, but not part of the id.
        key: called with the params, returns the mapping that is hashed in their place.
        save: False keeps results in this process only.
        tags: words that each record carries.
        timeout: how long a run may take, in seconds. Runs are then computed in worker processes,
            single calls too; one that takes longer is ended and fails.
        retries: how often a run that fails is tried again before it counts as failed, or
            ``Retries(...)`` to say after which exceptions, and after which pauses.
        resources: what a run asks of an engine such as Slurm, Dask or Ray, in the engine's own
            words; in place of what ``[tool.expcache.executors]`` says. No part of the id.

    Raises:
        CodeError: the function has no source, or is a lambda, or is a generator function.
    """
    options = options_of(
        name=name, version=version, code=code, depends=depends, ignore=ignore, key=key,
        save=save, tags=tags, timeout=timeout, retries=retries, resources=resources,
    )  # fmt: skip
    decorator = _Decorator(options)
    return decorator if fn is None else decorator(fn)


def options_of(  # noqa: PLR0913 - as above
    *,
    name: str | None = None,
    version: str | int | None = None,
    code: Literal["follow", "ignore"] = "follow",
    depends: object = (),
    ignore: str | Collection[str] = (),
    key: Callable[..., Mapping[str, Any]] | None = None,
    save: bool = True,
    tags: str | Sequence[str] = (),
    timeout: float | None = None,
    retries: int | Retries | None = None,
    resources: Mapping[str, Any] | None = None,
) -> Options:
    """Return the options that a user gave, checked."""
    from expcache._definition import Options  # noqa: PLC0415 - 20 ms that loading needs not

    return Options(
        name=name,
        version=None if version is None else str(version),
        code=_checked(code),
        depends=_several(depends),
        ignore=(ignore,) if isinstance(ignore, str) else tuple(ignore),
        key=key,
        save=save,
        tags=(tags,) if isinstance(tags, str) else tuple(tags),
        timeout=_checked_limit(timeout),
        retries=_checked_retries(retries),
        resources=_checked_resources(resources),
    )


class _Decorator:
    """What ``@experiment(...)`` with options applies to the function."""

    def __init__(self, options: Options) -> None:
        self._options = options

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncExperiment[P, R]: ...

    @overload
    def __call__(self, fn: Callable[P, R], /) -> Experiment[P, R]: ...

    def __call__(self, fn: Callable[..., Any], /) -> Any:
        from expcache._definition import Definition  # noqa: PLC0415 - as above

        _refuse_unfit(fn)
        kind = AsyncExperiment if _flags(fn) & _COROUTINE else Experiment
        return kind(Definition(fn, self._options))


def _refuse_unfit(fn: object) -> None:
    remedy = "Decorate a function."
    if isinstance(fn, (staticmethod, classmethod)):
        kind = type(fn).__name__
        reason, remedy = f"it is a {kind}", f"Put @{kind} above @experiment."
    elif isinstance(fn, type):
        reason, remedy = "it is a class", "Decorate a method of it."
    elif isinstance(fn, Experiment):
        reason, remedy = "it is an experiment already", "Decorate it once."
    elif not callable(fn):
        reason = "it is not callable"
    elif _flags(fn) & (_GENERATOR | _ASYNC_GENERATOR):
        reason, remedy = "a generator can be read only once", "Return a list instead of yielding."
    else:
        return
    name = getattr(fn, "__qualname__", None)
    shown = repr(fn) if name is None or isinstance(fn, type) else repr(name)
    message = f"cannot make an experiment of {shown}: {reason}. {remedy}"
    raise CodeError(message, function=name or shown)


def _several(depends: object) -> tuple[object, ...]:
    """Return what was named, one by one: a word or a class is one, whatever it is made of."""
    if isinstance(depends, (str, bytes, type)) or not isinstance(depends, Iterable):
        return (depends,)
    return tuple(depends)


def _checked(code: Any) -> Literal["follow", "ignore"]:
    if code not in ("follow", "ignore"):
        message = f"cannot make an experiment with code={code!r}: no such policy."
        raise ValueError(f"{message} Use 'follow' or 'ignore'.")
    return code  # type: ignore[no-any-return]


def _checked_limit(timeout: float | None) -> float | None:
    numeric = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if timeout is not None and not (numeric and timeout > 0):
        message = f"cannot make an experiment with timeout={timeout!r}: it is no positive number"
        raise ValueError(f"{message} of seconds. Leave it out for no limit.")
    return timeout


def _checked_retries(retries: int | Retries | None) -> Retries | None:
    if retries is None:
        return None
    from expcache._retries import retries_from  # noqa: PLC0415 - few experiments have any

    return retries_from(retries, what="make an experiment")


def _checked_resources(resources: Mapping[str, Any] | None) -> dict[str, Any]:
    named = isinstance(resources, Mapping) and all(isinstance(name, str) for name in resources)
    if resources is not None and not named:
        message = f"cannot make an experiment with resources={resources!r}: they have no names."
        raise ValueError(f'{message} Give a dictionary such as {{"cpus": 4}}.')
    return dict(resources or {})


def _flags(function: object) -> int:
    code = getattr(function, "__code__", None)
    return 0 if code is None else int(code.co_flags)
