"""How two values differ: which count as the same, and in which words they do not."""

# ruff: noqa: E501 - a value and its words in one line

from __future__ import annotations

import copy
import dataclasses
import math
import re
import threading
from collections import OrderedDict, deque, namedtuple
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expcache import Comparison, compare


@dataclasses.dataclass
class Fit:
    """A result with a name that does not count."""

    score: float
    parts: Any = None
    label: str = dataclasses.field(default="", compare=False)


class Model:
    """An object that says nothing of equality."""

    def __init__(self, **attributes: Any) -> None:
        """Hold the attributes."""
        self.__dict__.update(attributes)


class Slotted:
    """The same, with slots."""

    __slots__ = ("__dict__", "__hidden", "weight")

    def __init__(self, weight: object, hidden: object = 0) -> None:
        """Hold both."""
        self.weight = weight
        self.__hidden = hidden


class Stubborn:
    """An object that is equal to nothing and whose equality has no truth value."""

    def __init__(self, x: int) -> None:
        """Hold a number."""
        self.x = x

    def __eq__(self, other: object) -> Any:
        """Return what is neither true nor false."""
        return [self is other]

    __hash__ = None  # type: ignore[assignment]


class Level(Enum):
    """Some words."""

    LOW = 1
    HIGH = 2


Pair = namedtuple("Pair", ["left", "right"])  # noqa: PYI024 - as results have them

itself: list[Any] = [1]
itself.append(itself)
likewise: list[Any] = [1]
likewise.append(likewise)

NAN = math.nan
SAME = [
    (1, 1),
    (NAN, float("nan")),
    (complex(1, NAN), complex(1, float("nan"))),
    (0.0, -0.0),
    (Decimal("NaN"), Decimal("NaN")),
    (None, None),
    ({"a": 1, "b": [NAN]}, {"b": [float("nan")], "a": 1}),
    ({NAN: 1}, {float("nan"): 1}),
    ({1, NAN}, {float("nan"), 1}),
    (Fit(1.0, [1], "a"), Fit(1.0, [1], "b")),
    (Model(x=[1], y=NAN), Model(x=[1], y=float("nan"))),
    (Slotted(1), Slotted(1)),
    (Stubborn(1), Stubborn(1)),
    (ValueError("a"), ValueError("a")),
    (deque([1]), deque([1])),
    (Path("a"), Path("a")),
    (lambda x: x + 1, lambda x: x + 1),
    (Level.LOW, copy.deepcopy(Level.LOW)),
    (itself, likewise),
]


@pytest.mark.parametrize(("old", "new"), SAME)
def test_what_counts_as_the_same(old: object, new: object) -> None:
    """Equal values of one type are the same, and NaN is the same as NaN wherever it is."""
    found = compare(old, new)
    assert found.same
    assert found
    assert str(found) == "same"


DIFFERENT: list[tuple[Any, Any, str]] = [
    (1, 2, "value: 1 -> 2 (difference 1, relative 1)"),
    (0, 2, "value: 0 -> 2 (difference 2)"),
    (1, 1.0, "value: int 1 -> float 1.0"),
    (True, 1, "value: bool True -> int 1"),
    (None, 0, "value: NoneType None -> int 0"),
    (0.5, NAN, "value: 0.5 -> nan"),
    (math.inf, -math.inf, "value: inf -> -inf"),
    (complex(1, NAN), complex(2, NAN), "value: (1+nanj) -> (2+nanj)"),
    (Fraction(1, 2), Fraction(1, 4), "value: Fraction(1, 2) -> Fraction(1, 4) (difference 0.25, relative 0.5)"),
    (Decimal(1), Decimal(3), "value: Decimal('1') -> Decimal('3') (difference 2, relative 2)"),
    ("ab", "ac", "value: 'ab' -> 'ac'"),
    (b"ab", b"ac", "value: b'ab' -> b'ac'"),
    ("x" * 99 + "a", "x" * 99 + "b", "value: 'xxxxxxxxxxa' -> 'xxxxxxxxxxb' at character 99"),
    ("a\nb\nc", "a\nB\nC", "value: line 2: 'b' -> 'B' (2 of 3 lines differ)"),
    ("a\nb", "a\nb\nc", "value: line 3 is new: 'c' (2 -> 3 lines)"),
    ("a\nb", "a", "value: line 2 is gone, was 'b' (2 -> 1 lines)"),
    ({"a": 1}, {"a": 1, "b": 2}, "value['b']: is new: 2"),
    ({"a": 1, "b": 2}, {"a": 1}, "value['b']: is gone, was 2"),
    ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "value['a']['b'][1]: 2 -> 3 (difference 1, relative 0.5)"),
    ([1, 2], [1], "value: 2 items -> 1 items"),
    ([1], (1,), "value: list [1] -> tuple (1,)"),
    ({}, OrderedDict(), "value: dict {} -> collections.OrderedDict OrderedDict()"),
    (Pair(1, 2), Pair(1, 3), "value.right: 2 -> 3 (difference 1, relative 0.5)"),
    ({1, 2}, {2, 3}, "value: 1 gone, 3 new"),
    (Fit(1.0, [1]), Fit(1.0, [2]), "value.parts[0]: 1 -> 2 (difference 1, relative 1)"),
    (Model(x=1), Model(x=2), "value.x: 1 -> 2 (difference 1, relative 1)"),
    (Slotted(1), Slotted(2), "value.weight: 1 -> 2 (difference 1, relative 1)"),
    (Slotted(1, 1), Slotted(1, 2), "value._Slotted__hidden: 1 -> 2 (difference 1, relative 1)"),
    (Stubborn(1), Stubborn(2), "value.x: 1 -> 2 (difference 1, relative 1)"),
    (ValueError("a"), ValueError("b"), "value.args[0]: 'a' -> 'b'"),
    (range(3), range(4), "value: range(0, 3) -> range(0, 4)"),
    (Path("a"), Path("b"), "value: PosixPath('a') -> PosixPath('b')"),
    (date(2020, 1, 1), date(2021, 1, 1), "value: datetime.date(2020, 1, 1) -> datetime.date(2021, 1, 1)"),
    (Level.LOW, Level.HIGH, "value: <Level.LOW: 1> -> <Level.HIGH: 2>"),
    (int, str, "value: <class 'int'> -> <class 'str'>"),
    (threading.Lock(), threading.Lock(), "value: cannot be compared (TypeError: cannot pickle '_thread.lock' object)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), DIFFERENT)
def test_a_difference_in_words(old: object, new: object, words: str) -> None:
    """A difference is told with the way to it, what was there, what is, and by how much."""
    found = compare(old, new)
    assert not found.same
    assert not found
    words = words.replace("PosixPath", type(Path()).__name__)
    assert str(found) == f"1 difference\n  {words}"


def test_differences_are_there_for_programs() -> None:
    """Each difference has its path and both values; None stands for what is not there."""
    found = compare({"a": [1], "b": 2}, {"a": [3]})
    assert [(one.path, one.old, one.new) for one in found.differences] == [
        ("['a'][0]", 1, 3),
        ("['b']", 2, None),
    ]
    assert found.differences[0].text == "1 -> 3 (difference 2, relative 2)"
    assert repr(found) == "<Comparison: 2 differences>"


def test_many_differences_are_counted() -> None:
    """The text shows the first differences and the number of the others; all are kept."""
    found = compare(list(range(100)), list(range(1, 101)))
    assert len(found.differences) == 100
    lines = str(found).splitlines()
    assert lines[0] == "100 differences"
    assert lines[-1] == "  ... and 80 more"
    assert len(lines) == 22


TOLERATED = [
    (1.0, 1.001, {"rtol": 1e-2}, True),
    (1.0, 1.1, {"rtol": 1e-2}, False),
    (0.0, 1e-9, {"rtol": 1.0}, False),
    (0.0, 1e-9, {"atol": 1e-8}, True),
    (1 + 1j, 1 + 1.001j, {"rtol": 1e-2}, True),
    (math.inf, 1.0, {"rtol": 1.0}, False),
    (1.0, math.inf, {"rtol": 1.0}, False),
    (10**400, 10**400 + 1, {"rtol": 1e-9}, True),
    (100, 101, {"atol": 1}, True),
    (True, False, {"atol": 1}, False),
    (Decimal(1), Decimal("1.001"), {"rtol": 1e-2}, True),
    ([1.0, {"x": 1.0}], [1.0, {"x": 1.0001}], {"rtol": 1e-2}, True),
    (Fit(1.0), Fit(1.0001), {"rtol": 1e-2}, True),
    ({1.0}, {1.0001}, {"rtol": 1e-2}, False),
]


@pytest.mark.parametrize(("old", "new", "tolerance", "same"), TOLERATED)
def test_tolerance(old: object, new: object, tolerance: dict[str, float], same: object) -> None:
    """Finite numbers may differ by ``atol + rtol * abs(old)``, wherever in a value they are."""
    assert compare(old, new, **tolerance).same is same


@pytest.mark.parametrize("tolerance", [-1, NAN, math.inf, "1", True], ids=repr)
@pytest.mark.parametrize("name", ["rtol", "atol"])
def test_a_tolerance_is_a_number(name: str, tolerance: Any) -> None:
    """A tolerance that is no number from 0 up is refused by name."""
    message = f"cannot compare with {name}={tolerance!r}: it is no number from 0 up."
    with pytest.raises(ValueError, match=re.escape(f"{message} Give one such as 1e-9.")):
        compare(1, 1, **{name: tolerance})


def test_deep_values_do_not_crash() -> None:
    """What is nested too deeply to be compared is a difference that says so."""
    old: list[Any] = []
    new: list[Any] = []
    for _ in range(100_000):
        old, new = [old], [new]
    assert compare(old, new).differences[0].text == "nested too deeply to be compared"


def test_a_repr_that_raises_does_no_harm() -> None:
    """A value whose repr raises is named by its type."""

    class Shy:
        def __repr__(self) -> str:
            raise OSError

    (found,) = compare({"a": Shy()}, {}).differences
    assert found.text == "is gone, was <Shy whose repr raises OSError>"


def test_a_class_that_was_defined_anew() -> None:
    """Objects of a class whose module was loaded anew are compared by what they hold."""
    first, second = (dataclasses.make_dataclass("Fit", ["x"]) for _ in range(2))
    assert compare(first(1), second(1)).same
    assert str(compare(first(1), second(2)).differences[0]).startswith("value.x: 1 -> 2")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=10,
)


@given(values)
def test_a_copy_is_the_same(value: object) -> None:
    """Every value is the same as its copy."""
    assert compare(value, copy.deepcopy(value)).same


@given(values, values)
def test_what_is_unequal_differs(old: object, new: object) -> None:
    """Values are the same only if their reprs are, but for the order of keys and the sign of 0."""
    found: Comparison = compare(old, new)
    if found.same and "{" not in repr(old) and "-0.0" not in repr((old, new)):
        assert repr(old) == repr(new)
