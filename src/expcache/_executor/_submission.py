"""How batches become an array of Slurm: files, a note of what they are, and submitit."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from expcache._executor._array import Array
from expcache._executor._batch import Batch
from expcache._executor._element import Plan, serve
from expcache._executor._note import Note
from expcache._executor._spool import Spool
from expcache.errors import ExecutorError

__all__ = ["Collected", "Submitter"]

ELEMENTS: Final = 1000
"""The most of an array; a cluster allows 1001 unless it says otherwise."""

HOME: Final = Path("~", ".expcache", "slurm")
"""Where files lie that belong to no store; homes are shared where there is Slurm."""


class Collected(NamedTuple):
    """A batch that waits for the next array."""

    batch: Batch
    content: bytes
    resources: Mapping[str, Any]


@dataclass
class Submitter:
    """Knows submitit, and where its files lie."""

    build: Callable[[Path], Any]
    """Returns an executor of submitit's that keeps its files in a directory."""
    prefix: str
    """What the parameters that only Slurm has begin with."""
    folder: Path | None
    seconds: float
    given: Mapping[str, Any]
    """The parameters that it has already, without the prefix."""

    @classmethod
    def named(cls, *, folder: str | None, python: str | None, seconds: float) -> Self:
        """Return one for new executors of submitit."""
        import submitit  # noqa: PLC0415 - optional

        def build(place: Path) -> Any:
            return submitit.AutoExecutor(place, cluster="slurm", slurm_python=python)

        where = None if folder is None else Path(folder).expanduser().absolute()
        return cls(build, "slurm_", where, seconds, {})

    @classmethod
    def like(cls, thing: Any) -> Self:
        """Return one for executors like somebody's, which stays as it is.

        Raises:
            ExecutorError: it is not for Slurm.
        """
        inner = getattr(thing, "_executor", thing)
        if inner.name() != "slurm":
            message = f"cannot compute with a {type(thing).__name__}: it is one of submitit's for"
            raise ExecutorError(f"{message} {inner.name()!r}, not 'slurm'. Use jobs= instead.")

        def build(place: Path) -> Any:
            like, its = copy.copy(thing), copy.copy(inner)
            its.folder, its.parameters = place, dict(inner.parameters)
            if inner is thing:
                return its
            like.folder, like._executor = place, its  # noqa: SLF001 - it has no other way
            return like

        prefix = "" if inner is thing else "slurm_"
        return cls(build, prefix, Path(inner.folder), 60.0, dict(inner.parameters))

    def at_a_time(self, resources: Mapping[str, Any]) -> int | None:
        """Return how many elements may run at a time; None if nobody says."""
        name = "array_parallelism"
        known: int | None = resources.get(self.prefix + name, self.given.get(name))
        return known

    def grouped(self, collected: Sequence[Collected]) -> Iterator[list[Collected]]:
        """Yield what can be one array: of one place, and with the same resources."""
        groups: dict[tuple[Any, ...], list[Collected]] = {}
        for one in collected:
            key = (
                one.batch.place,
                tuple(sorted((name, repr(it)) for name, it in one.resources.items())),
            )
            groups.setdefault(key, []).append(one)
        yield from groups.values()

    def submit(self, some: Sequence[Collected], most: int) -> Array:
        """Submit an array for batches, with a note of what it computes."""
        place = some[0].batch.place
        name = os.urandom(8).hex()
        home = self.folder or (HOME.expanduser() if place is None else Path(place))
        spool = Spool(home / name)
        note = Note.of(spool, [one.batch for one in some])
        spool.fill([one.content for one in some])
        try:
            if place is not None:
                note.write(Path(place))
            made = self._ask(spool, some, most)
        except BaseException:
            spool.remove()
            note.remove()
            raise
        note.name = made
        if place is not None:
            note.write(Path(place))
        return Array(made, spool, set(range(len(some))), note)

    def _ask(self, spool: Spool, some: Sequence[Collected], most: int) -> str:
        elements = min(len(some), ELEMENTS)
        share = math.ceil(len(some) / elements)
        executor = self.build(spool.path)
        asked = self._parameters(some, most, share)
        executor.update_parameters(**asked)
        more = asked.get(f"{self.prefix}additional_parameters", {})
        plan = tuple(Plan(str(spool.path), share, self.seconds, bool(more.get("requeue"))))
        made = executor.map_array(serve, [plan] * elements)
        name: str = made[0].job_id
        return name.partition("_")[0]

    def _parameters(self, some: Sequence[Collected], most: int, share: int) -> dict[str, Any]:
        """Return the resources as they are, and what nobody has said."""
        asked = dict(some[0].resources)
        name = f"{self.prefix}additional_parameters"
        more = {**self.given.get("additional_parameters", {}), **asked.get(name, {})}
        if not {"requeue", "no-requeue", "no_requeue"} & more.keys():
            asked[name] = {"no-requeue": True, **more}  # what is lost is tried again by us
        if self.at_a_time(asked) is None:
            asked[f"{self.prefix}array_parallelism"] = most
        said = {"timeout_min", "slurm_time", "time"} & asked.keys() or "time" in self.given
        if not said and all(one.batch.timeout for one in some):
            longest = max(one.batch.size * (one.batch.timeout or 0.0) for one in some)
            minutes = math.ceil((share * longest + self.seconds) / 60) + 1
            asked["timeout_min" if self.prefix else "time"] = minutes
        return asked
