"""The names of points in test ids."""

from __future__ import annotations

import datetime as dt
import enum
import re
import threading
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_expcache._labels import label_points, text_of

IDS = [f"{number:032x}" for number in range(1 << 64, (1 << 64) + 8)]
TAKEN_BY_K = re.compile(r"[A-Za-z0-9_:+./-]*")


class Color(enum.Enum):
    """An enumeration."""

    RED = object()


class Flags(enum.Flag):
    """An enumeration of which no member may be chosen."""

    ONE = 1
    TWO = 2


@dataclass(frozen=True)
class Walker:
    """A dataclass as an experiment of methods has it."""

    drift: float
    steps: object = 3
    secret: str = field(default="key", repr=False)
    log: object = field(default=None, compare=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (0.1, "0.1"),
        (1e-05, "1e-05"),
        (float("inf"), "inf"),
        (True, "True"),
        (None, "None"),
        ("adam", "adam"),
        ("adam w=2", "adam_w_2"),
        ("a::b", "a_b"),
        ("x[0]", "x_0_"),
        ((64, 64), "64_64"),
        ([0.5, "a"], "0.5_a"),
        (Color.RED, "RED"),
        (Decimal("1.50"), "1.50"),
        (Fraction(1, 3), "1/3"),
        (PurePosixPath("a/b.csv"), "a/b.csv"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (Color, "Color"),
        (text_of, "text_of"),
        (max, "max"),
        (str.upper, "upper"),
        (Flags.ONE | Flags.TWO, "ONE_TWO"),
        (Walker(0.5), "Walker-drift:0.5-steps:3"),
        (Walker(0.5, Walker(1)), "Walker-drift:0.5-steps:Walker-drift:1-steps:3"),
        (Walker, "Walker"),
    ],
)
def test_short_values_are_shown(value: object, text: str) -> None:
    """A value with a short text is shown by it, in characters that ``-k`` takes."""
    assert text_of(value) == text


@pytest.mark.parametrize(
    "value",
    [
        "x" * 33,
        "größe",
        "two\nlines",
        {"a": 1},
        {1},
        (),
        (1, {}),
        tuple(range(9)),
        object(),
        10**40,
        Flags(0),
        Walker(0.5, {}),
        Walker(0.5, Walker(1, Walker(2, "x" * 30))),
        partial(max, 1),
    ],
)
def test_other_values_have_no_text(value: object) -> None:
    """What is long, unprintable, foreign or unordered is left to the digest."""
    assert text_of(value) is None


def test_an_integer_too_long_to_print_has_no_text() -> None:
    """An integer beyond Python's limit of digits is no error."""
    assert text_of(10**5000) is None


def test_a_label_joins_names_and_values() -> None:
    """A label names every parameter of the point, in the order of the point."""
    assert label_points([{"C": 0.1, "gamma": 0.001}], IDS[:1]) == ["C:0.1-gamma:0.001"]


def test_a_value_without_text_is_shown_by_its_own_digits() -> None:
    """Equal values have equal digits, whatever the rest of the point and the run are."""
    points = [{"C": C, "kernel": {"a": a}} for a in (1, 2) for C in (1, 2)]
    labels = label_points(points, IDS[:4])
    assert all(re.fullmatch("C:[12]-kernel:[0-9a-f]{8}", label) for label in labels)
    digits = [label.rpartition(":")[2] for label in labels]
    assert digits[0] == digits[1] != digits[2] == digits[3]
    assert label_points([{"k": {"a": 2}}], IDS[7:]) == [f"k:{digits[2]}"]


def test_a_value_without_identity_is_shown_by_its_run() -> None:
    """An ignored parameter may be anything: the digits of the run's id stand for it."""
    (label,) = label_points([{"C": 1, "log": threading.Lock()}], ["0123456789abcdef"])
    assert label == "C:1-log:01234567"


def test_the_point_without_parameters_is_shown_by_its_run() -> None:
    """An empty point has an id all the same."""
    assert label_points([{}], ["0123456789abcdef"]) == ["01234567"]


def test_equal_labels_are_told_apart_by_their_runs() -> None:
    """Points that look alike get the digits of their runs; others stay as they are."""
    labels = label_points([{"x": "a b"}, {"x": "a_b"}, {"x": "c"}], ["1" * 32, "2" * 32, "3" * 32])
    assert labels == ["x:a_b-11111111", "x:a_b-22222222", "x:c"]


def test_the_same_run_twice_is_numbered() -> None:
    """A sweep that holds a run more than once has as many tests."""
    labels = label_points([{"x": 1}] * 3, ["1" * 32] * 3)
    assert labels == ["x:1-11111111", "x:1-11111111-1", "x:1-11111111-2"]


def test_a_long_label_is_cut() -> None:
    """A point of many parameters is cut short and told apart by its run."""
    point = {f"parameter_{number}": number for number in range(40)}
    (label,) = label_points([point], ["a" * 32])
    assert len(label) == 129
    assert label.endswith("-aaaaaaaa")


def test_a_name_beyond_ascii_is_written_in_ascii() -> None:
    """Ids are ASCII, whatever the parameters are called."""
    assert label_points([{"\u03b3": 1}], IDS[:1]) == ["u03b3:1"]


@given(st.lists(st.one_of(st.text(max_size=40), st.floats(), st.integers()), max_size=8))
def test_labels_are_unique_and_taken_by_k(values: list[object]) -> None:
    """Whatever the values are, labels differ and keep to the grammar of ``-k``."""
    labels = label_points([{"x": value} for value in values], IDS[: len(values)])
    assert len(set(labels)) == len(labels)
    assert all(TAKEN_BY_K.fullmatch(label) for label in labels)
