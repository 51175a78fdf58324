"""Write records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xxhash import xxh3_128, xxh3_128_digest, xxh3_128_hexdigest

from expcache._codec import Encoded, encode_value, to_json
from expcache._record._envelope import (
    CHECKSUM,
    EMPTY,
    EXTERNAL,
    FORMAT,
    LENGTH,
    MAGIC,
    PLAIN,
    PREAMBLE,
    align,
)
from expcache._record._header import Header
from expcache._record._header_text import header_text

if TYPE_CHECKING:
    from collections.abc import Callable

PART_LIMIT = 1 << 20
"""Parts from this size on go to files of their own."""

_NO_PREIMAGE = bytes(16)


@dataclass(slots=True)
class Section:
    """A value section: its flags, its chunks, and what the header tells of it."""

    flags: int
    text: bytes = b""
    parts: list[memoryview] = field(default_factory=list)
    value: dict[str, Any] | None = None


def seal(
    header: Header,
    encoded: Encoded | None,
    preimage: bytes,
    spill: Callable[[memoryview, str], str] | None = None,
) -> bytes:
    """Return the envelope of a run; without an encoded value, of one that has none.

    Args:
        header: What is told of the run; its `value` is replaced.
        encoded: The value.
        preimage: The 16-byte digest of the full canonical params.
        spill: Takes a large part and its digest and returns the name of the file that keeps it.
            The part is not copied. Without it, all parts go into the envelope.
    """
    if len(preimage) != len(_NO_PREIMAGE):
        raise ValueError(f"cannot seal a record: the preimage has {len(preimage)} bytes, not 16.")
    return seal_section(header, section_of(encoded, spill), preimage)


def seal_section(header: Header, section: Section, preimage: bytes) -> bytes:
    """Return the envelope around a finished value section."""
    head = header_text(header, section.value)
    start = PREAMBLE.size + len(head)
    chunks = [b"", head, *_value_chunks(section, start)]
    size = PREAMBLE.size + sum(map(len, chunks)) + CHECKSUM
    chunks[0] = PREAMBLE.pack(MAGIC, FORMAT, section.flags, len(head), preimage, size)
    if size < PART_LIMIT:
        whole = b"".join(chunks)
        return whole + xxh3_128_digest(whole)
    digest = xxh3_128()
    for chunk in chunks:
        digest.update(chunk)
    chunks.append(digest.digest())
    return b"".join(chunks)


def note(content: object) -> bytes:
    """Return an envelope for what belongs to many runs, such as their environment."""
    return seal(Header("", "", "", "note"), encode_value(content), _NO_PREIMAGE)


def section_of(encoded: Encoded | None, spill: Callable[[memoryview, str], str] | None) -> Section:
    if encoded is None:
        return Section(EMPTY)
    if encoded.codec == "json":
        text = to_json(encoded.tree).encode()
        return Section(PLAIN, text, value={"codec": "json", "nbytes": len(text), "files": []})
    kept: list[memoryview] = []
    table: list[object] = []
    names: list[str] = []
    offset = 0
    for part in encoded.parts:
        if spill is not None and part.nbytes >= PART_LIMIT:
            digest = xxh3_128_hexdigest(part)
            names.append(spill(part, digest))
            table.append({"name": names[-1], "size": part.nbytes, "digest": digest})
        else:
            kept.append(part)
            table.append([offset, part.nbytes])
            offset = align(offset + part.nbytes)
    text = to_json(_fields(encoded) | {"parts": table}).encode()
    nbytes = len(text) + sum(part.nbytes for part in encoded.parts)
    value = {"codec": encoded.codec, "nbytes": nbytes, "files": names}
    return Section(EXTERNAL if names else 0, text, kept, value)


def _fields(encoded: Encoded) -> dict[str, object]:
    found: dict[str, object] = {"codec": encoded.codec, "tree": encoded.tree}
    if encoded.pickle is not None:
        found |= {"pickle": encoded.pickle, "view": encoded.view}
    return found


def _value_chunks(section: Section, start: int) -> list[bytes | memoryview]:
    if section.flags & (PLAIN | EMPTY):
        return [section.text]
    chunks: list[bytes | memoryview] = [LENGTH.pack(len(section.text)), section.text]
    end = start + LENGTH.size + len(section.text)
    for part in section.parts:
        chunks += [bytes(align(end) - end), part]
        end = align(end) + part.nbytes
    return chunks
