"""An experiment over a space: planned, run, exported, and collected by pytest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from expcache._lookup import Where
from expcache._place import Place
from expcache._plan import Plan, locate_all
from expcache._query import id_of
from expcache._review import Review
from expcache._run import Run
from expcache._runset import RunSet
from expcache._space import Space
from expcache._state import State
from expcache._sweeping import Sweeping
from expcache._upkeep import SweepUpkeep
from expcache.errors import SpaceError

if TYPE_CHECKING:
    from expcache._explanation import SweepExplanation
    from expcache._perform import Performer
    from expcache._store import Whereabouts

__all__ = ["Sweep"]

R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])


class Sweep(Sweeping[R], Review[R], SweepUpkeep):
    """An experiment over a space of points, with a name.

    Made by ``Experiment.sweep``. Its points are bound to the experiment's parameters when they
    are read. To pytest it looks like a test function with one argument, ``run``.
    """

    _state: State
    __test__: bool
    __wrapped__: Callable[..., Any]
    __globals__: dict[str, Any]

    def __init__(
        self, experiment: Any, performer: Performer, space: Space, name: str | None, place: Place
    ) -> None:
        """Make a sweep; users call ``Experiment.sweep``."""
        self._state = State(experiment, performer, space, name, place)
        # On the instance: on the class, pytest would collect the class itself.
        self.__test__ = True
        self.__module__ = place.globals.get("__name__", "__main__")
        self.__globals__ = place.globals
        self.__wrapped__ = place.function()

    def __getattr__(self, attribute: str) -> Any:
        """Give the name where functions have theirs; it is known only after the assignment."""
        if attribute in ("__name__", "__qualname__"):
            return self.name
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {attribute!r}")

    def __repr__(self) -> str:
        """Show the name, the experiment and the space."""
        return f"<Sweep {self.name} of {self._state.performer.definition.name} over {self.space!r}>"

    def __call__(self, run: Run[R]) -> None:
        """Be the body of a test of one run: it fails where the run failed."""
        if run.status == "failed":
            run.result  # noqa: B018 - raises

    @property
    def name(self) -> str:
        """The name given, else that of the variable that holds the sweep."""
        state = self._state
        if state.name is None:
            state.name = state.place.name_of(self)
        return state.name or f"sweep_{state.performer.definition.name.rpartition('.')[2]}"

    @property
    def experiment(self) -> Any:
        """The experiment that is swept."""
        return self._state.experiment

    @property
    def space(self) -> Space:
        """The points, before they are bound to the parameters."""
        return self._state.space

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.space)

    def __iter__(self) -> Iterator[Run[R]]:
        """Give the runs in order, made as they are read."""
        bind, handle = self._state.performer.bind_point, self._state.performer.handle
        return (handle(bind(point), index=i) for i, point in enumerate(self.space))

    @overload
    def __getitem__(self, index: int) -> Run[R]: ...

    @overload
    def __getitem__(self, index: slice) -> RunSet[R]: ...

    def __getitem__(self, index: int | slice) -> Run[R] | RunSet[R]:
        """Return the run of one point, or the runs of a slice."""
        if isinstance(index, slice):
            return RunSet(self[i] for i in range(*index.indices(len(self))))
        position = index + len(self) if index < 0 else index
        performer = self._state.performer
        return performer.handle(performer.bind_point(self.space[position]), index=position)

    @property
    def ids(self) -> list[str]:
        """The ids of the runs, in order."""
        return list(self._identities()[0])

    def _identities(self) -> tuple[list[str], dict[int, tuple[type, ...]]]:
        """Return all ids and, where there are any, the project classes among the params."""
        state = self._state
        if state.identities is None:
            identify, bind = state.performer.definition.key.identify, state.performer.bind_point
            ids: list[str] = []
            classes: dict[int, tuple[type, ...]] = {}
            for index, point in enumerate(state.space):
                identity = identify(bind(point))
                ids.append(identity.id)
                if identity.classes:
                    classes[index] = identity.classes
            state.identities = ids, classes
        return state.identities

    def plan(self) -> Plan[R]:
        """Sort the points by what is stored of them; nothing is computed or written."""
        state = self._state
        located = locate_all(state.performer.definition, *self._identities(), self._params_at)
        return Plan(located, self.__getitem__)

    def _params_at(self, index: int) -> dict[str, Any]:
        return self._state.performer.bind_point(self.space[index])

    def explain(self, indices: Iterable[int] | None = None) -> SweepExplanation:
        """Return why the points are hits or misses, those of one reason together.

        Nothing is computed or written. With ``indices``, only the points at these positions.
        """
        from expcache._explain import Points, explain_points  # noqa: PLC0415 - no run needs it

        definition, (ids, classes) = self._state.performer.definition, self._identities()
        located = locate_all(definition, ids, classes, self._params_at)
        points = Points(self.name, located, classes, ids, self._params_at, self.__getitem__)
        return explain_points(definition, points, range(len(ids)) if indices is None else indices)

    def status(self) -> dict[str, int]:
        """Return how many points there are, and how many of them have each status."""
        plan = self.plan()
        return {"points": len(plan), **plan.counts}

    def whereabouts(self) -> dict[str, Whereabouts]:
        """Return where those runs are, by id, that somebody has in hand: one look for all."""
        from expcache._whereabouts import whereabouts  # noqa: PLC0415 - for people who look

        definition, ids = self._state.performer.definition, set(self._identities()[0])
        found = whereabouts(definition.store, definition.name).items()
        return {id_of(key): one for key, one in found if id_of(key) in ids}

    def add(self, space: Space) -> Sweep[R]:
        """Return a sweep over these points and then those of another space."""
        return self._over(self.space + space)

    def where(self, /, **lookups: Any) -> Sweep[R]:
        """Return a sweep over the points whose full params match, such as ``C__ge=1``.

        Raises:
            QueryError: the experiment has no such parameter, or there is no such comparison.
        """
        performer = self._state.performer
        where = Where.parse(lookups, performer.definition.key.signature.names)
        return self._over(
            self.space.filter(lambda **point: where.matches(performer.bind_point(point)))
        )

    def _over(self, space: Space) -> Sweep[R]:
        state = self._state
        return Sweep(state.experiment, state.performer, space, self.name, state.place)

    def check(self, function: F) -> F:
        """Make a function of ``run`` a test that pytest runs for every point of the sweep.

        Raises:
            SpaceError: the function checks another sweep already.
        """
        other = getattr(function, "__expcache_sweep__", None)
        if other is not None:
            message = f"cannot check {self.name!r} with {function.__name__!r}: it already checks"
            raise SpaceError(f"{message} {other.name!r}. Write one function for each sweep.")
        function.__expcache_sweep__ = self  # type: ignore[attr-defined]
        function.__test__ = True  # type: ignore[attr-defined] # whatever the function's name
        return function

    def save_ids(self, path: str | os.PathLike[str]) -> None:
        """Write the ids to a file that ``load`` reads: ``.json``, ``.txt`` or ``.py``."""
        from expcache._ids import save_ids  # noqa: PLC0415 - only for this

        save_ids(path, self.ids, store=self._state.performer.definition.store.path)
