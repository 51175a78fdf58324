"""Put a record aside that lies where the record of other params is about to be written."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from expcache._encode import digest, encode
from expcache._query import id_of
from expcache._record import Header, read_header, reseal, stamp_of
from expcache._store import Store
from expcache.errors import RecordError, StoreError

__all__ = ["put_aside"]


def put_aside(store: Store, experiment: str, key: str, envelope: bytes) -> None:
    """Keep a sound record under a code of its own, where it stands for no run.

    What cannot be kept stays where it is.
    """
    try:
        header, stamp = read_header(envelope), stamp_of(envelope)
        code = digest(encode(("other params", header.code, stamp)))
        aside: Header = replace(header, code=code)
        fetch = partial(store.fetch, experiment)
        seal = partial(reseal, envelope, aside, stamp, fetch=fetch)
        store.put(experiment, f"{id_of(key)}-{code}", lambda spill: seal(spill=spill)).wait()
    except (RecordError, StoreError):
        return
