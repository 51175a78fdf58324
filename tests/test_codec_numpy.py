"""numpy's arrays and scalars as results: every byte, without pickle and without copies."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expcache._codec import Opaque, decode_value, describe, encode_value, restore, to_json
from expcache.errors import RecordError

np = pytest.importorskip("numpy")
extra = pytest.importorskip("hypothesis.extra.numpy")


def round_trip(value: object) -> Any:
    """Encode, pass through JSON text and fresh buffers, decode without trust."""
    encoded = encode_value(value)
    assert encoded.codec == "tree"
    parts = [bytearray(part) for part in encoded.parts]
    tree = json.loads(to_json(encoded.tree))
    return decode_value(encoded.codec, tree, parts, encoded.pickle, trust=False)


def same_array(one: Any, other: Any) -> bool:
    """Tell whether two arrays are equal in dtype, shape, memory order and bytes."""
    return bool(
        type(one) is type(other)
        and one.dtype == other.dtype
        and one.shape == other.shape
        and one.tobytes() == other.tobytes()
        and one.flags.f_contiguous == other.flags.f_contiguous
        and other.flags.writeable
    )


dtypes = st.one_of(
    extra.scalar_dtypes(),
    extra.unicode_string_dtypes(),
    extra.byte_string_dtypes(),
    extra.array_dtypes(),
    extra.nested_dtypes(),
)


@given(extra.arrays(dtypes, extra.array_shapes(min_dims=0, min_side=0, max_side=4)), st.booleans())
def test_arrays_are_exact(array: Any, turned: bool) -> None:  # noqa: FBT001  # drawn, not passed
    """An array of any dtype without objects comes back with every byte and its order."""
    value = array.copy(order="F") if turned else array
    assert same_array(value, round_trip(value))


@given(extra.scalar_dtypes().flatmap(lambda dtype: extra.arrays(dtype, 1)))
def test_scalars_are_exact(array: Any) -> None:
    """A numpy scalar keeps its type and its bytes."""
    back = round_trip(array[0])
    assert type(back) is type(array[0])
    assert back.tobytes() == array[0].tobytes()
    assert back.dtype == array[0].dtype


def test_scalars_keep_a_type_of_equal_width() -> None:
    """Two types of the same width are still two types."""
    values = [
        np.longlong(1),
        np.int64(1),
        np.intc(1),
        np.bool_(1),
        np.str_("a"),
        np.bytes_(b"b"),
    ]
    assert [type(value) for value in round_trip(values)] == [type(value) for value in values]


@given(extra.arrays(extra.scalar_dtypes(), extra.array_shapes(max_side=3)))
def test_small_arrays_are_described_exactly(array: Any) -> None:
    """An array of up to a kibibyte is described by its bytes."""
    tree = json.loads(to_json(describe([array])))
    back = restore(tree)[0]
    if array.nbytes <= 1024:
        assert same_array(array, back)
    else:
        assert isinstance(back, Opaque)


def test_arrays_become_parts_without_a_copy() -> None:
    """The part of a contiguous array, turned or not, is its own memory."""
    array = np.zeros((30, 40))
    for value in (array, array.T):
        (part,) = encode_value({"x": value}).parts
        assert np.shares_memory(np.frombuffer(part, np.uint8), array)


def test_array_with_gaps_is_copied() -> None:
    """A strided array is written as a contiguous one."""
    value = np.arange(100)[::3]
    assert same_array(value.copy(), round_trip(value))


def test_bytes_are_never_taken_for_objects() -> None:
    """A forged tree cannot make numpy take bytes for pointers."""
    for dtype in ("|O", "O", {"base": "|O", "shape": [1]}):
        tree = {"~array": {"shape": [1], "dtype": dtype, "part": 0}}
        with pytest.raises(RecordError, match="objects have no raw bytes"):
            decode_value("tree", tree, [bytearray(8)], None, trust=True)


def test_one_array_is_one_part() -> None:
    """An array that occurs twice is kept once."""
    array = np.zeros(1000)
    assert len(encode_value([array, {"again": array}]).parts) == 1


def test_decoding_is_over_the_buffer() -> None:
    """An array can be written to where its buffer can: a read-only map stays one."""
    encoded = encode_value(np.arange(1000))
    frozen = decode_value("tree", encoded.tree, [bytes(encoded.parts[0])], None, trust=False)
    assert not frozen.flags.writeable
    assert frozen.sum() == 499500


def test_object_arrays_are_written_item_by_item() -> None:
    """An object array of supported items needs no pickle, whatever its shape and order."""
    value = np.empty((2, 2), dtype=object, order="F")
    value[:] = [[1, (2, "x")], [None, np.float32(0.5)]]
    back = round_trip(value)
    assert back.dtype == object
    assert back.tolist() == value.tolist()
    assert type(back[1, 1]) is np.float32
    assert back.flags.f_contiguous


def test_object_array_of_arrays() -> None:
    """Arrays within an object array stay items and are not joined."""
    value = np.empty(2, dtype=object)
    value[0], value[1] = np.arange(2), np.arange(2)
    back = round_trip(value)
    assert back.shape == (2,)
    assert same_array(value[1], back[1])


def test_aligned_structures_keep_their_layout() -> None:
    """Offsets, padding and titles of a structured dtype are part of it."""
    dtype = np.dtype([(("a title", "a"), "i1"), ("b", "f8", (2,))], align=True)
    back = round_trip(np.ones(2, dtype))
    assert back.dtype == dtype
    assert back.dtype.isalignedstruct
    assert back["a title"].tolist() == [1, 1]


@pytest.mark.parametrize("array", ["masked", "matrix", "metadata", "string", "objects"])
def test_other_arrays_are_pickled(array: str) -> None:
    """Subclasses and dtypes that raw bytes cannot carry fall to a pickle."""
    kinds: dict[str, Any] = {
        "masked": lambda: np.ma.masked_array([1, 2], [True, False]),
        "matrix": lambda: np.recarray(2, dtype=[("a", "i4")]),
        "metadata": lambda: np.zeros(2, np.dtype("f8", metadata={"unit": "m"})),
        "string": lambda: np.array(["a"], np.dtypes.StringDType()),
        "objects": lambda: np.zeros(2, [("a", "i4"), ("b", object)]),
    }
    if array == "string" and not hasattr(getattr(np, "dtypes", None), "StringDType"):
        pytest.skip("numpy 1 has no StringDType")
    value = kinds[array]()
    encoded = encode_value({"x": value})
    assert encoded.codec == "pickle"
    back = decode_value("pickle", None, encoded.parts, encoded.pickle, trust=True)["x"]
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_large_arrays_of_pickled_objects_are_parts() -> None:
    """The arrays of an object that needs a pickle are taken out of its stream uncopied."""
    array = np.zeros(100_000)
    encoded = encode_value({"x": array, "model": object})
    assert encoded.codec == "pickle"
    assert len(encoded.parts) == 2
    assert np.shares_memory(np.frombuffer(encoded.parts[1], np.uint8), array)


def test_large_array_is_described_by_its_digest() -> None:
    """A large array restores as opaque, with dtype, shape and digest; equal ones are equal."""
    first, second = (restore(describe(np.arange(count))) for count in (1000, 1000))
    assert first == second
    assert first != restore(describe(np.arange(1, 1001)))
    assert repr(first) == "<only described: numpy.ndarray int64 (1000,)>"
