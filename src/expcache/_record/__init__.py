"""One stored run as versioned, self-describing bytes with a checksum."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from expcache._record._envelope import FORMAT, MAGIC, check, checksum_of, stamp_of
from expcache._record._read import File, files, read_header, read_value, read_view

if TYPE_CHECKING:
    from expcache._record._header import Header
    from expcache._record._reseal import reseal
    from expcache._record._seal import PART_LIMIT, note, seal

__all__ = [
    "FORMAT",
    "MAGIC",
    "PART_LIMIT",
    "File",
    "Header",
    "check",
    "checksum_of",
    "files",
    "note",
    "read_header",
    "read_value",
    "read_view",
    "reseal",
    "seal",
    "stamp_of",
]

_WRITING = {
    "Header": "_header",
    "PART_LIMIT": "_seal",
    "note": "_seal",
    "reseal": "_reseal",
    "seal": "_seal",
}


def __getattr__(name: str) -> Any:
    """Import what writes records when it is first asked for: a hit writes none."""
    if name not in _WRITING:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_WRITING[name]}"), name)
