"""The claims of a store on disk: taken, told of, and given up."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from expcache._store import _desk
from expcache._store._claim import Claim, unchecked
from expcache.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from expcache._store._folder import Folder
    from expcache._store._site import Site
    from expcache._store._whereabouts import Whereabouts


class DiskClaims:
    """The part of a store on disk that keeps who computes what."""

    @property
    @abstractmethod
    def _place(self) -> Site:
        """Return the directory of the store."""

    @property
    @abstractmethod
    def writable(self) -> bool:
        """Whether records can be put here."""

    @abstractmethod
    def _folder(self, experiment: str) -> Folder:
        """Return the places of an experiment."""

    def claim(
        self, experiment: str, keys: Sequence[str], *, bulk: bool = False
    ) -> dict[str, Claim]:
        """Claim those keys that nobody holds, and those whose owner is dead; return what was won.

        Where no claim can be kept, all keys are won, and no claim is checked.
        """
        try:
            self._place.check_writable()
        except StoreError:
            return unchecked(keys, bulk=bulk)
        return _desk.claim(self._folder(experiment), keys, bulk=bulk)

    def claims(self, experiment: str) -> dict[str, Claim]:
        """Return every claim there is, those of dead owners too."""
        return _desk.claims(self._folder(experiment)) if self.writable else {}

    def tell_where(self, experiment: str, told: Mapping[Claim, Whereabouts]) -> None:
        """Note where an engine has what is claimed; nobody waits until it is written."""
        _desk.tell_where(self._folder(experiment), told)

    def release(self, experiment: str, claims: Iterable[Claim]) -> None:
        """Give up claims without a result; what is no longer held is passed over."""
        _desk.release(self._folder(experiment), claims)
