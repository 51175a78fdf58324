"""What a sweep is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expcache._place import Place
from expcache._space import Space

if TYPE_CHECKING:
    from expcache._perform import Performer

__all__ = ["State"]


class State:
    """All that a sweep holds. One attribute, because pytest reads the others as keywords."""

    __slots__ = ("experiment", "identities", "name", "performer", "place", "space")

    def __init__(
        self, experiment: Any, performer: Performer, space: Space, name: str | None, place: Place
    ) -> None:
        self.experiment = experiment
        self.performer = performer
        self.space = space
        self.name = name
        self.place = place
        self.identities: tuple[list[str], dict[int, tuple[type, ...]]] | None = None
