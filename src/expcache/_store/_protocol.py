"""What every store promises, wherever it keeps its records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    import os

    from expcache._store._claim import Claim
    from expcache._store._commit import Commit
    from expcache._store._whereabouts import Whereabouts

DAY = 86_400.0
MEMORY = ":memory:"

Spill: TypeAlias = Callable[[memoryview, str], str]
"""Keep one large part outside its envelope: (content, digest) -> file name."""

Seal: TypeAlias = Callable[[Spill | None], bytes]
"""Make the envelope, handing large parts to the spill."""


class Damage(NamedTuple):
    """One record, part or database that is not sound, and why."""

    experiment: str
    key: str
    reason: str


class Orphan(NamedTuple):
    """A file that no record names, with its age in seconds."""

    path: str
    age: float


class Removed(NamedTuple):
    """What was removed: keys of records, paths of files and directories, bytes in all."""

    keys: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    nbytes: int = 0


class Report(NamedTuple):
    """What `Store.verify` found."""

    records: int
    damaged: tuple[Damage, ...] = ()
    missing: tuple[Damage, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether every record and every part of it can be read as it was written."""
        return not self.damaged and not self.missing


class Store(Protocol):
    """Keeps envelopes by experiment and key; never forgets by itself.

    Keys are text. An envelope is opaque bytes here, except to `verify`.
    """

    @property
    def path(self) -> str:
        """The directory, or ``:memory:``."""

    @property
    def writable(self) -> bool:
        """Whether records can be put here."""

    @property
    def trusted(self) -> bool:
        """Whether only this user can have written what is here."""

    def create(self) -> None:
        """Make the place of the records now, rather than at the first write."""

    def get(self, experiment: str, key: str) -> bytes | None:
        """Return one envelope, or None."""

    def get_many(self, experiment: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the envelopes that exist among *keys*."""

    def keys(self, experiment: str, prefix: str = "") -> list[str]:
        """List the keys of an experiment that begin with *prefix*, oldest first."""

    def keys_of(self, experiment: str, prefixes: Sequence[str]) -> list[str]:
        """List the keys of an experiment that begin with one of some prefixes, oldest first."""

    def find(self, prefix: str) -> list[tuple[str, str]]:
        """List (experiment, key) of all keys that begin with *prefix*, newest last."""

    def experiments(self) -> list[str]:
        """List the names of the experiments that have a place here, sorted."""

    def claim(
        self, experiment: str, keys: Sequence[str], *, bulk: bool = False
    ) -> dict[str, Claim]:
        """Claim those keys that nobody holds, and those whose owner is dead; return what was won.

        A result may have come since the keys were looked up: look again for what was won. Keep
        the claims: one that nothing refers to is given up. Never raises `StoreError`.
        """

    def claims(self, experiment: str) -> dict[str, Claim]:
        """Return every claim there is, those of dead owners too."""

    def tell_where(self, experiment: str, told: Mapping[Claim, Whereabouts]) -> None:
        """Note where an engine has what is claimed, for `claims` of other processes.

        What is no longer held is passed over. Nobody waits until it is written.
        """

    def release(self, experiment: str, claims: Iterable[Claim]) -> None:
        """Give up claims without a result; what is no longer held is passed over."""

    def put(
        self,
        experiment: str,
        key: str,
        seal: Seal,
        *,
        replace: bool = False,
        claim: Claim | None = None,
    ) -> Commit:
        """Write one envelope; without *replace* the first writer of a key wins.

        With a *claim*, writes nothing if that was taken over (`Commit.fenced`), and gives it up
        otherwise. Never raises `StoreError`: `Commit.wait` does. What *seal* raises passes
        through.
        """

    def put_sealed(  # noqa: PLR0913 - all of them are needed
        self,
        experiment: str,
        key: str,
        envelope: bytes,
        *,
        parts: Sequence[str] = (),
        replace: bool = False,
        claim: Claim | None = None,
    ) -> Commit:
        """Write one finished envelope; of its *parts*, those spilled into `parts_directory`.

        The parts are removed when the envelope is not kept.
        """

    def parts_directory(self, experiment: str) -> str | None:
        """Return where a worker may spill large parts; None: they go into the envelope."""

    def files_directory(self, experiment: str, *, create: bool = False) -> str | None:
        """Return where the directories of the runs of an experiment lie.

        With *create*, ready to be written to, else None.
        """

    def sent_directory(self, experiment: str, *, create: bool = False) -> str | None:
        """Return where it is noted which runs are computed somewhere without their sender.

        None where there is no such place; with *create*, where none can be made.
        """

    def put_once(self, experiment: str, key: str, envelope: bytes) -> Commit:
        """Write one finished envelope unless its key exists."""

    def delete(self, experiment: str, key: str, *others: str) -> Commit:
        """Remove envelopes, all or none of them; ``won`` tells whether one was there."""

    def remove(self, experiment: str, groups: Iterable[Sequence[str]]) -> Removed:
        """Remove records with the files that nothing else names; those of a group at once.

        Claim them first: this does not look who computes what.
        """

    def fetch(
        self,
        experiment: str,
        name: str,
        size: int,
        digest: str,
        *,
        map: bool = False,  # noqa: A002 - numpy's word for it
    ) -> memoryview:
        """Return an external part: a checked writable copy, or a read-only map.

        Raises `RecordError` when it is missing, truncated or (without *map*) not what was written.
        """

    def register_origin(self, experiment: str, file: str | None) -> None:
        """Note which source file an experiment comes from.

        Raises `NameClashError` when a different, still existing file uses the name.
        """

    def flush(self) -> None:
        """Return when everything that was put before is committed or has failed."""

    def orphans(self, *, remove: bool = False, age: float = DAY) -> tuple[Orphan, ...]:
        """List the files older than *age* seconds that no record names; optionally remove them."""

    def backup(self, path: str | os.PathLike[str], *, link: bool = False) -> Report:
        """Write a copy of everything to a new directory, whole or not at all, and verify it.

        Others may write here meanwhile. The copy is a store. With *link*, large parts are linked
        to, not copied.

        Raises:
            StoreError: the directory exists or cannot be written, or a database is not readable.
        """

    def verify(self, *, remove_orphans: bool = False, age: float = DAY) -> Report:
        """Check every record and part; optionally remove orphans older than *age* seconds."""

    def close(self) -> None:
        """Flush, and let go of every file; the store opens again when it is used."""
