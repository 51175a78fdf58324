"""Spaces: how they are written down, read, combined, and what they refuse."""

from __future__ import annotations

import copy
import enum
import itertools
import pickle
import sys
from typing import TYPE_CHECKING, Any

import pytest

from expcache._space import Space, grid, points, star, zipped
from expcache.errors import IdentityError, QueryError, SpaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Counted:
    """A predicate over `a` that counts its calls."""

    def __init__(self, accept: Callable[[int], bool]) -> None:
        """Keep what decides."""
        self.accept = accept
        self.calls = 0

    def __call__(self, a: int) -> bool:
        """Count and decide."""
        self.calls += 1
        return self.accept(a)


def is_even(a: int) -> bool:
    """Whether `a` is even; at module level, so that it pickles."""
    return a % 2 == 0


def refused(build: Callable[[], object]) -> str:
    """Return the message of the SpaceError that building raises."""
    with pytest.raises(SpaceError) as caught:
        build()
    return str(caught.value)


# ruff: noqa: C408 - points are written as the keyword arguments that they become


def test_a_grid_combines_its_axes_first_slowest() -> None:
    """Every combination is there, in the order of nested loops."""
    space = grid(a=[1, 2], b=["x", "y"])
    assert list(space) == [dict(a=1, b="x"), dict(a=1, b="y"), dict(a=2, b="x"), dict(a=2, b="y")]
    assert len(space) == space.size == 4
    assert space.names == ("a", "b")


def test_a_grid_without_axes_is_one_empty_point() -> None:
    """It is the unit of multiplication, and so is zipping nothing."""
    assert list(grid()) == list(zipped()) == [{}]
    assert grid() * grid(a=[1, 2]) == grid(a=[1, 2])


@pytest.mark.parametrize(
    "constant", ["rbf", b"rbf", bytearray(b"rbf"), {"k": 1}, None, 3, 2.5, True, max, object()]
)
def test_what_is_no_collection_of_values_is_a_constant(constant: object) -> None:
    """Texts, bytes, mappings, None and what is no iterable stand for themselves."""
    assert [point["c"] for point in grid(a=[1, 2], c=constant)] == [constant, constant]
    assert [point["c"] for point in zipped(a=[1, 2], c=constant)] == [constant, constant]
    assert grid(c=constant)[0]["c"] is constant


def test_a_list_around_a_constant_makes_it_one_value() -> None:
    """Wrapping is how an iterable becomes a value."""
    assert list(grid(a=[[1, 2]])) == [dict(a=[1, 2])]


def test_an_axis_may_be_any_ordered_iterable() -> None:
    """Tuples, ranges, generators, dict views and enum classes give their values."""

    class Kind(enum.Enum):
        LINEAR = 1
        RBF = 2

    assert [point["a"] for point in grid(a=(number**2 for number in range(3)))] == [0, 1, 4]
    assert [point["a"] for point in grid(a=dict(x=1, y=2).keys())] == ["x", "y"]
    assert [point["a"] for point in grid(a=Kind)] == [Kind.LINEAR, Kind.RBF]
    assert [point["a"] for point in grid(a=(3, 4))] == [3, 4]


def test_a_generator_is_read_once() -> None:
    """A space made of a generator can be read again."""
    space = grid(a=iter([1, 2]))
    assert list(space) == list(space) == [dict(a=1), dict(a=2)]
    same_points = points(dict(a=number) for number in (1, 2))
    assert list(same_points) == list(same_points) == list(space)


def test_a_space_does_not_follow_a_list_that_changes() -> None:
    """Axes and points are copied when the space is made."""
    axis, point = [1, 2], dict(a=1)
    spaces = [grid(a=axis), zipped(a=axis), points([point])]
    before = [list(space) for space in spaces]
    axis.append(3)
    point["a"] = 9
    assert [list(space) for space in spaces] == before


def test_numpy_axes_give_python_scalars() -> None:
    """One-dimensional arrays of plain kinds do; rows of others stay arrays."""
    numpy = pytest.importorskip("numpy")
    values = [point["a"] for point in grid(a=numpy.linspace(0, 1, 3))]
    assert values == [0.0, 0.5, 1.0]
    assert {type(value) for value in values} == {float}
    assert type(grid(a=numpy.arange(2))[1]["a"]) is int
    assert type(grid(a=numpy.array([True]))[0]["a"]) is bool
    assert type(grid(a=numpy.array(["x"]))[0]["a"]) is str
    rows = grid(a=numpy.eye(2))
    assert len(rows) == 2
    assert rows[0]["a"].tolist() == [1.0, 0.0]
    days = numpy.array(["2024-01-01", "2024-01-02"], dtype="datetime64[ns]")
    assert grid(a=days)[0]["a"] == days[0]
    assert type(grid(a=days)[0]["a"]) is numpy.datetime64
    point = numpy.array(3.0)
    assert grid(a=point)[0]["a"] is point


def test_pandas_axes_give_python_scalars() -> None:
    """Columns and indexes give their values; a whole table is refused with the remedy."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    space = zipped(a=frame["a"], b=frame["b"], c=frame.index)
    assert list(space) == [dict(a=1, b=0.5, c=0), dict(a=2, b=1.5, c=1)]
    assert [type(value) for value in space[0].values()] == [int, float, int]
    assert refused(lambda: grid(a=frame)) == (
        "cannot build axis 'a': a DataFrame is a table, not a list of values. "
        "Name a column, or use points(frame.to_dict('records')) for its rows."
    )
    assert points(frame.to_dict("records")) == zipped(a=[1, 2], b=[0.5, 1.5])


@pytest.mark.parametrize("factory", [grid, zipped])
def test_a_bad_axis_is_refused(factory: Callable[..., Space]) -> None:
    """An empty axis and one without order are errors that name it."""
    assert refused(lambda: factory(a=[1], b=[])) == (
        "cannot build axis 'b': it is empty. "
        "Give it at least one value, or leave the parameter out."
    )
    assert refused(lambda: factory(a={1, 2})) == (
        "cannot build axis 'a': a set has no order. Use sorted(...) to give it one."
    )
    assert "a frozenset has no order" in refused(lambda: factory(a=frozenset()))


def test_zipped_axes_go_in_lock_step() -> None:
    """The first values make the first point, and constants are the same in each."""
    space = zipped(a=[1, 2], kind="x", b=range(10, 12), none=None)
    assert list(space) == [
        dict(a=1, kind="x", b=10, none=None),
        dict(a=2, kind="x", b=11, none=None),
    ]
    assert list(space[0]) == ["a", "kind", "b", "none"]
    assert space[-1] == dict(a=2, kind="x", b=11, none=None)
    assert len(space) == 2


def test_zipped_constants_alone_are_one_point() -> None:
    """Without an axis there is one point."""
    assert list(zipped(a="x", b=1)) == [dict(a="x", b=1)]


def test_unequal_lengths_are_refused() -> None:
    """The message shows the lengths; a list of one value is not stretched."""
    assert refused(lambda: zipped(a=[1, 2, 3], b=[77, 88], c="x")) == (
        "cannot zip axes of unequal lengths: 'a' has 3, 'b' has 2. "
        "Give them one length, or a bare value to those that are constant."
    )
    assert "'a' has 1, 'b' has 2" in refused(lambda: zipped(a=[1], b=[1, 2]))


def test_points_are_taken_as_they_are() -> None:
    """Names may differ; the space has all of them, in the order in which they appear."""
    space = points([dict(b=1), dict(a=2, b=3), {}])
    assert list(space) == [dict(b=1), dict(a=2, b=3), {}]
    assert space.names == ("b", "a")
    assert len(points([])) == 0
    assert points(grid(a=[1, 2])) == grid(a=[1, 2])


def test_bad_points_are_refused() -> None:
    """Points are mappings with text keys, in an iterable."""
    assert refused(lambda: points([dict(a=1), 3])) == (  # type: ignore[list-item]
        "cannot read point 1: 3 is no mapping. "
        "Give each point as a dict of parameter names and values."
    )
    assert refused(lambda: points([{1: 2}])) == (  # type: ignore[dict-item]
        "cannot read point 0: its key 1 is no text. Name parameters by strings."
    )
    for given in (dict(a=1), 3):
        assert refused(lambda given=given: points(given)) == (  # type: ignore[misc]
            f"cannot read points from {given!r}: it is no iterable of mappings. "
            "Put the mapping of a single point in a list."
        )


def test_a_star_varies_each_axis_alone() -> None:
    """The center comes first, and is not repeated by an axis that holds its value."""
    space = star(dict(a=1, b=2, c=[0]), a=[0, 1.0, 3], b=[2, 4])
    assert list(space) == [
        dict(a=1, b=2, c=[0]),
        dict(a=0, b=2, c=[0]),
        dict(a=3, b=2, c=[0]),
        dict(a=1, b=4, c=[0]),
    ]
    assert space[2] == dict(a=3, b=2, c=[0])
    assert list(star(dict(a=1))) == [dict(a=1)]
    assert list(star(dict(center=1), center=[1, 2])) == [dict(center=1), dict(center=2)]


def test_a_bad_star_is_refused() -> None:
    """An axis needs a value in the center, and the center is a mapping."""
    assert refused(lambda: star(dict(a=1), b=[1], c=[2])) == (
        "cannot build a star: the center has no 'b', 'c'. Give the center a value for each axis."
    )
    assert "3 is no mapping" in refused(lambda: star(3))  # type: ignore[arg-type]
    assert "it is empty" in refused(lambda: star(dict(a=1), a=[]))


def test_parameters_may_have_any_name() -> None:
    """No argument of expcache's own is in the way of a parameter."""
    given: dict[str, Any] = {"self": [1], "name": [2], "axes": [3], "given": [4], "a b": [5]}
    space = grid(**given)
    assert space[0] == {name: value for name, (value,) in given.items()}
    assert len(space.where(self=1, name=2)) == 1
    assert points([{}]).derive(self=lambda: 1)[0] == dict(self=1)


def test_every_reading_gives_new_dicts() -> None:
    """Changing a point changes neither the space nor what others read."""
    base = grid(a=[1, 2])
    listed = points([dict(a=1), dict(a=2)])
    spaces = [base, zipped(a=[1, 2]), listed, listed * grid(b=[1]), base + listed, base[:]]
    spaces += [base.filter(is_even), listed.unique(), base.derive(b=lambda a: a)]
    for space in spaces:
        first = next(iter(space))
        before = dict(first)
        first["a"] = "changed"
        space[0]["a"] = "changed"
        assert next(iter(space)) == space[0] == before


def test_indexing_counts_from_both_ends() -> None:
    """An index past either end is an IndexError that tells the size."""
    space = grid(a=[1, 2, 3])
    assert space[0] == dict(a=1)
    assert space[-1] == dict(a=3)
    assert space[-3] == dict(a=1)
    for index in (3, -4):
        with pytest.raises(IndexError, match=rf"cannot take point {index}: .* has 3 points\."):
            space[index]
    with pytest.raises(TypeError):
        space["a"]  # type: ignore[call-overload]
    assert list(reversed(space)) == [dict(a=3), dict(a=2), dict(a=1)]


def test_a_slice_is_a_space() -> None:
    """Slices of slices too, in any direction."""
    space = grid(a=range(10))
    assert isinstance(space[2:5], Space)
    for part in (slice(2, 5), slice(None, None, -2), slice(-3, None), slice(8, 20), slice(5, 2)):
        assert [point["a"] for point in space[part]] == list(range(10))[part]
        assert len(space[part]) == len(range(10)[part])
    assert space[2:8][1:3] == zipped(a=[3, 4])
    assert space[2:8].where(a=4) == grid(a=4)


def test_membership_and_truth() -> None:
    """A point is in the space when an equal one is; a space is true when it has a point."""
    space = grid(a=[1, float("nan")])
    assert dict(a=1.0) in space
    assert dict(a=float("nan")) in space
    assert dict(a=2) not in space
    assert 3 not in space
    assert space
    assert not points([])
    assert not space.where(a=5)


def test_equal_spaces_have_equal_points_in_order() -> None:
    """However they were made; another order, length or value makes them unequal."""
    assert grid(a=[1, 2], b=3) == points([dict(a=1, b=3), dict(b=3, a=2)])
    assert grid(a=[1, 2]) == grid(a=range(1, 3)) == zipped(a=[1.0, 2.0])
    assert grid(a=[float("nan")]) == grid(a=[float("nan")])
    assert grid(a=[1, 1], b=[1]) == grid(a=[1], b=[1, 1])
    assert grid(a=[1, 2]) != grid(a=[2, 1])
    assert grid(a=[1, 2]) != grid(a=[1])
    assert grid(a=[1, 2]) != grid(b=[1, 2])
    assert grid(a=[1, 2]).filter(is_even) != grid(a=[2, 3])
    assert grid(a=[1, 2]).where(a=3) == grid(a=[1, 5]).where(a=3)
    assert grid(a=[1]) != [dict(a=1)]
    assert grid(a=range(10**12), b=[1, 2]) == grid(a=range(10**12), b=[1, 2])
    with pytest.raises(TypeError, match="unhashable"):
        hash(grid(a=[1]))


def test_arrays_in_spaces_compare() -> None:
    """Spaces whose values are arrays can be compared and searched."""
    numpy = pytest.importorskip("numpy")
    assert grid(a=[numpy.ones(2)]) == grid(a=[numpy.ones(2)])
    assert grid(a=[numpy.ones(2)]) != grid(a=[numpy.zeros(2)])
    assert dict(a=numpy.ones(2)) in grid(a=[numpy.zeros(2), numpy.ones(2)])
    assert grid(a=numpy.eye(2)).where(a=[0, 1])[0]["a"].tolist() == [0, 1]


def test_a_product_varies_the_right_fastest() -> None:
    """Points are merged, left names first."""
    space = zipped(a=[1, 2], b=[3, 4]) * grid(c=[5, None]) * grid(study="s")
    assert list(space) == [
        dict(a=1, b=3, c=5, study="s"),
        dict(a=1, b=3, c=None, study="s"),
        dict(a=2, b=4, c=5, study="s"),
        dict(a=2, b=4, c=None, study="s"),
    ]
    assert space.names == ("a", "b", "c", "study")
    assert space[2] == dict(a=2, b=4, c=5, study="s")
    assert space.where(c=None, a=2) == points([dict(a=2, b=4, c=None, study="s")])
    assert len(space.where(study="s")) == 4


def test_a_name_on_both_sides_of_a_product_is_refused() -> None:
    """The message names it."""
    assert refused(lambda: grid(a=1, b=2) * zipped(b=[1], a=[2])) == (
        "cannot multiply spaces: both have 'a', 'b'. "
        "Leave it out of one, or put them one after the other with +."
    )


def test_a_concatenation_puts_one_after_the_other() -> None:
    """Names may differ; lookups pass by the points that lack the parameter."""
    space = grid(a=[1, 2]) + points([dict(b=3)]) + zipped(a=[1], b=[4])
    assert list(space) == [dict(a=1), dict(a=2), dict(b=3), dict(a=1, b=4)]
    assert space.names == ("a", "b")
    assert [space[index] for index in range(-4, 4)] == list(space) * 2
    assert list(space.where(a=1)) == [dict(a=1), dict(a=1, b=4)]
    assert list(space.where(b__ne=4)) == [dict(b=3)]
    assert space.where(b=3).names == ("a", "b")


def test_only_spaces_combine_with_spaces() -> None:
    """Numbers and lists do not."""
    for other in (2, [dict(a=1)]):
        with pytest.raises(TypeError):
            grid(a=[1]) * other  # type: ignore[operator]
        with pytest.raises(TypeError):
            grid(a=[1]) + other  # type: ignore[operator]


def test_a_predicate_gets_the_values_that_it_names() -> None:
    """By keyword; all of them with `**`; defaults stand in for absent parameters."""
    space = grid(a=[1, 2], b=[1, 2])
    assert space.filter(lambda b, a: a > b) == grid(a=2, b=1)
    assert space.filter(lambda *, a: a > 1) == grid(a=2, b=[1, 2])
    assert space.filter(lambda **point: sum(point.values()) == 4) == grid(a=2, b=2)
    assert space.filter(lambda a, **rest: rest == dict(b=a)) == zipped(a=[1, 2], b=[1, 2])
    assert space.filter(lambda a, c=2: a == c) == grid(a=2, b=[1, 2])
    assert space.filter(lambda a, b=0: a == b) == zipped(a=[1, 2], b=[1, 2])
    mixed = grid(a=[1]) + grid(b=[2])
    assert mixed.filter(lambda a=None: a is None) == grid(b=[2])


def test_a_predicate_that_cannot_be_called_is_refused() -> None:
    """When the space is made, with the parameters that there are."""
    space = grid(a=[1], b=[2])
    assert refused(lambda: space.filter(lambda gamma: gamma)).endswith(
        "<lambda> asks for 'gamma', which is no parameter here. The parameters are 'a', 'b'."
    )
    assert "The parameters are none." in refused(lambda: points([]).filter(is_even))
    remedy = "Give a function whose arguments are named like parameters."
    assert refused(lambda: space.filter(3)) == (  # type: ignore[arg-type]
        f"cannot filter a space: 3 is no function. {remedy}"
    )
    assert refused(lambda: space.filter(lambda point, /: point)).endswith(
        f"<lambda> has positional-only arguments. {remedy}"
    )
    assert refused(lambda: space.filter(max)) == (
        f"cannot filter a space: max has no signature to read. {remedy}"
    )


def test_a_point_without_a_required_parameter_is_an_error() -> None:
    """A predicate over differing points needs a default, and the message says so."""
    space = (grid(a=[2]) + grid(b=[1])).filter(is_even)
    assert space[0] == dict(a=2)
    assert refused(lambda: len(space)) == (
        "cannot filter a space: is_even asks for 'a', which is no parameter here. "
        "Give it a default: the point {'b': 1} has no such parameter."
    )


def test_a_filter_reads_as_far_as_asked_and_once() -> None:
    """Nothing is read early; what was decided is remembered, by all readers."""
    accept = Counted(lambda a: a >= 2)
    space = grid(a=range(10)).filter(accept)
    assert "not counted yet" in repr(space)
    assert accept.calls == 0
    assert space[0] == dict(a=2)
    assert accept.calls == 3
    assert space[:2] == grid(a=[2, 3])
    assert accept.calls == 4
    assert space
    assert list(itertools.islice(space, 4)) == [dict(a=a) for a in range(2, 6)]
    assert accept.calls == 6
    assert list(space) == list(space)
    assert len(space) == 8
    assert space[-1] == dict(a=9)
    assert accept.calls == 10
    assert repr(space) == "<Space of 8 points: a>"


def test_readers_of_one_filter_do_not_disturb_each_other() -> None:
    """Interleaved iterations each see every point."""
    space = grid(a=range(6)).filter(is_even)
    pairs = [(one["a"], two["a"]) for one in space for two in space]
    assert pairs == list(itertools.product([0, 2, 4], repeat=2))
    left, right = iter(space), iter(space)
    assert [next(left), next(right), next(right), next(left)] == [
        dict(a=0),
        dict(a=0),
        dict(a=2),
        dict(a=2),
    ]


def test_a_predicate_that_fails_never_makes_a_space_shorter() -> None:
    """Its error is raised at every reading, not once and then forgotten."""

    def fragile(a: int) -> bool:
        if a == 3 and failing:
            raise RuntimeError("boom")
        return True

    failing = True
    space = grid(a=range(5)).filter(fragile)
    reader = iter(space)
    assert next(reader) == dict(a=0)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="boom"):
            len(space)
    failing = False
    assert next(reader) == dict(a=1)
    assert len(space) == 5


def test_filters_stack_and_combine() -> None:
    """Filtered spaces can be multiplied, concatenated, sliced and filtered again."""
    evens = grid(a=range(10)).filter(is_even)
    assert evens.filter(lambda a: a > 4) == grid(a=[6, 8])
    assert evens * grid(b=[1]) == grid(a=[0, 2, 4, 6, 8], b=1)
    assert (grid(b=[1]) * evens)[3] == dict(b=1, a=6)
    both = evens + evens
    assert [point["a"] for point in both] == [0, 2, 4, 6, 8] * 2
    assert [both[index]["a"] for index in range(10)] == [0, 2, 4, 6, 8] * 2
    assert both[3:6] == points([dict(a=6), dict(a=8), dict(a=0)])
    with pytest.raises(IndexError):
        both[10]
    assert evens.derive(b=lambda a: a)[:2] == zipped(a=[0, 2], b=[0, 2])


def test_where_keeps_a_grid_a_grid() -> None:
    """Lookups on axes filter the axes: huge spaces stay direct."""
    space = grid(a=range(100), b=range(10**9), c=["x", "y"]).where(a__ge=98, c="y")
    assert space.size == 2 * 10**9
    assert space[-1] == dict(a=99, b=10**9 - 1, c="y")
    assert space.where() == space
    assert (space * grid(d=[1, 2]).where(d=2)).where(a=99).size == 10**9
    assert space.derive(e=lambda a: a).where(a=99).size == 10**9
    assert list(grid(a=[3, 4]).derive(b=lambda a: a + 1).where(b=5)) == [dict(a=4, b=5)]


def test_where_does_not_read_a_long_axis() -> None:
    """It is read when points are, as far as they are asked for."""
    assert grid(a=range(10**15)).where(a__ge=5, a__ne=6)[1] == dict(a=7)


def test_where_refuses_unknown_lookups() -> None:
    """At once, with the names of the space."""
    with pytest.raises(QueryError, match=r"cannot look up 'C'.* The parameters are 'a'"):
        grid(a=[1]).where(C=1)
    with pytest.raises(QueryError, match="'near' is no comparison for 'a'"):
        grid(a=[1]).where(a__near=1)


def test_where_selects_by_lists_and_functions() -> None:
    """Values that are lists or functions are compared like any other."""
    space = grid(A=[1, 3, 5], B=[[1, 2, 3], [2, 5, 8]], operator=[min, max])
    assert len(space.where(A__ge=3, B=[2, 5, 8], operator=max)) == 2
    assert len(space.where(operator__in=[max, sum])) == 6


def test_derive_adds_parameters() -> None:
    """Later functions see what earlier ones made; points are completed when read."""
    space = grid(a=[1, 2]).derive(b=lambda a: a * 10, c=lambda a, b: a + b)
    assert list(space) == [dict(a=1, b=10, c=11), dict(a=2, b=20, c=22)]
    assert space.names == ("a", "b", "c")
    assert space[1] == dict(a=2, b=20, c=22)
    assert space.filter(lambda c: c > 20) == points([dict(a=2, b=20, c=22)])
    assert grid(a=[1]).derive() == grid(a=[1])


def test_a_bad_derivation_is_refused() -> None:
    """A name that exists, an unknown parameter, and what is no function."""
    space = grid(a=[1], b=[2])
    assert refused(lambda: space.derive(a=lambda b: b)) == (
        "cannot derive 'a': the points have that parameter already. Use another name."
    )
    assert "cannot derive 'c': 3 is no function" in refused(lambda: space.derive(c=3))  # type: ignore[arg-type]
    message = refused(lambda: space.derive(c=lambda d: d, d=lambda a: a))
    assert message.startswith("cannot derive 'c': ")
    assert "asks for 'd'" in message


def test_repeat_numbers_the_copies() -> None:
    """The number is the fastest axis and is called seed unless said otherwise."""
    assert grid(a=[1, 2]).repeat(2) == grid(a=[1, 2], seed=[0, 1])
    assert grid(a=[1, 2]).repeat(3, name="round") == grid(a=[1, 2], round=range(3))
    assert len(grid(a=[1]).repeat(0)) == 0
    assert grid(a=[1]).repeat(10**9)[10**8] == dict(a=1, seed=10**8)


def test_a_bad_repetition_is_refused() -> None:
    """A negative number, a number that is none, and a name that exists."""
    assert refused(lambda: grid(a=[1]).repeat(-1)) == (
        "cannot repeat a space -1 times: that is negative. Use 1 or more."
    )
    assert refused(lambda: grid(seed=[1]).repeat(2)) == (
        "cannot repeat by 'seed': the points have that parameter already. Use another name."
    )
    with pytest.raises(TypeError):
        grid(a=[1]).repeat(1.5)  # type: ignore[arg-type]


def test_a_sample_is_frozen_for_all_time() -> None:
    """These points were drawn once; a study must never find itself about others."""
    space = grid(a=range(1000), b=range(10**6))
    assert [tuple(point.values()) for point in space.sample(4, seed=0)] == [
        (248, 802313),
        (743, 768763),
        (759, 657131),
        (996, 97065),
    ]
    assert space.sample(4, seed=1) != space.sample(4, seed=0)


def test_a_sample_of_everything_is_everything() -> None:
    """Order is kept, nothing is drawn twice."""
    space = grid(a=range(50))
    assert space.sample(50, seed=3) == space
    assert len(space.sample(0, seed=3)) == 0
    assert grid(a=range(50)).filter(is_even).sample(25, seed=1) == grid(a=range(0, 50, 2))


def test_a_bad_sample_is_refused() -> None:
    """More points than there are, fewer than none, and a seed that is no number."""
    space = grid(a=[1, 2])
    for number in (3, -1):
        assert refused(lambda number=number: space.sample(number, seed=0)) == (  # type: ignore[misc]
            f"cannot sample {number} points: the space has 2 points. Ask for 0 to 2."
        )
    with pytest.raises(TypeError):
        space.sample(1, seed="x")  # type: ignore[arg-type]


def test_unique_keeps_the_first_of_identical_points() -> None:
    """The order of names does not count; the types of values do."""
    space = points([dict(a=1, b=2), dict(b=2, a=1), dict(a=1.0, b=2), dict(a=1, b=2), dict(a=1)])
    assert list(space.unique()) == [dict(a=1, b=2), dict(a=1.0, b=2), dict(a=1)]
    assert [type(point["a"]) for point in space.unique()] == [int, float, int]
    assert space.unique()[-1] == dict(a=1)


def test_unique_needs_values_with_an_identity() -> None:
    """A value without one is an error that names the path to it, when points are read."""
    space = grid(a=[[object()]]).unique()
    with pytest.raises(IdentityError, match=r"point\['a'\]\[0\]"):
        list(space)


def test_huge_spaces_cost_nothing_until_read() -> None:
    """Only what is asked for is made, in every direct kind of space."""
    huge = grid(a=range(10**9), b=range(10**9), c="x")
    spaces = [huge, huge * zipped(d=range(10**9), e=1), huge + huge, huge[1:], huge.repeat(10)]
    spaces += [huge.derive(d=lambda a: -a), huge[::-1], grid(z=[1, 2]) * huge]
    for space in spaces:
        assert space.size >= 10**18 - 1
        assert space
        assert next(iter(space)) == space[0]
        assert space[-1] == space[space.size - 1]
        assert len(list(space.sample(3, seed=0))) == 3
        assert [one for one, _ in zip(space, range(3), strict=False)] == list(space[:3])
        assert space.filter(lambda c: c == "x")[1] == space[1]


def test_len_says_when_a_space_is_beyond_it() -> None:
    """Python's `len` has a limit; the message offers the size."""
    space = grid(a=range(10**10), b=range(10**10))
    assert refused(lambda: len(space)) == (
        f"cannot give the len() of a space of {10**20} points: "
        f"Python's len() ends at {sys.maxsize}. Use its .size."
    )
    assert space.size == 10**20
    assert space[-1] == dict(a=10**10 - 1, b=10**10 - 1)
    assert grid(a=range(10**20))[10**19] == dict(a=10**19)


def test_repr_is_short() -> None:
    """It tells the number of points and the first names, and reads nothing."""
    assert repr(grid(a=range(1000), b=[1, 2])) == "<Space of 2,000 points: a, b>"
    assert repr(grid()) == "<Space of 1 point: no parameters>"
    many = grid(**{f"p{number}": 0 for number in range(9)})
    assert repr(many) == "<Space of 1 point: p0, p1, p2, p3, p4, p5, ...>"


def every_kind() -> Iterator[Space]:
    """Yield a space of each kind, unread."""
    base = grid(a=range(6), b=[1, 2])
    yield base
    yield zipped(a=[1, 2], b="x")
    yield points([dict(a=1), dict(b=2)])
    yield star(dict(a=1), a=[1, 2])
    yield base * zipped(c=[1, 2])
    yield base + base
    yield base[1:5:2]
    yield base.sample(3, seed=1)
    yield base.filter(is_even)
    yield points([dict(a=1), dict(a=2)]).where(a=2)
    yield base.derive(c=is_even)
    yield (base + base).unique()


@pytest.mark.parametrize("space", list(every_kind()), ids=repr)
def test_every_kind_of_space_pickles_and_copies(space: Space) -> None:
    """Read or unread, a copy has the same points."""
    for read in (lambda: None, lambda: next(iter(space)), lambda: len(space)):
        read()
        for clone in (pickle.loads(pickle.dumps(space)), copy.deepcopy(space), copy.copy(space)):
            assert clone == space
            assert clone.names == space.names


@pytest.mark.parametrize("space", list(every_kind()), ids=repr)
def test_spaces_cannot_be_changed(space: Space) -> None:
    """There is no assignment to points or names."""
    with pytest.raises(TypeError):
        space[0] = {}  # type: ignore[index]
    with pytest.raises(AttributeError):
        space.names = ()  # type: ignore[misc]
