"""Which record stands for which key, by all that was accepted and not taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary

from expcache._acceptance._row import PREFIX, Row, parse
from expcache._store import Store
from expcache._warning import warn
from expcache.errors import RecordError, RecordWarning

__all__ = ["Adopted", "adopted", "read_rows"]


class Adopted(NamedTuple):
    """The record that counts for a run under other code.

    ``key`` is that of the record, ``preimage`` the digest of the full params it counts for, and
    ``row`` the key of the acceptance that says so. ``checksum`` is that of the record, if it is
    known: what replaces the record does not count.
    """

    key: str
    preimage: bytes
    row: str
    checksum: bytes = b""

    def is_of(self, envelope: bytes | None) -> bool:
        """Whether this is the record that was accepted."""
        return envelope is not None and envelope.endswith(self.checksum)


_Known = tuple[list[str], Mapping[str, Adopted]]

_NOTHING: Mapping[str, Adopted] = {}
_known: WeakKeyDictionary[Store, dict[str, _Known]] = WeakKeyDictionary()


def adopted(store: Store, experiment: str) -> Mapping[str, Adopted]:
    """Return, by the key of a result that need not exist, the record that counts for it.

    Of several acceptances of one run the latest counts. What is damaged is warned of and counts
    for nothing. It is read once for each change: the keys of the rows tell what they say.
    """
    keys = store.keys(experiment, PREFIX)
    if not keys:
        return _NOTHING
    try:
        known = _known.setdefault(store, {})
    except TypeError:  # a store of somebody's own that nothing can refer to weakly
        known = {}
    held = known.get(experiment)
    if held is None or held[0] != keys:
        held = known[experiment] = keys, _read(store, experiment, keys)
    return held[1]


def _read(store: Store, experiment: str, keys: list[str]) -> dict[str, Adopted]:
    found: dict[str, Adopted] = {}
    for key, row in read_rows(store, experiment, keys).items():
        for move in row.moves:
            found[move.target] = Adopted(move.source, move.preimage, key, move.checksum)
    return found


def read_rows(store: Store, experiment: str, keys: list[str] | None = None) -> dict[str, Row]:
    """Return the acceptances of an experiment by their keys, oldest first."""
    keys = store.keys(experiment, PREFIX) if keys is None else keys
    envelopes = store.get_many(experiment, keys) if keys else {}
    found: dict[str, Row] = {}
    for key in keys:
        if key not in envelopes:  # taken back meanwhile
            continue
        try:
            row = parse(key, envelopes[key])
        except RecordError as error:
            warn(f"cannot follow an acceptance of {experiment!r}: {error}", RecordWarning)
            continue
        if row.experiment == experiment:  # else it came here with somebody's copy
            found[key] = row
    return found
