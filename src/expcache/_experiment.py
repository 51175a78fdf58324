"""``@experiment``: a function that remembers its results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, overload

from expcache._cell import compute_async
from expcache._definition import Definition, Options
from expcache._key import Identity
from expcache._outcome import Failure
from expcache._perform import Performer, warn_damaged
from expcache._query import id_of, is_failure, is_result, located_at
from expcache._record import read_value
from expcache._run import Run
from expcache._runset import RunSet
from expcache._space import Space
from expcache._sweep import Place, Sweep
from expcache.errors import CodeError, RecordError

__all__ = ["AsyncExperiment", "Experiment", "experiment"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
T = TypeVar("T")

_COROUTINE, _GENERATOR, _ASYNC_GENERATOR = 0x80, 0x20, 0x200


class Experiment(Generic[P, R]):
    """A function whose results are kept under the identity of its parameters and its code.

    Calling it returns the stored result, or computes it, stores it and returns it. Made by
    ``@experiment``.
    """

    __wrapped__: Callable[P, R]

    def __init__(
        self,
        definition: Definition,
        fixed: Mapping[str, Any] | None = None,
    ) -> None:
        """Wrap a definition; users write ``@experiment``."""
        function = definition.function
        self._definition = definition
        self._performer = Performer(definition, fixed or {}, is_async=_is_async(function))
        self._fixed = fixed or {}
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", definition.name)
        self.__qualname__ = getattr(function, "__qualname__", definition.name)
        self.__module__ = getattr(function, "__module__", "__main__")
        self.__doc__ = function.__doc__

    def __repr__(self) -> str:
        """Show the name."""
        return f"<Experiment {self.name}>"

    @overload
    def __get__(self, instance: None, owner: type) -> Experiment[P, R]: ...

    @overload
    def __get__(
        self: Experiment[Concatenate[T, Q], R], instance: T, owner: type
    ) -> Experiment[Q, R]: ...

    def __get__(self, instance: Any, owner: type) -> Any:
        """As a method, make the instance a parameter like any other."""
        if instance is None:
            return self
        name = self._definition.key.signature.names[0]
        return type(self)(self._definition, {name: instance})

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the result for these arguments, computed only if it is not stored.

        Raises:
            ParameterError: the arguments do not fit the function.
            IdentityError: an argument has no canonical form.
            Exception: whatever the function raises; the failure is stored, and the next call
                tries again.
        """
        __tracebackhide__ = True
        definition = self._definition
        params = definition.bind(args, kwargs, self._fixed)
        identity = definition.key.identify(params)
        found = self._recall(definition, identity)
        return found[0] if found else self._compute(params, identity)

    def _recall(self, definition: Definition, identity: Identity) -> tuple[R] | None:
        store = definition.store
        definition.attach(store)
        key = f"{identity.id}-{definition.code}"
        envelope = store.get(definition.name, key)
        if envelope is None:
            return None

        def fetch(part: str, size: int, digest: str) -> Any:
            return store.fetch(definition.name, part, size, digest)

        try:
            trust = store.trusted
            value = read_value(envelope, preimage=identity.preimage, fetch=fetch, trust=trust)
        except RecordError as error:
            warn_damaged(key, error)
            return None
        return (value,)

    def _compute(self, params: Mapping[str, Any], identity: Identity) -> R:
        __tracebackhide__ = True
        run, performer = self._handle(params, identity), self._performer
        if self._definition.declared and (found := performer.recall(run)) is not None:
            stored: R = found.result
            return stored
        pending = performer.keep(run, performer.perform(performer.cell(run)))
        pending.finish()
        value: R = pending.outcome.unwrap()
        return value

    def _handle(self, params: Mapping[str, Any], identity: Identity) -> Run[R]:
        return Run(
            self._definition.store,
            self._definition.name,
            identity.id,
            params=params,
            preimage=identity.preimage,
            origin=self._performer,
        )

    @property
    def name(self) -> str:
        """The name that ids and the store know the experiment by."""
        return self._definition.name

    @property
    def code(self) -> str:
        """The fingerprint of the code as it is now, 32 hex digits."""
        return self._definition.code

    def id(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """Return the id of the run for these arguments, 32 hex digits; nothing is computed."""
        return self._definition.key.identify(self._performer.bind(args, kwargs)).id

    def run(self, *args: P.args, **kwargs: P.kwargs) -> Run[R]:
        """Return the run for these arguments, computed if it is not stored.

        A failing function makes a failed run, not an exception.
        """
        return self._performer.handle(self._performer.bind(args, kwargs)).compute()

    def find(self, *args: P.args, **kwargs: P.kwargs) -> Run[R] | None:
        """Return the run for these arguments if anything is stored of it, and never compute."""
        run: Run[R] = self._performer.handle(self._performer.bind(args, kwargs))
        return None if run.status == "missing" else run

    def runs(self) -> RunSet[R]:
        """Return all stored runs of this experiment, each with its newest record."""
        store = self._definition.store
        newest: dict[str, str] = {}
        for key in store.keys(self.name):
            if is_result(key) or (is_failure(key) and id_of(key) not in newest):
                newest[id_of(key)] = key
        return RunSet(
            Run(store, self.name, run_id, located=located_at(key), index=index)
            for index, (run_id, key) in enumerate(newest.items())
        )

    def sweep(self, space: Space, name: str | None = None) -> Sweep[R]:
        """Return a sweep of this experiment over a space.

        Args:
            space: the points; each gives values for some or all parameters.
            name: the sweep's name; by default that of the variable it is assigned to.
        """
        place = Place(sys._getframe(1))  # noqa: SLF001 - as inspect.currentframe, without inspect
        return Sweep(self, self._performer, space, name, place)


class AsyncExperiment(Experiment[P, R]):
    """An experiment whose function is a coroutine function; calling it gives an awaitable."""

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # type: ignore[override]
        """Return the stored result, or await the function in the caller's event loop."""
        __tracebackhide__ = True
        params = self._definition.bind(args, kwargs, self._fixed)
        identity = self._definition.key.identify(params)
        found = self._recall(self._definition, identity)
        if found:
            return found[0]
        run, performer = self._handle(params, identity), self._performer
        if self._definition.declared and (stored := performer.recall(run)) is not None:
            return stored.result
        pending = performer.keep(run, await compute_async(performer.cell(run)))
        pending.finish()
        value: R = pending.outcome.unwrap()
        return value


def _is_async(function: Callable[..., Any]) -> bool:
    return bool(_flags(function) & _COROUTINE)


def _flags(function: Callable[..., Any]) -> int:
    code = getattr(function, "__code__", None)
    return 0 if code is None else code.co_flags


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
    depends: Sequence[object] = (),
    ignore: str | Collection[str] = (),
    key: Callable[..., Mapping[str, Any]] | None = None,
    save: bool = True,
    tags: str | Sequence[str] = (),
) -> _Decorator: ...


def experiment(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    version: str | int | None = None,
    code: Literal["follow", "ignore"] = "follow",
    depends: Sequence[object] = (),
    ignore: str | Collection[str] = (),
    key: Callable[..., Mapping[str, Any]] | None = None,
    save: bool = True,
    tags: str | Sequence[str] = (),
) -> Any:
    """Make a function an experiment: its results are kept, and never computed twice.

    Use it bare, ``@experiment``, or with options, ``@experiment(ignore=["n_jobs"])``.

    Args:
        fn: the function, a method of a dataclass, or a coroutine function.
        name: what ids and the store know it by; by default ``<module stem>.<qualname>``.
        version: replaces the fingerprint of the code: results hold until you change it.
        code: ``"follow"`` makes a result depend on the function's code and on the project
            code that it reaches; ``"ignore"`` makes it depend on the parameters alone.
        depends: what the results depend on besides: modules, functions, ``File``, or the
            name of an installed distribution.
        ignore: parameters that do not change the result; recorded, but not part of the id.
        key: called with the params, returns the mapping that is hashed in their place.
        save: False keeps results in this process only.
        tags: words that each record carries.

    Raises:
        CodeError: the function has no source, or is a lambda, or is a generator function.
    """
    options = Options(
        name=name,
        version=None if version is None else str(version),
        code=_checked(code),
        depends=tuple(depends),
        ignore=(ignore,) if isinstance(ignore, str) else tuple(ignore),
        key=key,
        save=save,
        tags=(tags,) if isinstance(tags, str) else tuple(tags),
    )
    decorator = _Decorator(options)
    return decorator if fn is None else decorator(fn)


class _Decorator:
    """What ``@experiment(...)`` with options applies to the function."""

    def __init__(self, options: Options) -> None:
        self._options = options

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncExperiment[P, R]: ...

    @overload
    def __call__(self, fn: Callable[P, R], /) -> Experiment[P, R]: ...

    def __call__(self, fn: Callable[..., Any], /) -> Any:
        _refuse_unfit(fn)
        kind = AsyncExperiment if _is_async(fn) else Experiment
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
    message = f"cannot make an experiment of {fn!r}: {reason}. {remedy}"
    raise CodeError(message, function=getattr(fn, "__qualname__", repr(fn)))


def _checked(code: Any) -> Literal["follow", "ignore"]:
    if code not in ("follow", "ignore"):
        message = f"cannot make an experiment with code={code!r}: no such policy."
        raise ValueError(f"{message} Use 'follow' or 'ignore'.")
    return code  # type: ignore[no-any-return]
