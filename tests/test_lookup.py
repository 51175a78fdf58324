"""Lookups: parsing, comparing, and what they refuse."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from expcache._lookup import Where, same
from expcache.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping


def matches(params: Mapping[str, object], /, **lookups: object) -> bool:
    """Parse lookups about these parameters, and match them."""
    return Where.parse(lookups, tuple(params)).matches(params)


class Unfriendly:
    """A value whose comparisons all raise."""

    def __eq__(self, other: object) -> bool:
        """Raise."""
        raise RuntimeError

    def __lt__(self, other: object) -> bool:
        """Raise."""
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("lookup", "wanted", "found"),
    [
        ("C", 2, True),
        ("C", 3, False),
        ("C__ne", 2, False),
        ("C__ne", 3, True),
        ("C__lt", 2, False),
        ("C__lt", 3, True),
        ("C__le", 2, True),
        ("C__le", 1, False),
        ("C__gt", 2, False),
        ("C__gt", 1, True),
        ("C__ge", 2, True),
        ("C__ge", 3, False),
        ("C__in", [1, 2], True),
        ("C__in", [1, 3], False),
        ("C__in", [], False),
    ],
)
def test_each_comparison_compares_as_its_suffix_says(
    lookup: str, wanted: object, *, found: bool
) -> None:
    """Equality without a suffix; ne, lt, le, gt, ge and in with one."""
    assert matches({"C": 2}, **{lookup: wanted}) is found


def test_all_lookups_must_hold() -> None:
    """Several lookups are joined by and; none at all match everything."""
    params = {"a": 1, "b": "x"}
    assert matches(params, a__ge=1, a__lt=2, b="x")
    assert not matches(params, a__ge=1, b="y")
    assert matches(params)


def test_the_longest_known_name_wins() -> None:
    """A parameter whose own name holds two underscores is found before a comparison is read."""
    params = {"x": 1, "x__ge": 5, "deep__name": 3, "deep": 0}
    assert matches(params, x__ge=5)
    assert not matches(params, x__ge=1)
    assert matches(params, x__ge__ge=4)
    assert matches(params, deep__name=3)
    assert matches(params, deep__name__lt=4)
    assert matches({"_": 1}, ___ge=1)


def test_an_unknown_parameter_is_an_error_that_lists_and_suggests() -> None:
    """The message names the closest parameter and all of them; the attributes carry the same."""
    with pytest.raises(QueryError) as caught:
        Where.parse({"gama__ge": 1}, ("C", "gamma"))
    assert str(caught.value) == (
        "cannot look up 'gama': there is no such parameter. "
        "Did you mean 'gamma'? The parameters are 'C', 'gamma'."
    )
    assert caught.value.name == "gama"
    assert caught.value.known == ("C", "gamma")


def test_an_unknown_parameter_with_nothing_close_gets_no_suggestion() -> None:
    """Without a likely name the parameters are listed alone, and none at all is said so."""
    with pytest.raises(QueryError) as caught:
        Where.parse({"zzz": 1}, ("C",))
    assert str(caught.value) == (
        "cannot look up 'zzz': there is no such parameter. The parameters are 'C'."
    )
    with pytest.raises(QueryError, match="There are none") as caught:
        Where.parse({"zzz": 1}, ())
    assert caught.value.known == ()


@pytest.mark.parametrize(("lookup", "suffix"), [("C__near", "near"), ("C__", "")])
def test_an_unknown_comparison_is_an_error_that_lists_them(lookup: str, suffix: str) -> None:
    """The message names the parameter and every comparison there is."""
    with pytest.raises(QueryError) as caught:
        Where.parse({lookup: 1}, ("C",))
    assert str(caught.value) == (
        f"cannot look up {lookup!r}: {suffix!r} is no comparison for 'C'. "
        "Append one of __ne, __lt, __le, __gt, __ge, __in, or nothing for equality."
    )
    assert caught.value.known == ("__ne", "__lt", "__le", "__gt", "__ge", "__in")


@pytest.mark.parametrize("wanted", ["ab", b"ab", 3, None])
def test_in_wants_a_collection(wanted: object) -> None:
    """A text is no collection of texts, and a scalar is none at all."""
    with pytest.raises(QueryError) as caught:
        Where.parse({"C__in": wanted}, ("C",))
    assert str(caught.value) == (
        f"cannot look up 'C__in': {wanted!r} is no collection of values. Give a list."
    )


def test_in_reads_a_generator_once() -> None:
    """The collection is kept, so that every parameter mapping is compared with all of it."""
    where = Where.parse({"C__in": (number for number in (1, 2))}, ("C",))
    assert [where.matches({"C": value}) for value in (2, 2, 1, 3)] == [True, True, True, False]


def test_an_absent_parameter_does_not_match() -> None:
    """A known parameter that this mapping lacks matches nothing, not even inequality."""
    for lookup in ("b", "b__ne", "b__lt", "b__in"):
        assert not Where.parse({lookup: [1]}, ("a", "b")).matches({"a": 1})


@pytest.mark.parametrize("comparison", ["lt", "le", "gt", "ge"])
@pytest.mark.parametrize("value", [None, "text", 1j, [1], math.nan, Unfriendly()])
def test_incomparable_values_do_not_match(comparison: str, value: object) -> None:
    """Values that have no order are no match, and no error."""
    assert not matches({"C": value}, **{f"C__{comparison}": 1})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (1, True),
        (None, None),
        (math.nan, float("nan")),
        (Decimal("NaN"), Decimal("NaN")),
        (complex("nan"), complex("nan")),
        ([1, math.nan], [1.0, float("nan")]),
        ((1, (2,)), (1, (2,))),
        ({"a": [float("nan")]}, {"a": [math.nan]}),
        (max, max),
        ({1, 2}, {2, 1}),
        (b"x", b"x"),
    ],
)
def test_equal_values(left: object, right: object) -> None:
    """Equality is Python's, but NaN equals NaN, in containers too."""
    assert same(left, right)
    assert same(right, left)
    assert matches({"C": left}, C=right)
    assert matches({"C": left}, C__in=[None, right])
    assert not matches({"C": left}, C__ne=right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 2),
        (1, "1"),
        (None, 0),
        (math.nan, 0.0),
        ([1], (1,)),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 2}),
        (max, min),
        (Unfriendly(), 1),
        (Unfriendly(), Unfriendly()),
    ],
)
def test_unequal_values(left: object, right: object) -> None:
    """What Python calls unequal is unequal, and so is what cannot be compared."""
    assert not same(left, right)
    assert not same(right, left)
    assert matches({"C": left}, C__ne=right)


def test_a_value_equals_itself_even_when_its_comparison_raises() -> None:
    """Identity is enough for equality."""
    value = Unfriendly()
    assert matches({"C": value}, C=value)


def test_a_list_that_holds_itself_is_no_error() -> None:
    """Endless values are unequal rather than a crash."""
    left: list[Any] = []
    left.append(left)
    right: list[Any] = []
    right.append(right)
    assert not same(left, right)


def test_arrays_are_compared_as_wholes() -> None:
    """Arrays are equal when shapes and elements are; NaN equals NaN; texts compare too."""
    numpy = pytest.importorskip("numpy")
    array = numpy.array([1.0, math.nan])
    assert same(array, array.copy())
    assert same([array], [array.copy()])
    assert same({"a": array}, {"a": array.copy()})
    assert same(numpy.array([1, 2]), [1, 2])
    assert same(numpy.array(["a", "b"]), numpy.array(["a", "b"]))
    assert not same(numpy.array([1, 1]), 1)
    assert not same(numpy.array([1, 1]), numpy.array([1, 1, 1]))
    assert not same(numpy.array([1, 2]), None)
    assert not matches({"C": numpy.array([1, 2])}, C__ge=1)
    assert matches({"C": numpy.float64(1.0)}, C=1, C__ge=1)


def test_tables_are_compared_as_wholes() -> None:
    """Objects of pandas are equal when their own `equals` says so."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, None]})
    assert same(frame, frame.copy())
    assert not same(frame, frame + 1)
    assert not same(frame, 1)
    assert same(pandas.Series([1, 2]), pandas.Series([1, 2]))


def test_only_keeps_the_conditions_on_some_parameters() -> None:
    """A part of the conditions can be asked alone."""
    where = Where.parse({"a__ge": 1, "b": 2, "a__lt": 5}, ("a", "b"))
    assert where.names == {"a", "b"}
    assert where.only(("a",)).names == {"a"}
    assert where.only(("a",)).matches({"a": 3})
    assert not where.only(("a",)).matches({"a": 5})


def test_conditions_survive_pickling() -> None:
    """Lookups can travel to another process."""
    where = pickle.loads(pickle.dumps(Where.parse({"a__in": [1, 2]}, ("a",))))
    assert where.matches({"a": 1})
    assert not where.matches({"a": 3})


def test_numpy_is_not_imported() -> None:
    """Comparing values does not load numpy into a program that does without."""
    code = (
        "import sys; from expcache._lookup import same; from expcache._space import grid;"
        "assert same([1.0], (1,)) is False; assert grid(a=[[1]])[0] == {'a': [1]};"
        "assert not {'numpy', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
