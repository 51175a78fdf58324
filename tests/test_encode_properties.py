"""Laws of the canonical bytes, over generated values."""

from __future__ import annotations

import copy
import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expcache._encode import encode

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-3, max_value=3)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(), max_size=5)
    | st.binary(max_size=5)
    | st.binary(max_size=5).map(bytearray)
)
KEYS = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.binary(max_size=3)
HASHABLE = KEYS | st.tuples(KEYS, KEYS) | st.frozensets(KEYS, max_size=3)
VALUES = st.recursive(
    SCALARS | HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.sets(HASHABLE, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
    ),
    max_leaves=8,
)


def bits(value: float) -> object:
    """Return what tells one float from another; every NaN is one."""
    return "nan" if value != value else struct.pack(">d", value)  # noqa: PLR0124 - NaN test


def exactly(value: Any) -> Any:  # noqa: PLR0911 - one line a kind
    """Return a hashable structure that is equal only for values of equal types and content."""
    kind = type(value)
    if kind is float:
        return kind, bits(value)
    if kind is complex:
        return kind, bits(value.real), bits(value.imag)
    if kind is bytearray:
        return kind, bytes(value)
    if kind in {list, tuple}:
        return kind, tuple(map(exactly, value))
    if kind in {set, frozenset}:
        return kind, frozenset(map(exactly, value))
    if kind is dict:
        return kind, frozenset((exactly(key), exactly(item)) for key, item in value.items())
    return kind, value


def turned(value: Any) -> Any:
    """Return an equal value whose mappings and sets were built the other way round."""
    kind = type(value)
    if kind in {list, tuple}:
        return kind(map(turned, value))
    if kind in {set, frozenset}:
        return kind(reversed(list(value)))
    if kind is dict:
        return {key: turned(item) for key, item in reversed(list(value.items()))}
    return value


@given(VALUES)
def test_twice(value: object) -> None:
    """Encoding is a function of the value, and a copy is the same value."""
    assert encode(value) == encode(value) == encode(copy.deepcopy(value))


@given(VALUES)
def test_order(value: object) -> None:
    """The order in which mappings and sets were filled does not count."""
    assert encode(value) == encode(turned(value))


@given(VALUES, VALUES)
def test_injective(one: object, other: object) -> None:
    """Bytes are equal exactly where values are equal in type and content."""
    assert (encode(one) == encode(other)) == (exactly(one) == exactly(other))


@given(st.lists(VALUES, max_size=12))
def test_prefix_free(values: list[object]) -> None:
    """No value's bytes begin with those of another, so that sequences need no separator."""
    written = sorted({encode(value) for value in values})
    for one, other in pairwise(written):
        assert not other.startswith(one)


@given(st.lists(st.floats() | st.integers(), min_size=14, max_size=40))
def test_packed(values: list[float]) -> None:
    """Lists that are packed at once have the bytes of their items one by one."""
    assert encode(values)[9:] == b"".join(map(encode, values))


def test_numpy_arrays() -> None:
    """Arrays have the same bytes exactly where dtype, shape and values are the same."""
    np = pytest.importorskip("numpy")
    extra = pytest.importorskip("hypothesis.extra.numpy")
    dtypes = st.sampled_from(["f8", "f4", "i8", "i4", "u1", "bool", "c16", "M8[s]", "U2"])
    arrays = dtypes.flatmap(lambda dtype: extra.arrays(dtype, extra.array_shapes(max_side=3)))

    @given(arrays, arrays)
    def law(one: Any, other: Any) -> None:
        """Compare as numpy does, but with the sign of zeros."""
        assert encode(one) == encode(np.asfortranarray(one))
        assert encode(one) == encode(one.astype(one.dtype.newbyteorder(">")))
        same = one.dtype == other.dtype and one.shape == other.shape
        if same and one.dtype.kind in "fc":
            pairs = zip(one.ravel().tolist(), other.ravel().tolist(), strict=True)
            same = all(exactly(left) == exactly(right) for left, right in pairs)
        elif same:
            same = one.tobytes() == other.tobytes()
        assert (encode(one) == encode(other)) == same

    law()
