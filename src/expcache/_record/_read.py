"""Read records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from expcache._record._envelope import (
    CHECKSUM,
    EMPTY,
    EXTERNAL,
    LENGTH,
    PLAIN,
    PREAMBLE,
    Envelope,
    align,
    open_envelope,
)
from expcache.errors import ExpcacheError, RecordError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from expcache._codec import Buffer
    from expcache._record._header import Header

    Fetch: TypeAlias = Callable[[str, int, str], Buffer]

# json.loads without its checks of arguments: a hit is one call of the C scanner.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


class File(NamedTuple):
    """A part of a value that is kept in a file beside the record."""

    name: str
    size: int
    digest: str


def read_header(envelope: Envelope) -> Header:
    """Check an envelope and return its header; the value is not decoded."""
    _, start = open_envelope(envelope)
    return _header(envelope, start)


def read_value(
    envelope: Envelope,
    *,
    preimage: bytes | None = None,
    fetch: Fetch | None = None,
    trust: bool = False,
) -> Any:
    """Check an envelope and return its value; the header is not decoded.

    Args:
        envelope: The record.
        preimage: The digest of the full params that the record must be of, if given.
        fetch: Called with name, size and digest of each part that is kept in a file. Arrays
            are built over the buffer that it returns: over a read-only one, read-only.
        trust: Whether a pickled value may be unpickled.

    Raises:
        RecordError: The record is not sound, or cannot be decoded here.
        TrustError: It would have to be unpickled, and may not or cannot be here.
    """
    flags, start = open_envelope(envelope, preimage)
    if flags & PLAIN:
        try:
            value, _ = _scan(str(envelope[start:-CHECKSUM], "utf-8"), 0)
        except (RecursionError, StopIteration, ValueError) as error:
            raise malformed(error) from error
        return value
    try:
        return _read_tagged(envelope, flags, start, fetch, trust=trust)
    except ExpcacheError:
        raise
    except Exception as error:
        raise malformed(error) from error


def read_view(envelope: Envelope, *, fetch: Fetch | None = None) -> Any:
    """Return what can be told of a value without unpickling: itself, or its description."""
    flags, start = open_envelope(envelope)
    if not flags & (PLAIN | EMPTY):
        content, _ = content_of(envelope, start)
        if content.get("pickle") is not None:
            from expcache._codec import restore  # noqa: PLC0415 - as above

            return restore(content.get("view"))
    return read_value(envelope, fetch=fetch)


def files(envelope: Envelope, preimage: bytes | None = None) -> tuple[File, ...]:
    """Check an envelope as `check` does, and return which files keep parts of the value."""
    flags, start = open_envelope(envelope, preimage)
    if not flags & EXTERNAL:
        return ()
    try:
        content, _ = content_of(envelope, start)
        return tuple(File(**part) for part in content["parts"] if isinstance(part, dict))
    except (KeyError, StopIteration, TypeError, ValueError) as error:
        raise malformed(error) from error


def _read_tagged(
    envelope: Envelope, flags: int, start: int, fetch: Fetch | None, *, trust: bool
) -> Any:
    if flags & EMPTY:
        raise RecordError(
            "cannot load the result: the record has none, since its run failed. "
            "Compute the run again.",
            reason="no value",
        )
    content, base = content_of(envelope, start)
    parts = [part_of(envelope, base, part, fetch) for part in content["parts"]]
    pickle, id, subject = content.get("pickle"), "", "the result"  # noqa: A001  # the word for it
    if pickle is not None:
        id = _header(envelope, start).id  # noqa: A001
        subject = f"the result of run {id}"
    from expcache._codec import decode_value  # noqa: PLC0415 - plain results need no codec

    return decode_value(
        content["codec"], content["tree"], parts, pickle, trust=trust, subject=subject, id=id
    )


def _header(envelope: Envelope, start: int) -> Header:
    from expcache._record._header import parse_header  # noqa: PLC0415 - no hit reads a header

    return parse_header(bytes(envelope[PREAMBLE.size : start]))


def content_of(envelope: Envelope, start: int) -> tuple[dict[str, Any], int]:
    """Return the JSON of a value section, and where its parts begin."""
    (length,) = LENGTH.unpack_from(envelope, start)
    end = start + LENGTH.size + length
    content, _ = _scan(str(envelope[start + LENGTH.size : end], "utf-8"), 0)
    return content, align(end)


def part_of(envelope: Envelope, base: int, part: Any, fetch: Fetch | None) -> Buffer:
    if isinstance(part, list):
        offset, size = part
        # A copy, so that the array over it is its own and can be written to.
        return bytearray(memoryview(envelope)[base + offset : base + offset + size])
    if fetch is None:
        raise RecordError(
            f"cannot load the result: its part {part['name']!r} is kept in a file, and no store "
            "is at hand. Load it from its store.",
            reason="no store",
        )
    return fetch(part["name"], part["size"], part["digest"])


def malformed(error: Exception) -> RecordError:
    return RecordError(
        f"cannot read a record: its value is malformed ({type(error).__name__}: {error}). "
        "Compute the run again.",
        reason="malformed",
    )
