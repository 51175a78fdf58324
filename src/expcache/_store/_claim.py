"""One process's right to compute one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from expcache._store._whereabouts import Whereabouts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expcache._store._owner import Owner

UNCHECKED: Final = 0


class Row(NamedTuple):
    """A claim as it is stored; no two of one owner have the same time."""

    key: str
    owner: str
    generation: int
    since: float
    bulk: int


@final
class Claim:
    """Tells that one process computes the run of a key, so that no other one has to.

    Whoever wins a claim keeps this object until the result is put or the claim is released: a
    claim that nothing refers to any more is given up.
    """

    __slots__ = ("__weakref__", "_host", "_live", "_number", "_pid", "_row", "_where")

    def __init__(
        self,
        row: Row,
        owner: Owner | None,
        *,
        live: bool = True,
        number: int | None = None,
        where: Whereabouts | None = None,
    ) -> None:
        """Tell of a claim; making this object claims nothing."""
        self._row: Final = row
        self._number: Final = number
        self._host: Final = owner.host if owner else ""
        self._pid: Final = owner.pid if owner else 0
        self._live: Final = live
        self._where: Final = where

    @property
    def key(self) -> str:
        """The key of the record that the claim is for."""
        return self._row.key

    @property
    def owner(self) -> str:
        """A name of the owning process that no other one has."""
        return self._row.owner

    @property
    def generation(self) -> int:
        """1, and one more with each process that took the key over from a dead one.

        0 where claims cannot be kept; such a claim excludes nobody and is never checked.
        """
        return self._row.generation

    @property
    def number(self) -> int | None:
        """The number of the run in its experiment's store; None for a claim of somebody else.

        No two runs get the same one. What is claimed and not computed leaves a gap.
        """
        return self._number

    @property
    def host(self) -> str:
        """The name of the machine that the owner runs on."""
        return self._host

    @property
    def pid(self) -> int:
        """The number of the owning process there."""
        return self._pid

    @property
    def since(self) -> float:
        """The time of the claim, in seconds since 1970."""
        return self._row.since

    @property
    def bulk(self) -> bool:
        """Whether a sweep took it with many others, and perhaps has not begun it yet."""
        return bool(self._row.bulk)

    @property
    def whereabouts(self) -> Whereabouts:
        """Where the run is, by what its owner has told; else it runs where the owner does."""
        return self._where or Whereabouts("running", self.host, self.pid, since=self.since)

    @property
    def live(self) -> bool:
        """False: the owner is dead, or has been stopped for longer than the lease."""
        return self._live

    def __repr__(self) -> str:
        """Name the run, the owner and the state."""
        state = "live" if self.live else "dead"
        return f"<Claim of {self.key!r} by process {self.pid} on {self.host!r}, {state}>"

    def __eq__(self, other: object) -> bool:
        """Compare whose claim it is, of which key, and which one of them."""
        return isinstance(other, Claim) and self._row == other._row

    def __hash__(self) -> int:
        """Hash what is compared."""
        return hash(self._row)


def unchecked(keys: Iterable[str], *, bulk: bool) -> dict[str, Claim]:
    """Return claims that exclude nobody, for a store that cannot keep any."""
    rows = {key: Row(key, "", UNCHECKED, 0.0, bulk) for key in keys}
    return {key: Claim(row, None) for key, row in rows.items()}
