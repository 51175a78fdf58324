"""One stored run as versioned, self-describing bytes with a checksum."""

from expcache._record._envelope import FORMAT, MAGIC, check
from expcache._record._header import Header
from expcache._record._read import File, files, read_header, read_value, read_view
from expcache._record._seal import PART_LIMIT, note, seal

__all__ = [
    "FORMAT",
    "MAGIC",
    "PART_LIMIT",
    "File",
    "Header",
    "check",
    "files",
    "note",
    "read_header",
    "read_value",
    "read_view",
    "seal",
]
