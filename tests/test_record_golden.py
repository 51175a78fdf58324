"""Records of every released format stay readable, and are still written the same."""

import datetime as dt
import pathlib
from typing import Any

import pytest

from expcache._codec import Encoded, encode_value
from expcache._record import Header, check, files, note, read_header, read_value, read_view, seal

GOLDEN = pathlib.Path(__file__).parent / "golden"
PREIMAGE = bytes(range(16))
PART = bytes(range(256)) * 8192
PART_NAME = "part-7"

PICKLE = b"\x80\x05](\x8c\x01aK\x01e."
FACTS = {"python": "3.11", "cloudpickle": "3.1.2", "by_value": False, "globals": []}

TAGGED = {
    "tuple": (1, None, 2.5),
    3: {"x", "y"},
    "bytes": b"\x00\xff",
    "when": dt.datetime(2020, 2, 29, 12, 30, tzinfo=dt.UTC),
    "where": pathlib.PurePosixPath("a/b"),
    "long": bytearray(1500),
}
RECORDS: dict[str, Any] = {
    "plain": {"accuracy": 0.9375, "folds": 5, "name": "é", "ok": True, "none": None},
    "tagged": TAGGED,
    "external": ["x", PART],
    "failed": None,
    "pickled": ["a", 1],
}


def header_of(name: str) -> Header:
    """Return the header that the record of this name was sealed with."""
    failed = name == "failed"
    return Header(
        id="0123456789abcdef0123456789abcdef",
        code="fedcba9876543210fedcba9876543210",
        experiment=f"study.{name}",
        outcome="failed" if failed else "done",
        params={"C": 1.5, "kernel": {"~tuple": ["rbf", 2]}},
        error={"type": "ValueError", "message": "no", "traceback": "..."} if failed else None,
        started="2026-01-02T03:04:05+00:00",
        finished="2026-01-02T03:04:06+00:00",
        runtime=1.25,
        host="node1",
        user="ann",
        attempt=2,
        attempts=[{"attempt": 1}, {"attempt": 2}],
        tags=["a"],
        environment="00" * 16,
        output="printed\n",
        code_notes={"unseen": []},
        extra={"future": [1]},
    )


def encoded_of(name: str) -> Encoded | None:
    """Return the encoded value of the record of this name."""
    if name == "pickled":
        return Encoded("pickle", None, [memoryview(PICKLE)], FACTS, ["a", 1])
    return None if name == "failed" else encode_value(RECORDS[name])


def seal_golden(name: str) -> bytes:
    """Return the envelope as this version writes it."""
    spill = (lambda _part, _digest: PART_NAME) if name == "external" else None
    return seal(header_of(name), encoded_of(name), PREIMAGE, spill)


def fetch(name: str, size: int, digest: str) -> bytearray:
    """Return the external part."""
    assert (name, size, len(digest)) == (PART_NAME, len(PART), 32)
    return bytearray(PART)


def read(name: str) -> bytes:
    """Return the committed envelope."""
    return (GOLDEN / f"record-1-{name}.bin").read_bytes()


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_golden_headers(name: str) -> None:
    """The header of a committed record reads as it was sealed."""
    header, expected = read_header(read(name)), header_of(name)
    check(read(name), PREIMAGE)
    for field in Header.__slots__:
        if field != "value":
            assert getattr(header, field) == getattr(expected, field)


@pytest.mark.parametrize("name", sorted(set(RECORDS) - {"failed"}))
def test_golden_values(name: str) -> None:
    """The value of a committed record reads as it was sealed."""
    value = read_value(read(name), preimage=PREIMAGE, fetch=fetch, trust=True)
    assert value == RECORDS[name]
    assert repr(type(value)) == repr(type(RECORDS[name]))
    assert read_view(read(name), fetch=fetch) == RECORDS[name]


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_format_is_frozen(name: str) -> None:
    """This version writes the very bytes: another layout needs another format number."""
    assert seal_golden(name) == read(name)


def test_golden_files() -> None:
    """An external part is found by name, size and digest."""
    (part,) = files(read("external"))
    assert (part.name, part.size) == (PART_NAME, len(PART))
    assert files(read("tagged")) == files(read("plain")) == files(read("failed")) == ()


def test_notes_are_the_same_everywhere() -> None:
    """What is kept once under its digest has the same bytes whoever writes it."""
    content = {"python": "3.11.7", "packages": {"numpy": "2.0"}}
    assert note(content) == note(dict(content))
    assert read_value(note(content)) == content
    assert read_header(note(content)).outcome == "note"
