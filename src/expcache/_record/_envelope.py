r"""The frame of a record: what every version can tell of any record.

An envelope is

    ====== ===== ==============================================================
    offset bytes
    ====== ===== ==============================================================
    0      8     magic `\x89XPC\r\n\x1a\n`
    8      2     format number
    10     2     flags: 1 the value is plain JSON text, 2 there is no value,
                 4 some parts are kept in files
    12     4     H, the length of the header
    16     16    digest of the full canonical params
    32     8     size of the whole envelope
    40     H     header, UTF-8 JSON
    40+H         value section
    -16    16    xxh3-128 of all bytes before
    ====== ===== ==============================================================

with numbers in little-endian order. The value section is JSON text if flag 1 is set, empty if
flag 2 is. Else it is the length (4 bytes) and the text of a JSON object with `codec`, `tree`,
`parts`, `pickle` and `view`, then the parts, each at an offset that is a multiple of 64 in the
envelope. `parts` holds `[offset, size]` for each, counted from the first such offset behind the
text, or `{"name": .., "size": .., "digest": ..}` for one that is kept in a file.

The magic number and the format number stay where they are in every future format. The magic
number has a byte above 127 and both kinds of line ends, so that a transfer that took the record
for text is told from other damage.
"""

from __future__ import annotations

from struct import Struct
from typing import NoReturn, TypeAlias

from xxhash import xxh3_128_digest

from expcache.errors import RecordError, RecordFormatError

Envelope: TypeAlias = "bytes | bytearray | memoryview"

MAGIC = b"\x89XPC\r\n\x1a\n"
FORMAT = 1
PREAMBLE = Struct("<8sHHI16sQ")
CHECKSUM = 16
LENGTH = Struct("<I")
ALIGNMENT = 64

PLAIN = 1
EMPTY = 2
EXTERNAL = 4

_LEAST = PREAMBLE.size + CHECKSUM
_SMALL = 4096
_HEADER = PREAMBLE.size
_unpack = PREAMBLE.unpack_from
_REMEDY = "Compute the run again, or restore the record from a copy."


def align(offset: int) -> int:
    """Return the next offset where a part may begin."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


def check(envelope: Envelope, preimage: bytes | None = None) -> None:
    """Check every byte of an envelope, and that it is of these params if they are given.

    Raises:
        RecordError: The bytes are no sound record, or that of other params.
        RecordFormatError: The record was written by a newer version.
    """
    open_envelope(envelope, preimage)


def open_envelope(envelope: Envelope, preimage: bytes | None = None) -> tuple[int, int]:
    """Check an envelope and return its flags and where its value section begins."""
    total = len(envelope)
    if total < _LEAST:
        _refuse(envelope)
    magic, found, flags, length, stamp, size = _unpack(envelope)
    if magic != MAGIC or found != FORMAT or size != total:
        _refuse(envelope)
    # A view costs more than a small copy, and a large copy more than a view.
    body = envelope if size < _SMALL else memoryview(envelope)
    if xxh3_128_digest(body[:-CHECKSUM]) != envelope[-CHECKSUM:]:
        _refuse(envelope)
    if preimage is not None and stamp != preimage:
        raise RecordError(
            "cannot use a record: its params are not those of this run, though the id is the "
            "same. Compute the run again.",
            reason="other params",
        )
    start = _HEADER + length
    if start > size - CHECKSUM:
        _refuse(envelope)
    return flags, start


def checksum_of(envelope: Envelope) -> bytes:
    """Return the checksum of a checked envelope: no other record has it."""
    return bytes(envelope[-CHECKSUM:])


def stamp_of(envelope: Envelope) -> bytes:
    """Return the digest of the full params that a checked envelope is of."""
    stamp: bytes = _unpack(envelope)[4]
    return stamp


def _refuse(envelope: Envelope) -> NoReturn:
    """Say what is wrong with an envelope that is not sound."""
    seen, size = bytes(envelope[: PREAMBLE.size]), len(envelope)
    if not MAGIC.startswith(seen[: len(MAGIC)]) or not seen:
        _refuse_foreign(seen)
    if size < _LEAST:
        _raise("truncated", f"it is truncated to {size} bytes")
    _, found, _, _, _, stated = PREAMBLE.unpack_from(seen)
    if found > FORMAT:
        raise RecordFormatError(
            f"cannot read a record: it has format {found}, and this version of expcache knows "
            f"formats up to {FORMAT}. Upgrade expcache.",
            reason="newer format",
            found=found,
            supported=FORMAT,
        )
    if stated > size:
        _raise("truncated", f"it is truncated to {size} of {stated} bytes")
    if stated < size:
        _raise("damaged", f"{size - stated} bytes follow its end")
    _raise("damaged", "it is damaged (its checksum is another)")


def _refuse_foreign(seen: bytes) -> NoReturn:
    if not seen:
        _raise("empty", "it is empty")
    if seen[1:4] == MAGIC[1:4]:
        _raise("damaged", "its first bytes are damaged, as by a transfer in text mode")
    _raise("foreign", "it is no record of expcache")


def _raise(reason: str, text: str) -> NoReturn:
    raise RecordError(f"cannot read a record: {text}. {_REMEDY}", reason=reason)
