"""The laws of spaces, checked on spaces that hypothesis makes up."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

from expcache._lookup import Where
from expcache._space import Space, grid, points, star, zipped

VALUES = st.one_of(
    st.integers(-3, 3), st.sampled_from(["x", "y"]), st.none(), st.booleans(), st.just(math.nan)
)
AXIS = st.lists(VALUES, min_size=1, max_size=4)


def sources(names: str) -> st.SearchStrategy[Space]:
    """Spaces as the factories make them, over some of these names."""
    chosen = st.lists(st.sampled_from(names), unique=True, max_size=len(names))
    axes = chosen.flatmap(lambda keys: st.fixed_dictionaries(dict.fromkeys(keys, AXIS)))
    rows = st.lists(st.dictionaries(st.sampled_from(names), VALUES), max_size=4)
    columns = st.integers(1, 4).flatmap(
        lambda size: st.dictionaries(
            st.sampled_from(names), st.lists(VALUES, min_size=size, max_size=size)
        )
    )
    return st.one_of(
        axes.map(lambda given_axes: grid(**given_axes)),
        columns.map(lambda given_columns: zipped(**given_columns)),
        rows.map(points),
    )


def spaces(names: str) -> st.SearchStrategy[Space]:
    """Spaces over these names, some of them sliced, concatenated, filtered or made unique."""
    return st.recursive(
        sources(names),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
            inner.map(lambda space: space.unique()),
            inner.map(lambda space: space.filter(lambda **point: len(repr(point)) % 3)),
            inner.map(lambda space: space[1::2]),
        ),
        max_leaves=4,
    )


@given(spaces("abc"))
def test_the_length_is_the_number_of_points(space: Space) -> None:
    """`len`, `size`, truth and iteration agree."""
    assert len(space) == space.size == sum(1 for _ in space)
    assert bool(space) is (len(space) > 0)


@given(spaces("abc"))
def test_indexing_agrees_with_iteration(space: Space) -> None:
    """From both ends, whichever was read first."""
    by_index = [space[index] for index in range(len(space))]
    assert points(by_index) == space
    assert points([space[index - len(space)] for index in range(len(space))]) == space
    with pytest.raises(IndexError):
        space[len(space)]


@given(spaces("abc"), st.slices(12))
def test_slicing_agrees_with_lists(space: Space, part: slice) -> None:
    """A slice of a space has the points of the slice of its list."""
    read = list(space)
    assert points(read[part]) == space[part]


@given(st.dictionaries(st.sampled_from("abcd"), AXIS))
def test_a_grid_is_in_the_order_of_itertools_product(axes: dict[str, list[Any]]) -> None:
    """The first axis is slowest."""
    expected = [dict(zip(axes, row, strict=True)) for row in itertools.product(*axes.values())]
    assert list(grid(**axes)) == expected


@given(spaces("a"), spaces("b"), spaces("c"))
def test_products_are_associative(left: Space, middle: Space, right: Space) -> None:
    """Brackets do not matter, and lengths multiply."""
    assert (left * middle) * right == left * (middle * right)
    assert len(left * middle) == len(left) * len(middle)


@given(spaces("a"), spaces("b"))
def test_a_product_is_two_nested_loops(left: Space, right: Space) -> None:
    """Each point of the left is merged with each of the right in turn."""
    assert left * right == points([one | other for one in left for other in right])


@given(spaces("ab"), spaces("ab"), spaces("bc"))
def test_concatenation_is_that_of_lists(left: Space, middle: Space, right: Space) -> None:
    """Brackets do not matter, lengths add up, and order is kept."""
    assert (left + middle) + right == left + (middle + right)
    assert left + right == points([*left, *right])
    assert len(left + right) == len(left) + len(right)
    assert left + points([]) == left == points([]) + left


@given(spaces("a"), spaces("a"), spaces("b"))
def test_products_distribute_over_concatenation_from_the_right(
    left: Space, middle: Space, right: Space
) -> None:
    """`(a + b) * c` is `a * c + b * c`: the left is slowest."""
    assert (left + middle) * right == left * right + middle * right


@given(spaces("abc"), st.integers(1, 5))
def test_a_filter_keeps_what_a_loop_would(space: Space, modulus: int) -> None:
    """Filtering is filtering the list; twice is once; order and values stay."""

    def accepted(**point: object) -> bool:
        return len(repr(point)) % modulus == 0

    kept = space.filter(accepted)
    assert kept == points([point for point in space if accepted(**point)])
    assert kept.filter(accepted) == kept


@given(spaces("ab"), spaces("cd"), VALUES, st.sampled_from(["", "__ne", "__ge", "__lt"]))
def test_where_on_any_shape_is_where_on_its_points(
    left: Space, right: Space, value: object, suffix: str
) -> None:
    """Filtering the axes of a grid, or the sides of a product, changes nothing but the cost."""
    both = left * right
    for space in (both, both + left, both.derive(z=lambda **point: len(point))):
        lookups = {f"{name}{suffix}": value for name in space.names[:2]}
        where = Where.parse(lookups, space.names)
        matching = [point for point in space if where.matches(point)]
        assert space.where(**lookups) == points(matching)
        assert space.where(**lookups).names == space.names


@given(spaces("ab"), VALUES)
def test_where_and_its_opposite_share_out_the_points(space: Space, value: object) -> None:
    """Each point that has the parameter either equals or does not."""
    for name in space.names:
        having = sum(name in point for point in space)
        equal, unequal = space.where(**{name: value}), space.where(**{f"{name}__ne": value})
        assert len(equal) + len(unequal) == having
        assert equal == space.where(**{f"{name}__in": [value]})


@given(spaces("abc"))
def test_unique_is_idempotent(space: Space) -> None:
    """Once is enough, no point is lost altogether, and order is kept."""
    once = space.unique()
    assert once.unique() == once
    assert all(point in once for point in space)
    assert (space + space).unique() == once


@given(spaces("abc"), st.integers(0, 2**70), st.data())
def test_a_sample_is_a_part_in_order(space: Space, seed: int, data: st.DataObject) -> None:
    """It has the size asked for, of distinct positions, and is drawn alike each time."""
    number = data.draw(st.integers(0, len(space)))
    numbered = space * grid()
    sample = list(zipped(position=range(len(space) + 1)).sample(number, seed=seed))
    positions = [point["position"] for point in sample]
    assert len(set(positions)) == number
    assert positions == sorted(positions)
    drawn = space.sample(number, seed=seed)
    assert drawn == numbered.sample(number, seed=seed)
    assert len(drawn) == number
    assert all(point in space for point in drawn)


@given(spaces("ab"), st.integers(0, 4))
def test_repeating_is_multiplying_by_a_seed(space: Space, times: int) -> None:
    """The copies stand together and are numbered."""
    copies = [point | {"seed": seed} for point in space for seed in range(times)]
    assert space.repeat(times) == points(copies)


@given(spaces("abc"))
def test_deriving_completes_each_point(space: Space) -> None:
    """In iteration as by index."""
    derived = space.derive(z=lambda **point: sorted(point))
    assert derived == points([point | {"z": sorted(point)} for point in space])


@given(st.lists(st.integers(-3, 3), min_size=1), st.lists(st.integers(-3, 3), min_size=1))
def test_a_star_has_the_center_once(first: list[int], second: list[int]) -> None:
    """Every other point differs from the center in one parameter."""
    center = {"a": 0, "b": 0}
    shape = list(star(center, a=first, b=second))
    assert shape[0] == center
    assert all(sum(bool(value) for value in point.values()) == 1 for point in shape[1:])
    assert len(shape) == 1 + sum(value != 0 for value in first + second)
