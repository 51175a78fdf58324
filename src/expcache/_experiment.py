"""A function that remembers its results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from expcache._place import Place
from expcache._query import id_of, is_failure, is_result, located_at
from expcache._record import read_value
from expcache._run import Run
from expcache._runset import RunSet
from expcache._space import Space, points
from expcache._sweep import Sweep
from expcache._upkeep import Upkeep
from expcache._warning import warn_unreadable
from expcache.errors import RecordError, RecordFormatError, TrustError

if TYPE_CHECKING:
    from expcache._audit import CodeRuns
    from expcache._definition import Definition
    from expcache._explanation import Explanation
    from expcache._key import Identity
    from expcache._perform import Performer

__all__ = ["Experiment", "result_of"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
T = TypeVar("T")


class Experiment(Upkeep, Generic[P, R]):
    """A function whose results are kept under the identity of its parameters and its code.

    Calling it returns the stored result, or computes it, stores it and returns it. Made by
    ``@experiment``.
    """

    __wrapped__: Callable[P, R]

    _is_async = False

    def __init__(self, definition: Definition, fixed: Mapping[str, Any] | None = None) -> None:
        """Wrap a definition; users write ``@experiment``."""
        function = definition.function
        self._definition = definition
        self._fixed = fixed or {}
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", definition.name)
        self.__qualname__ = getattr(function, "__qualname__", definition.name)
        self.__module__ = getattr(function, "__module__", "__main__")
        self.__doc__ = function.__doc__

    def __repr__(self) -> str:
        """Show the name."""
        return f"<Experiment {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickle as a function is: by the name that it has in its module."""
        if not self._fixed:
            from expcache._cell import fetch, path_to  # noqa: PLC0415 - only to travel

            path = path_to(self)
            if path is None:  # as in a worker that was sent it, or inside of a function
                return self.__expcache_by_value__()
            return (fetch, path) if path[2] else self.__qualname__
        (instance,) = self._fixed.values()
        return getattr, (instance, self.__name__)

    def __expcache_by_value__(self) -> tuple[Any, ...]:
        """Pickle with the function, for a process that cannot import its module."""
        return type(self), (self._definition, dict(self._fixed))

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
        return type(self)(self._definition.of_class(type(instance)), {name: instance})

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
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

    @cached_property
    def _performer(self) -> Performer:
        from expcache._completion import compute_within  # noqa: PLC0415 - as below
        from expcache._perform import Performer  # noqa: PLC0415 - 15 ms that a hit needs not

        return Performer(self._definition, self._fixed, compute_within, is_async=self._is_async)

    def _recall(self, definition: Definition, identity: Identity) -> tuple[R] | None:
        store = definition.store
        definition.attach(store)
        key = f"{identity.id}-{definition.code_with(identity.classes)}"
        envelope = store.get(definition.name, key)
        if envelope is None:
            return None

        def fetch(part: str, size: int, digest: str) -> Any:
            return store.fetch(definition.name, part, size, digest)

        try:
            trust = store.trusted
            value = read_value(envelope, preimage=identity.preimage, fetch=fetch, trust=trust)
        except RecordFormatError:
            raise  # no damage: computing it again would replace what a newer version wrote
        except (RecordError, TrustError) as error:
            warn_unreadable(key, error)
            return None
        return (value,)

    def _compute(self, params: Mapping[str, Any], identity: Identity) -> R:
        __tracebackhide__ = True
        performer = self._performer
        run: Run[R] = performer.handle(params, identity=identity)
        if self._definition.options.timeout is not None or performer.is_away(run):
            return result_of(run.compute())
        if (performer.recall_older(run) or performer.reuse(run)) is not None:
            return result_of(run)
        from expcache._perform import claimed  # noqa: PLC0415 - as above

        claim = claimed(performer, run)
        if isinstance(claim, Run):
            return result_of(run)
        value: R = performer.begin(run, claim).unwrap()
        return value

    @property
    def name(self) -> str:
        """The name that ids and the store know the experiment by."""
        return self._definition.name

    @property
    def code(self) -> str:
        """The fingerprint of the code as it is now, 32 hex digits."""
        return self._definition.code

    def id(self, /, *args: P.args, **kwargs: P.kwargs) -> str:
        """Return the id of the run for these arguments, 32 hex digits; nothing is computed."""
        # Not by the performer: an id needs nothing of what computes.
        definition = self._definition
        return definition.key.identify(definition.bind(args, kwargs, self._fixed)).id

    def run(self, /, *args: P.args, **kwargs: P.kwargs) -> Run[R]:
        """Return the run for these arguments, computed if it is not stored.

        A failing function makes a failed run, not an exception.
        """
        return self._performer.handle(self._performer.bind(args, kwargs)).compute()

    def find(self, /, *args: P.args, **kwargs: P.kwargs) -> Run[R] | None:
        """Return the run for these arguments if anything is stored of it, and never compute."""
        run: Run[R] = self._performer.handle(self._performer.bind(args, kwargs))
        return None if run.status == "missing" else run

    def explain(self, /, *args: P.args, **kwargs: P.kwargs) -> Explanation:
        """Return why a call with these arguments would be a hit or a miss; nothing is computed."""
        run: Run[R] = self._performer.handle(self._performer.bind(args, kwargs))
        return run.explain()

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

    def codes(self) -> list[CodeRuns]:
        """Return the codes that stored results were computed with, by their first results.

        Of each: its fingerprint, how many results it has, when the first and the last had ended,
        and whether it is the present one: after an edit was undone, that may be any of them.
        """
        from expcache._audit import codes_of  # noqa: PLC0415 - nothing else needs it

        return codes_of(self._definition.store, self.name, self.code)

    def sweep(
        self, space: Space | Iterable[Mapping[str, Any]], name: str | None = None
    ) -> Sweep[R]:
        """Return a sweep of this experiment over a space.

        Args:
            space: the points, a space or any mappings; each gives values for some or all
                parameters.
            name: the sweep's name; by default that of the variable it is assigned to.
        """
        place = Place(sys._getframe(1))  # noqa: SLF001 - as inspect.currentframe, without inspect
        over = space if isinstance(space, Space) else points(space)
        return Sweep(self, self._performer, over, name, place)


def result_of(run: Run[R]) -> R:
    """Return a run's result, or raise what its function raised."""
    __tracebackhide__ = True
    run._wanted = True  # noqa: SLF001 - whatever becomes of its record until it is read
    error = run.error
    if error is not None and error.exception is not None:
        from expcache._retries import note_attempts  # noqa: PLC0415 - only for failures

        note_attempts(error.exception, run.retried)
        raise error.exception
    return run.result
