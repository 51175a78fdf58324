"""Files of sweeps against what they stand for, for any values, expressions and texts."""

from __future__ import annotations

import ast
import itertools
import json
import operator
from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from expcache._specification import read_specification
from expcache._specification._filter import read_filter
from expcache._specification._range import values_of
from expcache.errors import SpecificationError

yaml = pytest.importorskip("yaml")

SOME = settings(max_examples=50, deadline=None)
HEAD = "experiment: study.py:fit\n"
Point = dict[str, Any]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8),
    st.sampled_from(["no", "1e-3", "", "a b", "null", "#", "a: b", "{x}", "'", "x;y", "010"]),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
NAMES = st.sampled_from("abcdefgh")


def read(text: str, name: str = "sweep.yaml") -> list[Point]:
    """Return the points of a file."""
    with TemporaryDirectory() as place:
        path = Path(place, name)
        path.write_text(text, "utf-8")
        return list(read_specification(path).space)


def points_of(block: Any) -> Iterator[Point]:
    """Return the points of a block, by loops over lists."""
    return _merged(list(_part(name, one)) for name, one in block.items())


def _merged(columns: Iterable[list[Point]]) -> Iterator[Point]:
    for row in itertools.product(*columns):
        yield {name: value for point in row for name, value in point.items()}


def _part(name: str, part: Any) -> Iterator[Point]:
    if name in ("grid", "zip"):
        rows = (
            itertools.product(*part.values())
            if name == "grid"
            else zip(*part.values(), strict=True)
        )
        return (dict(zip(part, row, strict=True)) for row in rows)
    if name == "sum":
        return itertools.chain.from_iterable(map(points_of, part))
    if name == "product":
        return _merged(list(points_of(one)) for one in part)
    return iter([part] if name == "constants" else part)


@st.composite
def blocks(draw: st.DrawFn, names: str = "abcdefgh", depth: int = 2) -> dict[str, Any]:
    """Draw a block whose parts share no names."""
    block: dict[str, Any] = {}
    kinds = ["grid", "zip", "constants", "points", *(["sum", "product"] if depth else [])]
    for kind in draw(st.lists(st.sampled_from(kinds), unique=True, min_size=1, max_size=3)):
        mine, names = names[: len(names) // 2 or 1], names[len(names) // 2 or 1 :]
        if not mine:
            break
        if kind == "sum":
            block[kind] = draw(st.lists(blocks(mine, depth - 1), min_size=1, max_size=2))
        elif kind == "product":
            half = len(mine) // 2 or 1
            sides = [one for one in (mine[:half], mine[half:]) if one]
            block[kind] = [draw(blocks(one, depth - 1)) for one in sides]
        else:
            block[kind] = draw(_plain(kind, mine))
    return block


def _plain(kind: str, names: str) -> st.SearchStrategy[Any]:
    mapping = {
        "grid": st.dictionaries(
            st.sampled_from(names), st.lists(VALUES, min_size=1, max_size=2), min_size=1
        ),
        "zip": st.integers(1, 2).flatmap(
            lambda size: st.dictionaries(
                st.sampled_from(names), st.lists(VALUES, min_size=size, max_size=size), min_size=1
            )
        ),
        "constants": st.dictionaries(st.sampled_from(names), VALUES, min_size=1),
        "points": st.lists(st.dictionaries(st.sampled_from(names), VALUES), min_size=1, max_size=2),
    }
    return mapping[kind]


@SOME
@given(blocks())
def test_blocks_are_loops_over_lists(block: dict[str, Any]) -> None:
    """However parts are nested, the points are those of nested loops, in that order, exactly."""
    whole = {"experiment": "study.py:fit", **block}
    text = yaml.safe_dump(whole, sort_keys=False, default_style='"')
    assert repr(read(text)) == repr(list(points_of(block)))


@SOME
@given(st.dictionaries(NAMES, st.lists(SCALARS, min_size=1, max_size=3), min_size=1, max_size=3))
def test_json_is_yaml_as_well(axes: dict[str, Any]) -> None:
    """What other programs write as JSON is read exactly."""
    assume("Infinity" not in json.dumps(axes))
    text = json.dumps({"experiment": "study.py:fit", "grid": axes}, indent=1, ensure_ascii=False)
    assert repr(read(text)) == repr(list(points_of({"grid": axes})))


@SOME
@given(
    st.dictionaries(
        NAMES,
        st.lists(
            st.one_of(
                st.integers(-9, 9),
                st.booleans(),
                st.sampled_from(
                    ["1e-3", "a b", "rbf", "no", "010", "0x10", "12:30", "~", "2026-01-01"]
                ),
            ),
            min_size=1,
            max_size=3,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_files_of_batchrun_have_its_points(axes: dict[str, Any]) -> None:
    """The points are the product in the order of the file, each value as batchrun reads it."""
    lines = [
        f"  {name}: {{values: [{', '.join(str(one) for one in values)}]}}"
        for name, values in axes.items()
    ]
    text = "\n".join(["program: ./prog", "parameters:", *lines])
    plain = {name: one["values"] for name, one in yaml.safe_load(text)["parameters"].items()}
    assert repr(read(text)) == repr(list(points_of({"grid": plain})))


FINITE = st.floats(-1e9, 1e9, allow_subnormal=False)


@SOME
@given(FINITE, FINITE, st.integers(1, 50))
@example(0.0, 0.0, 3)
@example(0, 1, 11)
def test_spaced_values_are_those_of_linspace(low: float, high: float, num: int) -> None:
    """A range by number meets a loop over numpy, to the last bit."""
    numpy = pytest.importorskip("numpy")
    values = values_of({"start": low, "stop": high, "num": num})
    assert list(values) == numpy.linspace(low, high, num).tolist()


@SOME
@given(
    st.decimals(-100, 100, places=3),
    st.decimals(-100, 100, places=3),
    st.decimals("0.1", 10, places=2),
)
def test_stepped_values_are_those_of_decimals(low: Decimal, high: Decimal, step: Decimal) -> None:
    """A step of decimal digits gives the numbers that one would write by hand."""
    step = step if low < high else -step
    steps = (low + at * step for at in itertools.count())
    before = operator.lt if step > 0 else operator.gt
    expected = [float(at) for at in itertools.takewhile(lambda at: before(at, high), steps)]
    given_range = {"start": float(low), "stop": float(high), "step": float(step)}
    assert list(values_of(given_range)) == expected


@SOME
@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-5, 5).filter(bool))
def test_whole_steps_are_a_range_of_python(low: int, high: int, step: int) -> None:
    """Whole numbers stay whole, and lazy."""
    assert values_of({"min": low, "max": high, "step": step}) == range(low, high, step)


@SOME
@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 40))
def test_logarithmic_values_lie_between_their_ends(low: float, high: float, num: int) -> None:
    """Both ends are values, and the others go from one to the other."""
    values = values_of({"start": low, "stop": high, "num": num, "scale": "log"})
    assert (len(values), values[0], values[-1]) == (num, low, high)
    assert all(
        min(low, high) * (1 - 1e-14) <= one <= max(low, high) * (1 + 1e-14) for one in values
    )


EXPRESSIONS = st.recursive(
    st.one_of(NAMES.filter("abc".__contains__), st.integers(-3, 3).map(str), st.just("'x y'")),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
            lambda three: f"({' '.join(three)})"
        ),
        st.tuples(
            inner, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "and", "or"]), inner
        ).map(lambda three: f"({' '.join(three)})"),
        inner.map(lambda one: f"(not {one})"),
        st.lists(inner, min_size=1, max_size=3).flatmap(
            lambda many: inner.map(lambda one: f"({one} in [{', '.join(many)}])")
        ),
    ),
    max_leaves=8,
)


@SOME
@example("(not ((not 'x y') < ('x y' and 'x y')))", {"a": 0, "b": 0, "c": 0})
@example("((a or b) == 2)", {"a": 0, "b": 2, "c": 0})
@example("((a and b) == 2)", {"a": 1, "b": 2, "c": 0})
@given(EXPRESSIONS, st.fixed_dictionaries({name: st.integers(-3, 3) for name in "abc"}))
def test_filters_are_expressions_of_python(text: str, point: Point) -> None:
    """Wherever a filter gives an answer, it is Python's; where Python fails, it fails."""
    accepts, names = read_filter(text, ("a", "b", "c"))
    assert names == {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    try:
        answer = bool(accepts(point))
    except (TypeError, ArithmeticError):
        return  # a text or a truth value in arithmetic, or what Python refuses too
    assert answer == bool(eval(text, {}, point))


@SOME
@given(
    st.one_of(st.text(), st.text("{}[]:,-&*!|>'\"%@` \nabc019.~<").map(f"{HEAD}grid: {{}}".__add__))
)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but points or the error of a file comes out of any text."""
    for name in ("sweep.yaml", "sweep.toml"):
        with suppress(SpecificationError):
            read(text, name)
