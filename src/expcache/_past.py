"""What is stored of an experiment under any code: which record to take of each run, and its params.

A record's params are descriptions. Only where a description tells all of a value can the value be
had back; nothing else is ever guessed.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from expcache._acceptance import adopted
from expcache._codec import describe, restore
from expcache._query import code_of, find_code, id_of, is_result
from expcache._record import checksum_of, files, read_header
from expcache._store import Store
from expcache.errors import RecordError

if TYPE_CHECKING:
    from expcache._record import Header

__all__ = ["Past", "restored"]


class Past:
    """The results of one experiment under any code, with the newest chosen for each run.

    One id may have results of several defaults: ``older`` gives those that are not chosen.

    Args:
        store: where they are.
        name: of the experiment.
        code: the beginning of a fingerprint, to choose results that counted for that code; by
            default the newest result of each run is chosen.
        without: a code whose own results are never chosen.

    Raises:
        UnknownIdError: no result has the code, or those of several codes do.
    """

    def __init__(
        self, store: Store, name: str, *, code: str | None = None, without: str | None = None
    ) -> None:
        """Choose; no record is read yet."""
        self.store = store
        self.name = name
        self.keys = store.keys(name)
        self.checksums: dict[str, bytes] = {}
        """Those of the records that were read, by their keys."""
        self._counting = {key: key for key in self.keys if is_result(key)}
        """The records that count, by the key that they count for."""
        stored = set(self._counting)
        self.code: str | None = None
        chosen = [key for key in stored_in_order(self.keys) if code_of(key) != without]
        if code is not None:
            for target, older in adopted(store, name).items():
                if older.key in stored and older.is_of(store.get(name, older.key)):
                    self._counting.setdefault(target, older.key)
            known = map(code_of, self._counting)
            own = dict.fromkeys(map(code_of, stored_in_order(self.keys)))
            what = "take results of"
            self.code = find_code(code, known, name, what, listed=own)
            chosen = [key for key in self._counting if code_of(key) == self.code]
        self._held: dict[str, list[str]] = {}
        for key in chosen:
            self._held.setdefault(id_of(key), []).append(self._counting[key])

    @property
    def ids(self) -> list[str]:
        """The runs of which a record is chosen."""
        return list(self._held)

    def key(self, run_id: str) -> str | None:
        """Return the key of the record that is chosen of a run."""
        held = self._held.get(run_id)
        return held[-1] if held else None

    def older(self, run_id: str) -> Iterator[tuple[str, Header | str]]:
        """Yield the other records of a run as ``read`` does, newest first, each with its key."""
        for key in self._held.get(run_id, [])[-2::-1]:
            yield key, self._header(key, self.store.get(self.name, key))

    def read(self, ids: Iterable[str]) -> dict[str, Header | str]:
        """Return the headers of the chosen records, or in their place why there is none."""
        keys = {one: self._held[one][-1] for one in ids if one in self._held}
        envelopes = self.store.get_many(self.name, list(keys.values()))
        return {one: self._header(key, envelopes.get(key)) for one, key in keys.items()}

    def record(self, key: str) -> tuple[bytes, Header]:
        """Return one record with its header.

        Raises:
            RecordError: it is gone, or not sound.
        """
        envelope = self.store.get(self.name, key)
        if envelope is None:
            message = f"cannot read the record {key!r}: it is gone. Compute its run again."
            raise RecordError(message, reason="gone")
        return envelope, read_header(envelope)

    def _header(self, key: str, envelope: bytes | None) -> Header | str:
        if envelope is None:
            return "its record is gone"
        try:
            header, self.checksums[key] = read_header(envelope), checksum_of(envelope)
            for part in files(envelope):
                self.store.fetch(self.name, part.name, part.size, part.digest, map=True)
        except RecordError as error:
            return f"its record is not sound: {error.reason}"
        if (header.experiment, header.id, header.code) != (self.name, id_of(key), code_of(key)):
            return "its record is that of another run"
        return header if header.outcome == "done" else "its record holds no result"


def stored_in_order(keys: Iterable[str]) -> list[str]:
    """Return the keys of results, oldest first."""
    return [key for key in keys if is_result(key)]


def restored(trees: Mapping[str, Any], loose: Iterable[str] = ()) -> dict[str, Any] | str:
    """Return the values of described params, or a text that says which one cannot be had.

    Args:
        trees: the descriptions by name.
        loose: names whose values need not be exact, as nothing identifies a run by them.
    """
    values: dict[str, Any] = {}
    for name, tree in trees.items():
        try:
            values[name] = restore(tree)
        except RecordError as error:
            if name not in loose:
                return f"its parameter {name!r} cannot be read back: {error}"
            values[name] = None
            continue
        if name not in loose and not (_is_exact(tree) and describe(values[name]) == tree):
            return f"its parameter {name!r} is only described in its record"
    return values


def _is_exact(tree: Any) -> bool:
    if isinstance(tree, list):
        return all(map(_is_exact, tree))
    if not isinstance(tree, dict):
        return True
    if "~opaque" in tree:
        return False
    if "~enum" in tree and not isinstance(restore(tree), enum.Enum):
        return False
    return all(map(_is_exact, tree.values()))
