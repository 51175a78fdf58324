"""Values that look alike to their types and are not: none may be called the same."""

from __future__ import annotations

import copy
import io
from array import array
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from expcache import compare

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")


Lengths: Any = type("Lengths", (np.ndarray,), {"__doc__": "Numbers with a unit."})


class Names(list):  # type: ignore[type-arg]
    """A list with a title."""

    title = ""


def lengths(unit: str) -> Any:
    """Return two lengths of this unit."""
    made = np.ones(2).view(Lengths)
    made.unit = unit
    return made


def names(title: str) -> Names:
    """Return no names, under this title."""
    made = Names()
    made.title = title
    return made


def times(factor: float, *, plus: float = 0) -> Callable[..., float]:
    """Return a function that holds values."""
    return lambda x, shift=plus, *, by=factor: x * factor + shift + by


def fields(*values: float) -> Any:
    """Return a masked array of records."""
    made = np.ma.zeros(len(values), [("a", float)])
    made["a"] = values
    return made


def tagged(tag: str) -> Callable[[], None]:
    """Return a function that bears an attribute."""

    def tagged() -> None:
        """Do nothing."""

    tagged.tag = tag  # type: ignore[attr-defined]
    return tagged


def measured(unit: str) -> Any:
    """Return a table that tells its unit."""
    made = pd.DataFrame({"a": [1]})
    made.attrs["unit"] = unit
    return made


NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - of no zone
UNLIKE: list[tuple[Any, Any, str]] = [
    (times(2), times(3), "value.__kwdefaults__['by']: 2 -> 3 (difference 1, relative 0.5)"),
    (times(2), times(2, plus=1), "value.__defaults__[0]: 0 -> 1 (difference 1)"),
    (lambda: 1, lambda: 1.0, "*<lambda>* -> *<lambda>*"),
    (lambda x, y: x, lambda x, *, y: x, "*<lambda>* -> *<lambda>*"),
    (lambda x: x, lambda y: y, "*<lambda>* -> *<lambda>*"),
    (lambda *x: x, lambda **x: x, "*<lambda>* -> *<lambda>*"),
    (tagged("a"), tagged("b"), "value.__dict__['tag']: 'a' -> 'b'"),
    (defaultdict(list), defaultdict(set), "value.default_factory: *"),
    (Decimal("sNaN"), Decimal(1), "value: Decimal('sNaN') -> Decimal('1')"),
    (np.timedelta64(1, "ns"), np.timedelta64(1, "ps"), "value: *"),
    (np.timedelta64(1, "Y"), np.timedelta64(1, "M"), "value: *"),
    (np.timedelta64("NaT", "s"), np.timedelta64(0, "s"), "value: *"),
    (measured("m"), measured("cm"), "value.attrs['unit']: 'm' -> 'cm'"),
    (measured("m")["a"], measured("cm")["a"], "value.attrs['unit']: 'm' -> 'cm'"),
    (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1), "value: keys in another order"),
    (deque([1], 2), deque([1], 3), "value.maxlen: 2 -> 3 (difference 1, relative 0.5)"),
    ({(1,): 0}, {(1.0,): 0}, "*(1,)*is gone*"),
    (NOON, NOON.replace(fold=1), "value: *"),
    (
        NOON.replace(tzinfo=timezone.utc),  # noqa: UP017 - beside another zone
        datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1))),
        "value: *",
    ),
    (io.BytesIO(b"a"), io.BytesIO(b"b"), "*b'a' -> b'b'*"),
    (names("a"), names("b"), "value.title: 'a' -> 'b'"),
    (
        np.array([[1, 2], [3, 4]]).view(np.matrix),
        np.array([[1, 2], [3, 5]]).view(np.matrix),
        "value: 1 of 4 elements differ; *at [1, 1]*",
    ),
    (fields(1, 2), fields(1, 3), "value['a']: 1 of 2 elements differ; *"),
    (
        pd.DataFrame([[1, 2]], columns=[np.nan] * 2),
        pd.DataFrame([[1, 3]], columns=[np.nan] * 2),
        "value[nan]: 1 of 1 rows differ; *",
    ),
    (
        pd.DataFrame({"a": [1]}).rename_axis(columns="k"),
        pd.DataFrame({"a": [1]}).rename_axis(columns="j"),
        "value.columns.names[0]: 'k' -> 'j'",
    ),
]


@pytest.mark.parametrize(("old", "new", "told"), UNLIKE, ids=range(len(UNLIKE)))
def test_unlike_values_are_told_apart(old: Any, new: Any, told: str) -> None:
    """What a type's own word leaves out is a difference all the same."""
    found = compare(old, new)
    assert not found.same
    text = "\n".join(map(str, found.differences))
    pattern = told.replace("[", "[[]")
    pytest.LineMatcher([text.replace("\n", " ")]).fnmatch_lines(f"*{pattern}*")


@pytest.mark.parametrize(("old", "new", "told"), UNLIKE, ids=range(len(UNLIKE)))
def test_each_is_like_itself(old: Any, new: Any, told: str) -> None:
    """Copies of the same values tell no difference."""
    assert told
    for one in (old, new):
        assert compare(one, copy.deepcopy(one)).same


def test_what_is_put_on_arrays_counts() -> None:
    """An array of a user's class holds more than its elements."""
    assert compare(lengths("m"), lengths("m")).same
    found = compare(lengths("m"), lengths("s"))
    assert list(map(str, found.differences)) == ["value.unit: 'm' -> 's'"]


def test_tolerance_reaches_what_is_beside_its_labels() -> None:
    """Labels that agree within the tolerance are one label, and their columns are compared."""
    old = pd.DataFrame([[1.0, 2.0]], columns=[0.1, 0.2])
    new = pd.DataFrame([[9.0, 2.0]], columns=[0.1 + 1e-15, 0.2])
    assert [one.path for one in compare(old, new, rtol=1e-9).differences] == ["[0.1]"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (array("d", [1.0, 2.0]), array("d", [1.0, 2.0 + 1e-12])),
        (SimpleNamespace(a=1.0), SimpleNamespace(a=1.0 + 1e-12)),
        (np.array((1.0,), "f8,")[()], np.array((1.0 + 1e-12,), "f8,")[()]),
    ],
)
def test_tolerance_reaches_into_more_containers(old: Any, new: Any) -> None:
    """What differs by less than the tolerance is the same, wherever it is held."""
    assert compare(old, new, rtol=np.float32(1e-9)).same
    assert not compare(old, new).same


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({("a", float("nan")): 1}, {("a", float("nan")): 1}),
        ({(1, float("nan"))}, {(1, float("nan"))}),
        (Decimal("sNaN"), Decimal("sNaN")),
    ],
)
def test_nan_is_nan(old: Any, new: Any) -> None:
    """NaN is the same as NaN in keys and sets too, and where it refuses to be compared."""
    assert compare(old, new).same


def test_truth_values_have_no_tolerance() -> None:
    """False and True differ, however much is tolerated."""
    assert not compare(np.array([False]), np.array([True]), atol=1).same


def test_what_cannot_be_compared_is_a_difference() -> None:
    """A type whose own code raises ends no comparison, and counts as differing."""

    class Broken(dict):  # type: ignore[type-arg]
        def items(self) -> Any:
            message = "no"
            raise KeyError(message)

    found = compare([Broken(), 1], [Broken(), 2])
    assert [one.path for one in found.differences] == ["[0]", "[1]"]
    assert found.differences[0].text == "cannot be compared (KeyError: 'no')"


@pytest.mark.parametrize("unit", ["ns", "us"])
def test_instants_of_polars_are_compared_to_their_last_digit(unit: Any) -> None:
    """Times that differ by less than a microsecond differ."""
    pl = pytest.importorskip("polars")
    old, new = pl.Series([1]), pl.Series([999])
    for kind in (pl.Datetime(unit), pl.Duration(unit)):
        found = compare(old.cast(kind), new.cast(kind))
        assert len(found.differences) == 1
        assert compare(old.cast(kind), old.cast(kind)).same


def test_datasets() -> None:
    """Datasets of xarray differ by their variables, values, coordinates and attributes."""
    xr = pytest.importorskip("xarray")
    old = xr.Dataset({"a": ("x", [1.0, np.nan])}, {"x": [1, 2]}, {"unit": "m"})
    assert compare(old, old.copy(deep=True)).same
    for changed, path in (
        (old.assign(a=("x", [2.0, np.nan])), "['a']"),
        (old.rename(a="b"), "['a']"),
        (old.assign_coords(x=[1, 3]), "['x']"),
        (old.assign_attrs(unit="s"), ".attrs['unit']"),
        (old.drop_vars("x"), ".coords"),
    ):
        assert path in [one.path for one in compare(old, changed).differences]
        assert not compare(old.a, changed.get("a")).same or path.startswith(".attrs")


def test_labelled_arrays_of_one_nan() -> None:
    """A labelled array that holds NaN alone is no NaN."""
    xr = pytest.importorskip("xarray")
    old, new = (xr.DataArray([np.nan], dims="x", coords={"x": [at]}, name="v") for at in (1, 2))
    assert [one.path for one in compare(old, new).differences] == [".coords['x']"]
