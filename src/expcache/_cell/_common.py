"""What all cells of one experiment share, as it travels: once, beside the points."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from expcache._cell._cell import Cell
from expcache._encode import module_stem
from expcache._environment import current_environment, environment_for, host, packed
from expcache._key import Identity
from expcache._launch import Launch
from expcache._signature import Signature

__all__ = ["MEMORY", "PYTHON", "SCHEME", "Common", "Payload", "Point", "sender"]

SCHEME = 1
MEMORY = ":memory:"
PYTHON = sys.version_info[:2]


class Payload(NamedTuple):
    """What is sent; nothing in it needs an import before it is known to fit."""

    scheme: int
    python: tuple[int, int]
    sender: tuple[str, int]
    digest: str
    common: bytes
    points: list[tuple[Any, ...]]


class Point(NamedTuple):
    """What is a cell's own.

    ``params`` are plain values, or a pickle of them and of the code of their classes.
    """

    id: str
    preimage: bytes
    code: str
    params: tuple[Any, ...] | bytes
    earlier: Sequence[Mapping[str, Any]]
    generation: int | None
    number: int | None


@dataclass(slots=True)
class Common:
    """What all cells of one experiment share."""

    experiment: str
    function: Callable[..., Any]
    code_notes: Mapping[str, Any]
    version: str | None
    tags: tuple[str, ...]
    is_async: bool
    store: str
    checked: str | None
    depends: Sequence[object]
    owner: str | None
    environment: str
    main: str
    levels: dict[str, int]
    spill: str | None
    files: str | None = None
    shared: bool = False
    """Whether ``files`` is the same directory on other machines, too."""
    modules: Sequence[Any] = ()
    """What the function imports when it runs, for a worker without the files."""
    facts: str = ""
    """What a worker elsewhere describes its own environment with; empty: it has the sender's."""
    launch: Launch | None = None
    signature: Signature | None = None

    @classmethod
    def of(cls, cell: Cell, *, by_name: bool, spill: str | None, files: str | None) -> Common:
        """Return what the cells of this one's experiment share."""
        return cls(
            experiment=cell.experiment,
            function=cell.function,
            code_notes=dict(cell.code_notes),
            version=cell.version,
            tags=cell.tags,
            is_async=cell.is_async,
            store=cell.store,
            # Code that is sent whole is the code; what is imported may be another.
            checked=cell.checked if by_name else None,
            depends=cell.depends if by_name and cell.checked else (),
            owner=cell.owner,
            environment=current_environment()[0],
            main=module_stem("__main__"),
            levels=_levels(),
            spill=spill,
            files=files,
            launch=cell.launch,
        )

    def environment_here(self) -> tuple[str, bytes | None]:
        """Return the digest of this process's environment, and it as packed JSON.

        None in place of the latter where the sender has the same.
        """
        if not self.facts:
            return self.environment, None
        digest, environment = environment_for(self.facts)
        if digest == self.environment:
            return digest, None
        return digest, packed(environment)

    def cell(self, point: Point, params: Mapping[str, Any]) -> Cell:
        """Return one of the cells."""
        assert self.signature is not None  # noqa: S101 - set where it is unpacked
        return Cell(
            experiment=self.experiment,
            function=self.function,
            signature=self.signature,
            params=params,
            identity=Identity(point.id, point.preimage),
            code=point.code,
            code_notes=self.code_notes,
            version=self.version,
            tags=self.tags,
            earlier=point.earlier,
            is_async=self.is_async,
            store=self.store,
            owner=self.owner,
            generation=point.generation,
            files=self.files,
            number=point.number,
            launch=self.launch,
        )


def sender() -> tuple[str, int]:
    """Return what tells this process from every other that may send or receive."""
    return host(), os.getpid()


def _levels() -> dict[str, int]:
    """Return the levels that were set for loggers here: what is not made is not seen."""
    logging = sys.modules.get("logging")
    if logging is None:
        return {}
    known = [logging.root, *list(logging.root.manager.loggerDict.values())]
    return {one.name: one.level for one in known if getattr(one, "level", 0)}
