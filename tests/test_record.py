"""Records: sealed bytes that show every damage and never give wrong content."""

import dataclasses
import json
import pathlib
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expcache._codec import describe, encode_value, restore
from expcache._record import (
    FORMAT,
    MAGIC,
    PART_LIMIT,
    Header,
    check,
    files,
    read_header,
    read_value,
    read_view,
    seal,
)
from expcache._record._header_text import header_text
from expcache.errors import RecordError, RecordFormatError, TrustError

PREIMAGE = b"0123456789abcdef"
TEXTS = "id code experiment outcome started finished runtime host user attempt environment output"
TEXTS += " version owner generation directory launch number error"
HEADER = Header("a1" * 16, "c0" * 16, "study.fit", "done", {"C": 1.0})


class Model:
    """An object that needs a pickle."""

    def __init__(self) -> None:
        """Set a weight."""
        self.weight = 0.5


def sealed(value: object, **spill: Any) -> bytes:
    """Return the envelope of a value."""
    return seal(HEADER, encode_value(value), PREIMAGE, **spill)


PLAIN = sealed({"accuracy": 0.5})
TAGGED = sealed({"t": (1, 2), "b": b"x" * 2000})
FAILED = seal(HEADER, None, PREIMAGE)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)

scalars = (
    st.text(st.characters(codec="utf-8"))
    | st.just("\ud800")
    | st.none()
    | st.integers()
    | st.floats(-9, 9)
)
trees = st.lists(scalars, max_size=3) | st.dictionaries(st.text(), scalars, min_size=1, max_size=3)


@given(st.data())
def test_a_header_is_told_as_it_is(data: st.DataObject) -> None:
    """Its JSON is that of its fields in their order; what came later only if it says anything."""
    names = [item.name for item in dataclasses.fields(Header) if item.name != "extra"]
    late = names[names.index("value") + 1 :]
    made: dict[str, Any] = {
        name: data.draw(scalars if name in TEXTS.split() else trees, name) for name in names
    }
    header = Header(**made, extra={"newer": 1})
    told = json.loads(header_text(header, made["value"]))
    expected = {name: made[name] for name in names if name not in late or made[name]}
    assert told == expected | {"newer": 1}
    assert [name for name in told if name not in late] == [*names[: -len(late)], "newer"]


@given(json_values, st.lists(st.binary(max_size=4000)), st.text(st.characters(codec=None)))
def test_round_trip(value: object, chunks: list[bytes], output: str) -> None:
    """Header, value and parts come back; the parts lie aligned."""
    header = dataclasses.replace(HEADER, output=output, params={"value": describe(value)})
    envelope = seal(header, encode_value((value, chunks)), PREIMAGE)
    assert read_value(envelope, preimage=PREIMAGE) == (value, chunks)
    back = read_header(envelope)
    assert restore(back.params["value"]) == value
    if not any(0xD800 <= ord(letter) < 0xE000 for letter in output):
        assert back.output == output


def test_parts_are_aligned() -> None:
    """Each part begins at a multiple of 64 bytes."""
    chunks = [bytes([number]) * 1100 for number in range(1, 4)]
    envelope = sealed((1, chunks))
    assert [envelope.index(chunk) % 64 for chunk in chunks] == [0, 0, 0]


def test_decoded_values_are_independent() -> None:
    """Every reading gives fresh objects, arrays and all."""
    envelope = sealed({"b": bytearray(5000), "l": [1]})
    first, second = read_value(envelope), read_value(envelope)
    first["b"][0] = 1
    first["l"].append(2)
    assert second == {"b": bytearray(5000), "l": [1]}


@pytest.mark.parametrize("envelope", [PLAIN, TAGGED, FAILED], ids=["plain", "tagged", "failed"])
def test_every_flipped_bit_is_noticed(envelope: bytes) -> None:
    """Whichever byte is damaged, reading raises RecordError and nothing else."""
    for position in range(len(envelope)):
        damaged = bytearray(envelope)
        damaged[position] ^= 1 << position % 8
        for read in (check, read_header, read_value, read_view, files):
            with pytest.raises(RecordError):
                read(bytes(damaged))


@given(st.binary(min_size=1, max_size=40), st.integers(0), st.sampled_from([PLAIN, TAGGED]))
def test_overwritten_runs_are_noticed(junk: bytes, position: int, envelope: bytes) -> None:
    """A run of other bytes is noticed wherever it lies."""
    start = position % len(envelope)
    damaged = envelope[:start] + junk + envelope[start + len(junk) :]
    if damaged != envelope:
        with pytest.raises(RecordError):
            read_value(damaged)


@pytest.mark.parametrize("envelope", [PLAIN, TAGGED, FAILED], ids=["plain", "tagged", "failed"])
def test_every_truncation_is_noticed(envelope: bytes) -> None:
    """A record cut at any length is told to be truncated."""
    for size in range(1, len(envelope)):
        with pytest.raises(RecordError, match=f"it is truncated to {size} ") as caught:
            read_value(envelope[:size])
        assert caught.value.reason == "truncated"


REMEDY = "Compute the run again, or restore the record from a copy."


@pytest.mark.parametrize(
    ("envelope", "reason", "text"),
    [
        (b"", "empty", "it is empty"),
        (b"PK\x03\x04" * 40, "foreign", "it is no record of expcache"),
        (b"x", "foreign", "it is no record of expcache"),
        (PLAIN.replace(b"\r\n", b"\n", 1), "damaged",
         "its first bytes are damaged, as by a transfer in text mode"),
        (PLAIN + b"more", "damaged", "4 bytes follow its end"),
        (PLAIN[:-1] + bytes([PLAIN[-1] ^ 1]), "damaged",
         "it is damaged (its checksum is another)"),
        (PLAIN[:-10], "truncated", f"it is truncated to {len(PLAIN) - 10} of {len(PLAIN)} bytes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(envelope: bytes, reason: str, text: str) -> None:
    """Each kind of damage has its own words and its own reason."""
    with pytest.raises(RecordError) as caught:
        check(envelope)
    assert str(caught.value) == f"cannot read a record: {text}. {REMEDY}"
    assert caught.value.reason == reason


def test_newer_format() -> None:
    """A record of a newer format asks for an upgrade, whatever else is new in it."""
    newer = MAGIC + (FORMAT + 1).to_bytes(2, "little") + bytes(100)
    with pytest.raises(RecordFormatError) as caught:
        read_value(newer)
    assert str(caught.value) == (
        "cannot read a record: it has format 2, and this version of expcache knows formats up "
        "to 1. Upgrade expcache."
    )
    assert (caught.value.found, caught.value.supported) == (2, 1)


def test_other_params() -> None:
    """A record of other params is never served under this id."""
    check(PLAIN, PREIMAGE)
    for read in (lambda: check(PLAIN, bytes(16)), lambda: read_value(PLAIN, preimage=bytes(16))):
        with pytest.raises(RecordError, match="its params are not those of this run") as caught:
            read()
        assert caught.value.reason == "other params"


def test_preimage_has_16_bytes() -> None:
    """A preimage that does not fit is refused when sealing."""
    with pytest.raises(ValueError, match="the preimage has 3 bytes, not 16"):
        seal(HEADER, None, b"abc")


def test_failed_run_has_no_value() -> None:
    """The record of a failed run has a header and no value."""
    assert read_header(FAILED).value is None
    for read in (read_value, read_view):
        with pytest.raises(RecordError, match="the record has none, since its run failed"):
            read(FAILED)


def test_header_tells_of_the_value() -> None:
    """The header names codec, size and files of the value."""
    assert read_header(PLAIN).value == {"codec": "json", "nbytes": 16, "files": []}
    value = read_header(TAGGED).value
    assert value is not None
    assert value["codec"] == "tree"
    assert value["nbytes"] > 2000


def test_unknown_header_fields_are_kept() -> None:
    """Fields of newer versions survive reading and sealing again; absent ones have defaults."""
    newer = dataclasses.replace(HEADER, extra={"cluster": {"nodes": 2}})
    again = read_header(seal(read_header(seal(newer, None, PREIMAGE)), None, PREIMAGE))
    assert again.extra == {"cluster": {"nodes": 2}}
    assert (again.owner, again.generation, again.attempts) == (None, None, [])


def test_large_parts_are_spilled() -> None:
    """A part of a mebibyte goes to a file, is found by `files`, and is fetched to read."""
    large, small = bytes(PART_LIMIT), bytes(PART_LIMIT - 1)
    kept: dict[str, bytes] = {}

    def spill(part: memoryview, digest: str) -> str:
        kept[f"{digest}.part"] = bytes(part)
        return f"{digest}.part"

    asked = []

    def fetch(name: str, size: int, digest: str) -> bytes:
        asked.append((name, size, digest))
        return kept[name]

    envelope = sealed([large, small], spill=spill)
    assert list(kept.values()) == [large]
    (part,) = files(envelope)
    value = read_header(envelope).value
    assert value is not None
    assert value["files"] == [part.name]
    assert read_value(envelope, fetch=fetch) == [large, small]
    assert asked == [(part.name, part.size, part.digest)]
    with pytest.raises(RecordError, match="is kept in a file, and no store is at hand"):
        read_value(envelope)


def test_pickled_value_names_its_run() -> None:
    """An untrusted pickle is refused with the id of its run; its view can be read."""
    envelope = sealed(Model())
    with pytest.raises(TrustError) as caught:
        read_value(envelope)
    assert str(caught.value).startswith(
        f"cannot load the result of run {HEADER.id}: it is pickled (types {__name__}.Model)"
    )
    assert caught.value.id == HEADER.id
    assert read_view(envelope).fields == {"weight": 0.5}
    assert read_value(envelope, trust=True).weight == 0.5
    assert read_view(PLAIN) == {"accuracy": 0.5}


def test_pickle_in_any_place_is_never_run(tmp_path: pathlib.Path) -> None:
    """Nothing but a trusted reading of the value unpickles anything."""
    mark = tmp_path / "ran"

    class Gadget:
        def __reduce__(self) -> tuple[Any, ...]:
            return pathlib.Path.touch, (mark,)

    envelope = sealed([Gadget()])
    mark.unlink(missing_ok=True)
    check(envelope)
    read_header(envelope)
    read_view(envelope)
    files(envelope)
    with pytest.raises(TrustError):
        read_value(envelope)
    assert not mark.exists()
    read_value(envelope, trust=True)
    assert mark.exists()


def test_arrays_of_records_can_be_written_to() -> None:
    """Inline arrays are fresh; fetched ones can be written to where their buffer can."""
    np = pytest.importorskip("numpy")
    array = np.arange(PART_LIMIT // 8)
    inline = read_value(sealed({"x": array}))["x"]
    inline[0] = 5
    assert (inline[1:] == array[1:]).all()
    spilled = sealed({"x": array}, spill=lambda _part, digest: digest)
    buffers = (array.tobytes(), bytearray(array.tobytes()))
    mapped, fresh = (
        read_value(spilled, fetch=lambda *_, buffer=buffer: buffer)["x"] for buffer in buffers
    )
    assert not mapped.flags.writeable
    assert fresh.flags.writeable
    assert (mapped == array).all()


def test_sealing_a_large_array_copies_nothing() -> None:
    """Encoding and sealing 200 MB take next to no memory beside them."""
    pytest.importorskip("numpy")
    program = """
        import tracemalloc
        import numpy as np
        from expcache._codec import describe, encode_value, restore
        from expcache._record import Header, seal

        array = np.zeros(25_000_000).reshape(5, -1).T
        header = Header("a", "b", "c", "done")
        seal(header, encode_value({"x": np.zeros(3)}), bytes(16))
        tracemalloc.start()
        seal(header, encode_value({"x": array}), bytes(16), lambda part, digest: digest)
        print(tracemalloc.get_traced_memory()[1])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 2_000_000
