"""Canonical bytes of numpy's arrays and scalars."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from expcache._encode import digest, encode
from expcache.errors import IdentityError

np = pytest.importorskip("numpy")
from expcache._encode import _buffer  # noqa: E402 - needs numpy

if TYPE_CHECKING:
    from pathlib import Path

SQUARE = np.arange(9.0).reshape(3, 3)
PACKED = np.dtype([("a", "i1"), ("b", "f8")])
ALIGNED = np.dtype([("a", "i1"), ("b", "f8")], align=True)


def record(dtype: Any, padding: int) -> Any:
    """Return one record whose padding bytes are garbage."""
    value = np.full(1, padding, dtype=np.uint8).repeat(dtype.itemsize).view(dtype)
    value["a"], value["b"] = 1, 2.0
    return value


def of_bits(*bits: int) -> Any:
    """Return the floats that have these bits."""
    return np.array(bits, dtype="<u8").view("<f8")


EQUAL = {
    "memory order": (SQUARE, np.asfortranarray(SQUARE)),
    "strided view": (np.arange(10)[::2], np.arange(10)[::2].copy()),
    "reversed view": (np.arange(10)[::-1], np.arange(9, -1, -1)),
    "broadcast": (np.broadcast_to(np.float64(1), (3, 2)), np.ones((3, 2))),
    "byte order": (np.arange(5, dtype=">i4"), np.arange(5, dtype="<i4")),
    "byte order of text": (np.array(["a", "b"], dtype=">U3"), np.array(["a", "b"], dtype="<U3")),
    "NaN payloads": (of_bits(0x7FF8 << 48, 0), of_bits(0xFFF0_0000_0000_0001, 0)),
    "NaN in complex": (np.array([complex(np.nan, 1)]), np.array([complex(-np.nan, 1)])),
    "NaN in half floats": (
        np.array([0x7E00], dtype="u2").view("f2"),
        np.array([0xFC01], dtype="u2").view("f2"),
    ),
    "padding": (record(ALIGNED, 1), record(ALIGNED, 255)),
    "alignment": (record(ALIGNED, 1), record(PACKED, 1)),
    "objects": (np.array(["a", "aaa"], dtype=object), np.array(["a", "a" * 3], dtype=object)),
    "under the mask": (
        np.ma.masked_array([1.0, 2.0], [False, True]),
        np.ma.masked_array([1.0, 3.0], [False, True]),
    ),
    "float64 scalar": (np.float64(1.5), 1.5),
    "int64 scalar": (np.int64(3), 3),
    "longlong scalar": (np.longlong(3), 3),
    "bool scalar": (np.bool_(True), True),  # noqa: FBT003 - numpy's own signature
    "complex scalar": (np.complex128(1 + 2j), 1 + 2j),
    "text scalar": (np.str_("a"), "a"),
    "NaN scalar": (np.float64("nan"), float("nan")),
    "linspace": (list(np.linspace(0, 1, 20)), np.linspace(0, 1, 20).tolist()),
    "dtype": (np.dtype(">f8"), np.dtype("<f8")),
    "seed sequence": (np.random.SeedSequence(3), np.random.SeedSequence(3)),
}

DIFFERENT: dict[str, tuple[Any, ...]] = {
    "transposed square": (SQUARE, SQUARE.T),
    "empty shapes": (np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(0)),
    "shape": (np.zeros(4), np.zeros((2, 2)), np.zeros((4, 1)), np.zeros((1, 4))),
    "same bytes": (np.zeros(4, "i4"), np.zeros(2, "i8"), np.zeros(2, "f8"), np.zeros(2, "u8")),
    "bool and int": (np.array([True]), np.array([1], "i1"), np.array([1]), np.array([1.0])),
    "zeros": (np.array([0.0]), np.array([-0.0]), np.array([np.nan]), np.array([np.inf])),
    "list": (np.array([1.0]), [1.0], (1.0,), 1.0, np.array(1.0)),
    "text": (np.array(["a"]), np.array([b"a"]), np.array(["a"], object), np.array(["a"], "U2")),
    "units": (
        np.array([1], "M8[s]"),
        np.array([1], "M8[ns]"),
        np.array([1], "m8[s]"),
        np.array([1]),
        np.array(["NaT"], "M8[s]"),
    ),
    "field names": (np.zeros(1, [("a", "i4")]), np.zeros(1, [("b", "i4")]), np.zeros(1, "i4")),
    "field order": (
        np.zeros(1, [("a", "i4"), ("b", "i4")]),
        np.zeros(1, [("b", "i4"), ("a", "i4")]),
    ),
    "blocks": (np.zeros(1, [("a", "i4", (2,))]), np.zeros(1, [("a", "i4", (2, 1))])),
    "mask": (
        np.ma.masked_array([1.0, 2.0], [False, True]),
        np.ma.masked_array([1.0, 2.0], [True, False]),
        np.ma.masked_array([1.0, 2.0], [False, True], fill_value=7),
        np.array([1.0, 2.0]),
        np.ma.masked,
    ),
    "objects": (
        np.array([None, 1], object),
        np.array([np.nan, 1], object),
        np.array([None, 1.0], object),
    ),
    "scalars": (np.float32(1.5), np.float16(1.5), 1.5, np.array(1.5), np.complex64(1.5)),
    "integer scalars": (np.int32(1), np.uint64(1), np.int8(1), 1, np.array(1)),
    "time scalars": (np.datetime64(1, "s"), np.datetime64(1, "ms"), np.timedelta64(1, "s")),
    "bytes scalar": (np.bytes_(b"a"), b"a", np.array(b"a")),
    "dtypes": (np.dtype("f4"), np.dtype("f8"), np.dtype("i8"), "f8", PACKED),
    "ufuncs": (np.add, np.subtract, np.sum, np.mean, max),
    "seed sequences": (
        np.random.SeedSequence(1),
        np.random.SeedSequence(2),
        np.random.SeedSequence(1, spawn_key=(1,)),
    ),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_equal(one: object, other: object) -> None:
    """Equal values of one dtype have the same bytes, however they lie in memory."""
    assert encode(one) == encode(other)


@pytest.mark.parametrize("values", DIFFERENT.values(), ids=DIFFERENT)
def test_different(values: tuple[object, ...]) -> None:
    """Dtype, shape, unit, mask, names and values all count."""
    assert len({encode(value) for value in values}) == len(values)


def test_matrix() -> None:
    """A subclass of arrays is none: its type counts."""
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0]])
    assert encode(matrix) != encode(np.array([[1.0]]))


def test_subclass_state() -> None:
    """What a subclass keeps in its instances counts too."""

    class Quantity(np.ndarray):  # type: ignore[misc, name-defined]
        """An array with a unit."""

        unit: str

    metre, inch = np.ones(2).view(Quantity), np.ones(2).view(Quantity)
    metre.unit, inch.unit = "m", "in"
    assert len({encode(value) for value in (metre, inch, np.ones(2))}) == 3


def test_memmap(tmp_path: Path) -> None:
    """A memory map is identified as the array that it maps, not as its file."""
    mapped = np.memmap(tmp_path / "a", dtype="f8", mode="w+", shape=(3,))
    mapped[:] = 1.0
    assert encode(mapped) == encode(np.ones(3))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.longdouble(1), "longdouble has no canonical form. Convert it to float64"),
        (np.zeros(1, "G"), "has no canonical form. Convert it to float64"),
        (np.random.default_rng(1), "a Generator has no canonical form. Pass a seed, and make"),
        (np.random.RandomState(1), "a RandomState has no canonical form. Pass a seed, and make"),
        (np.random.PCG64(1), "a PCG64 has no canonical form. Pass a seed, and make"),
        (np.frompyfunc(abs, 1, 1), "a private ufunc has no canonical form. Pass the"),
        (np.array([0, object()], object), "value[1]: an object has no canonical form."),
        (np.nditer(SQUARE), "a nditer has no canonical form. Pass"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_refused(value: object, message: str) -> None:
    """What differs between platforms, or changes in use, is refused."""
    with pytest.raises(IdentityError) as caught:
        encode(value)
    assert message in str(caught.value)


def test_string_dtype() -> None:
    """Arrays of strings of any length are written item by item, with their missing value."""
    dtypes = pytest.importorskip("numpy.dtypes")
    if not hasattr(dtypes, "StringDType"):
        pytest.skip("numpy 1 has no StringDType")
    plain = np.array(["a", "b" * 99], dtype=dtypes.StringDType())
    missing = np.array(["a", "b" * 99], dtype=dtypes.StringDType(na_object=None))
    assert encode(plain) == encode(plain.copy()) != encode(missing)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "c16", "c8", "i8", "U3", "M8[s]", "S5"])
@pytest.mark.parametrize("chunk", [16, 64, 1 << 20])
def test_chunks(dtype: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest does not depend on how an array is cut into chunks, or copied."""
    values = np.arange(60).astype(dtype).reshape(3, 4, 5)
    whole = digest(values.astype(values.dtype.newbyteorder("<")).tobytes())
    monkeypatch.setattr(_buffer, "_CHUNK", chunk)
    for same in (values, np.asfortranarray(values), values.astype(values.dtype.newbyteorder(">"))):
        assert _buffer.fingerprint(same).hex() == whole


@pytest.mark.parametrize("chunk", [16, 64, 1 << 20])
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "c16"])
def test_one_nan_far_behind(dtype: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A NaN in any chunk is found, whatever its sign, and what surrounds it stays."""
    monkeypatch.setattr(_buffer, "_CHUNK", chunk)
    values = np.arange(50).astype(dtype)
    found = set()
    for place in (0, 1, 25, 49):
        one, other = values.copy(), values.copy()
        one[place], other[place] = np.nan, -np.nan
        assert encode(one) == encode(other)
        found.add(encode(one))
    assert len(found | {encode(values)}) == 5


@pytest.mark.parametrize("place", [0, 77_777, 199_999])
def test_every_row_counts(place: int) -> None:
    """A large array is never sampled."""
    values = np.zeros((200_000, 2))
    before = encode(values)
    values[place, 1] = 1.0
    assert encode(values) != before


def test_no_copy() -> None:
    """A large contiguous array is hashed where it lies; a strided one through a small buffer."""
    values = np.zeros((4_000, 2_000))
    for array in (values, values.T, values[:, ::2]):
        encode(array)
        tracemalloc.start()
        encode(array)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < array.nbytes / 8


def test_path_in_a_record() -> None:
    """A refused object in a record array is found by its field."""
    value = np.array([(1, object())], dtype=[("a", "i4"), ("b", object)])
    with pytest.raises(IdentityError, match=r"identify value\['b'\]\[0\]: an object"):
        encode(value)
