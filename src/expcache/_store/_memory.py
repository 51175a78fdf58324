"""The store that lives as long as its process, for tests and for throwing away."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, final

import xxhash

from expcache._store._check import check_records, join, parts_of
from expcache._store._claim import Claim
from expcache._store._claimed import Claimed
from expcache._store._commit import Commit
from expcache._store._memory_upkeep import MemoryUpkeep
from expcache._store._protocol import DAY, MEMORY, Report, Seal
from expcache._store._rundirs import MemoryDirectories, names_only_in, remove_directories
from expcache.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from expcache._record import File
    from expcache._store._origin import Origin
    from expcache._store._whereabouts import Whereabouts


@final
class MemoryStore(MemoryDirectories, MemoryUpkeep):
    """A store in memory, under the same contract as the one on disk."""

    path = MEMORY
    writable = True
    trusted = True

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.RLock()
        self._records: dict[str, dict[str, tuple[int, bytes]]] = {}
        self._parts: dict[tuple[str, str], bytes] = {}
        self._origins: dict[str, Origin] = {}
        self._claimed: dict[str, Claimed] = {}
        self._count = 0

    def __repr__(self) -> str:
        """Name the class."""
        return f"{type(self).__name__}()"

    def create(self) -> None:
        """Do nothing: memory is there."""

    def get(self, experiment: str, key: str) -> bytes | None:
        """Return one envelope, or None."""
        found = self._records.get(experiment, {}).get(key)
        return None if found is None else found[1]

    def get_many(self, experiment: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the envelopes that exist among *keys*."""
        records = self._records.get(experiment, {})
        return {key: records[key][1] for key in keys if key in records}

    def keys(self, experiment: str, prefix: str = "") -> list[str]:
        """List the keys of an experiment that begin with *prefix*, oldest first."""
        with self._lock:
            return [key for key in self._records.get(experiment, {}) if key.startswith(prefix)]

    def keys_of(self, experiment: str, prefixes: Sequence[str]) -> list[str]:
        """List the keys of an experiment that begin with one of some prefixes, oldest first."""
        with self._lock:
            found = list(self._records.get(experiment, ()))
        wanted, lengths = set(prefixes), set(map(len, prefixes))
        return [key for key in found if any(key[:length] in wanted for length in lengths)]

    def find(self, prefix: str) -> list[tuple[str, str]]:
        """List (experiment, key) of all keys that begin with *prefix*, newest last."""
        with self._lock:
            found = [
                (number, experiment, key)
                for experiment, records in self._records.items()
                for key, (number, _) in records.items()
                if key.startswith(prefix)
            ]
        return [(experiment, key) for _, experiment, key in sorted(found)]

    def experiments(self) -> list[str]:
        """List the names of the experiments that have a place here, sorted."""
        return sorted(self._records)

    def claim(
        self, experiment: str, keys: Sequence[str], *, bulk: bool = False
    ) -> dict[str, Claim]:
        """Claim those keys that nobody in this process holds; return what was won."""
        with self._lock:
            return self._claimed.setdefault(experiment, Claimed()).claim(keys, bulk=bulk)

    def claims(self, experiment: str) -> dict[str, Claim]:
        """Return every claim there is."""
        with self._lock:
            claimed = self._claimed.get(experiment)
            return claimed.claims() if claimed else {}

    def tell_where(self, experiment: str, told: Mapping[Claim, Whereabouts]) -> None:
        """Note where an engine has what is claimed; what is no longer held is passed over."""
        with self._lock:
            if experiment in self._claimed:
                self._claimed[experiment].tell_where(told)

    def release(self, experiment: str, claims: Iterable[Claim]) -> None:
        """Give up claims without a result; what is no longer held is passed over."""
        with self._lock:
            if experiment in self._claimed:
                self._claimed[experiment].release(claims)

    def put(
        self,
        experiment: str,
        key: str,
        seal: Seal,
        *,
        replace: bool = False,
        claim: Claim | None = None,
    ) -> Commit:
        """Seal and write one envelope; without *replace* the first writer of a key wins."""
        spilled: dict[tuple[str, str], bytes] = {}

        def spill(content: memoryview, digest: str) -> str:
            name = f"{digest}-{os.urandom(8).hex()}.part"
            spilled[experiment, name] = content.tobytes()
            return name

        return self._put(experiment, key, seal(spill), spilled, replace=replace, claim=claim)

    def put_sealed(  # noqa: PLR0913 - all of them are needed
        self,
        experiment: str,
        key: str,
        envelope: bytes,
        *,
        parts: Sequence[str] = (),  # noqa: ARG002 - there is no directory to spill them into
        replace: bool = False,
        claim: Claim | None = None,
    ) -> Commit:
        """Write one finished envelope."""
        return self._put(experiment, key, envelope, {}, replace=replace, claim=claim)

    def parts_directory(self, experiment: str) -> None:
        """Return None: all parts go into the envelope."""

    def put_once(self, experiment: str, key: str, envelope: bytes) -> Commit:
        """Write one finished envelope unless its key exists."""
        return self._put(experiment, key, envelope, {}, replace=False)

    def _put(  # noqa: PLR0913 - as above
        self,
        experiment: str,
        key: str,
        envelope: bytes,
        parts: dict[tuple[str, str], bytes],
        *,
        replace: bool,
        claim: Claim | None = None,
    ) -> Commit:
        with self._lock:
            if claim is not None and not self._settle(experiment, claim):
                return Commit.settled(fenced=True)
            records = self._records.setdefault(experiment, {})
            won = replace or key not in records
            if won:
                self._count += 1
                records.pop(key, None)  # what is replaced becomes the newest
                records[key] = self._count, envelope
                self._parts.update(parts)
        return Commit.settled(won=won)

    def _settle(self, experiment: str, claim: Claim) -> bool:
        """Give up a claim; return whether it was held until now."""
        return experiment in self._claimed and self._claimed[experiment].release([claim])

    def delete(self, experiment: str, key: str, *others: str) -> Commit:
        """Remove envelopes and their directories; ``won`` tells whether one was there."""
        if names := names_only_in(self, experiment, (key, *others)):
            remove_directories(self.files_directory(experiment), names)
        with self._lock:
            records = self._records.get(experiment, {})
            gone = [records.pop(one)[1] for one in (key, *others) if one in records]
            for part in [part for envelope in gone for part in parts_of(envelope)]:
                self._parts.pop((experiment, part.name), None)
        return Commit.settled(won=bool(gone))

    def fetch(
        self,
        experiment: str,
        name: str,
        size: int,
        digest: str,
        *,
        map: bool = False,  # noqa: A002 - numpy's word for it
    ) -> memoryview:
        """Return an external part: a checked writable copy, or the read-only original."""
        content = self._parts.get((experiment, name))
        wrong = _wrong(content, size, digest)
        if content is None or wrong:
            raise RecordError(
                f"cannot read the part {name!r} of a record: {wrong}. Compute the run again.",
                reason=wrong,
            )
        return memoryview(content if map else bytearray(content))

    def register_origin(self, experiment: str, file: str | None) -> None:
        """Note which source file an experiment comes from; refuse a second one."""
        if file is None:
            return
        from expcache._store._origin import Origin, agree  # noqa: PLC0415 - not to import paths

        with self._lock:
            new = Origin.of(file)
            if agree(experiment, self._origins.get(experiment), new):
                self._origins[experiment] = new

    def flush(self) -> None:
        """Return at once: every write is finished when it is made."""

    def verify(self, *, remove_orphans: bool = False, age: float = DAY) -> Report:  # noqa: ARG002 - nothing is left over here
        """Check every record and part."""
        return join(self._verify(experiment) for experiment in self.experiments())

    def _verify(self, experiment: str) -> Report:
        def check(part: File) -> str | None:
            return _wrong(self._parts.get((experiment, part.name)), part.size, part.digest) or None

        records = [(key, value) for key, (_, value) in self._records[experiment].items()]
        return check_records(experiment, records, check)

    def close(self) -> None:
        """Give up every claim; there are no files."""
        with self._lock:
            self._claimed.clear()


def _wrong(content: bytes | None, size: int, digest: str) -> str:
    if content is None:
        return "No such file or directory"
    if len(content) != size:
        return f"it has {len(content)} bytes instead of {size}"
    if xxhash.xxh3_128_hexdigest(content) != digest:
        return "its content is not what was written"
    return ""
