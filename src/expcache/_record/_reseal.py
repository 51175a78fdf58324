"""Write a record again under another header; its value is copied, never decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expcache._codec import Encoded
from expcache._record._envelope import CHECKSUM, EMPTY, PLAIN, Envelope, open_envelope
from expcache._record._read import content_of, malformed, part_of
from expcache._record._seal import Section, seal_section, section_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from expcache._record._header import Header
    from expcache._record._read import Fetch

__all__ = ["reseal"]


def reseal(
    envelope: Envelope,
    header: Header,
    preimage: bytes,
    *,
    fetch: Fetch,
    spill: Callable[[memoryview, str], str] | None = None,
) -> bytes:
    """Return the envelope of the same value for another run.

    Args:
        envelope: The record.
        header: What is told of the other run.
        preimage: The 16-byte digest of its full canonical params.
        fetch: Returns, checked, the parts that are kept in files.
        spill: Keeps large parts in files of their own, as for `seal`.

    Raises:
        RecordError: The record, or one of its parts, is not sound.
    """
    flags, start = open_envelope(envelope)
    if flags & EMPTY:
        raise malformed(ValueError("there is none"))
    if flags & PLAIN:
        text = bytes(envelope[start:-CHECKSUM])
        value = {"codec": "json", "nbytes": len(text), "files": []}
        return seal_section(header, Section(PLAIN, text, value=value), preimage)
    try:
        content, base = content_of(envelope, start)
        codec, tree, table = content["codec"], content["tree"], content["parts"]
    except (KeyError, StopIteration, TypeError, ValueError) as error:
        raise malformed(error) from error
    parts = [memoryview(part_of(envelope, base, part, fetch)) for part in table]
    encoded = Encoded(codec, tree, parts, content.get("pickle"), content.get("view"))
    return seal_section(header, section_of(encoded, spill), preimage)
