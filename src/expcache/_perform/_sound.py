"""Whether a record can be served."""

from __future__ import annotations

from typing import Any

from expcache._record import files, read_header
from expcache._store import Store
from expcache._warning import warn_unreadable
from expcache.errors import RecordError, RecordFormatError

__all__ = ["attempts_of", "sound"]


def sound(  # noqa: PLR0913 - a record, where it lies, and how it is looked at
    store: Store,
    experiment: str,
    key: str,
    envelope: bytes,
    preimage: bytes | None,
    *,
    whole: bool = False,
) -> bool:
    """Whether a record is whole and of these params; a damaged one is warned of.

    Of the parts in files only the sizes are looked at, unless ``whole``: whoever reads them
    checks their content, and reading takes long.
    """
    try:
        for part in files(envelope, preimage):
            store.fetch(experiment, part.name, part.size, part.digest, map=not whole)
    except RecordFormatError:
        raise  # no damage: computing it again would replace what a newer version wrote
    except RecordError as error:
        warn_unreadable(key, error)
        if error.reason == "other params":
            from expcache._perform._aside import put_aside  # noqa: PLC0415 - hardly ever

            put_aside(store, experiment, key, envelope)
        return False
    return True


def attempts_of(failure: bytes | None) -> list[dict[str, Any]]:
    """Return the attempts that the record of a failure tells of."""
    try:
        return [] if failure is None else list(read_header(failure).attempts)
    except RecordError:  # a damaged record of a failure tells nothing, and nothing is lost
        return []
