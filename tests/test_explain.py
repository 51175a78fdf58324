"""Why a call is a hit or a miss, by the status of its run."""

from __future__ import annotations

import importlib.metadata
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import expcache
from expcache import Experiment, Store, errors, experiment, grid, load, zipped

pytestmark = pytest.mark.usefixtures("isolated")

FACTOR = 2
ACCEPT = "If it changes no result: plain.accept(reason=...), or pytest --sweep-accept."


@dataclass(frozen=True)
class Options:
    """A parameter whose method an experiment calls."""

    depth: int = 3

    def size(self) -> int:
        """Return the size."""
        return self.depth * FACTOR


def plain(x: int, y: int = 2) -> int:
    """Return something."""
    return x + y


def failing(x: int) -> int:
    """Fail."""
    raise ValueError(f"no {x}")


def sized(options: Options) -> int:
    """Return the size."""
    return options.size()


def made(function: Callable[..., Any], **options: Any) -> Experiment[Any, Any]:
    """Return an experiment named `test.fit`, whatever its function is called."""
    made: Experiment[Any, Any] = experiment(**{"name": "test.fit", **options})(function)
    return made


def lines(explanation: expcache.Explanation) -> list[str]:
    """Return what is said, without when and where the record was computed."""
    told = [one.strip() for one in str(explanation).splitlines()]
    return [one for one in told if "computed 2" not in one]


def test_a_stored_run_is_a_hit() -> None:
    """What is stored of the present code is a hit, compared with its own record."""
    fit = made(plain)
    fit(1)
    why = fit.explain(1)
    assert why.hit
    assert why.status == "done"
    assert lines(why) == ["hit: test.fit(x=1, y=2) is stored for this code"]
    assert why.against is not None
    assert why.against.id == fit.id(1)
    assert why.against.code == fit.code
    assert why.differences == ()
    assert why.diff() == ""


def test_explaining_computes_and_writes_nothing(isolated: Store) -> None:
    """A call that is explained is not computed, and leaves no record."""
    calls: list[int] = []

    @experiment(name="test.fit")
    def fit(x: int) -> None:
        calls.append(x)

    fit.explain(1)
    assert calls == []
    assert isolated.experiments() == []


def test_an_empty_store_is_named(isolated: Store) -> None:
    """Where nothing is stored at all, the store is named: it may be the wrong one."""
    why = made(plain).explain(1)
    assert lines(why) == [
        f"miss: test.fit(x=1, y=2) is missing: nothing is stored in {isolated.path}"
    ]
    assert why.against is None


def test_a_parameter_that_differs_is_named() -> None:
    """Of what is stored, the record that differs in one parameter is the nearest."""
    fit = made(plain)
    for x, y in ((1, 7), (1, 8), (5, 5)):
        fit(x, y)
    why = fit.explain(4, 7)
    assert why.against is not None
    assert why.against.id == fit.id(1, 7)
    assert lines(why)[1:] == ["parameter x differs: 1 -> 4"]
    assert why.reason == "parameter x differs"


def test_the_type_of_a_parameter_counts() -> None:
    """A number of another type is said to differ, as it does in the id."""
    fit = made(plain)
    fit(1, 7)
    assert lines(fit.explain(1.0, 7))[1:] == ["parameter x differs: 1 -> 1.0"]


def test_a_parameter_that_is_not_hashed_does_not_differ() -> None:
    """An ignored parameter is no difference."""
    fit = made(plain, ignore=["y"])
    fit(1, 7)
    assert lines(fit.explain(2, 9))[1:] == ["parameter x differs: 1 -> 2"]


def test_another_version_is_named() -> None:
    """With equal params, the version of the experiment is what differs."""
    made(plain, version="1")(1)
    why = made(plain, version="2").explain(1)
    assert lines(why)[1:] == ["version of the experiment differs: '1' -> '2'"]


def test_a_renamed_parameter_is_migrated() -> None:
    """A parameter of another name with the same value is said so, with the remedy."""

    def other(x: int, gamma: int = 2) -> int:
        return x + gamma

    made(plain)(1, 7)
    why = made(other).explain(1, 7)
    assert lines(why)[1:] == [
        "parameter gamma has another name in the record: y -> gamma",
        f"If y is called gamma now: {other.__qualname__}.migrate(rename={{'y': 'gamma'}}).",
    ]


def test_an_added_parameter_is_migrated() -> None:
    """A parameter without a default that the records lack is said so, with the remedy."""

    def other(x: int, scale: float, y: int = 2) -> float:
        return x + y * scale

    made(plain)(1, 7)
    why = made(other).explain(1, 0.5, 7)
    assert lines(why)[1:] == [
        "parameter scale is not in the record: 0.5",
        (
            f"To keep what is stored: {other.__qualname__}.migrate(add={{'scale': ...}}), "
            "with the value that the stored results were computed with."
        ),
    ]


def test_a_removed_parameter_is_migrated() -> None:
    """A parameter that only the records have is said so, with the remedy."""

    def other(x: int) -> int:
        return x

    made(plain)(1, 7)
    why = made(other).explain(1)
    assert lines(why)[1:] == [
        "parameter y is gone: was 7",
        f"If the stored results hold without y: {other.__qualname__}.migrate(drop=['y']).",
    ]


def test_an_experiment_of_another_name_is_found(isolated: Store) -> None:
    """Where nothing is stored under a name, close names are said, with the remedy."""
    made(plain, name="old.plain")(1)
    why = made(plain, name="test.plain").explain(1)
    words = f"nothing is stored of 'test.plain' in {isolated.path}"
    assert lines(why) == [
        f"miss: test.plain(x=1, y=2) is missing: {words}",
        "experiment test.plain has another name there: old.plain -> test.plain",
        "To keep what is stored: plain.migrate(from_name='old.plain').",
    ]


def test_other_experiments_are_listed(isolated: Store) -> None:
    """Where no name is close, some of those in the store are listed."""
    made(plain, name="zebra.stripes")(1)
    why = made(plain).explain(1)
    words = f"nothing is stored of 'test.fit' in {isolated.path}, only of 'zebra.stripes'"
    assert lines(why) == [f"miss: test.fit(x=1, y=2) is missing: {words}"]


def test_a_failure_is_told() -> None:
    """A run that failed is a miss that tells the error and how often it was tried."""
    fit = made(failing)
    for _ in range(2):
        with pytest.raises(ValueError, match="no 1"):
            fit(1)
    why = fit.explain(1)
    assert not why.hit
    assert lines(why) == ["miss: test.fit(x=1) failed before (2 attempts): ValueError: no 1"]


def test_a_claim_is_told(isolated: Store) -> None:
    """A run that somebody computes is a miss that tells who."""
    fit = made(plain)
    key = f"{fit.id(1)}-{fit.code}"
    claims = isolated.claim("test.fit", [key])
    why = fit.explain(1)
    assert why.status == "running"
    claim = claims[key]
    assert f"is being computed on {claim.host}, pid {claim.pid}, since" in str(why)


def test_changed_code_is_told() -> None:
    """A stale run tells which function changed, where, and shows its code without comments."""

    def fit(x: int, y: int = 2) -> int:
        """Return something else."""
        return x - y  # unlike before

    old, new = made(plain), made(fit)
    old(1)
    why = new.explain(1)
    assert why.status == "stale"
    assert why.against is not None
    assert why.against.code == old.code
    assert {one.kind for one in why.differences} == {"default", "function"}
    assert "-    return x + y\n" in why.diff()
    assert "+    return x - y\n" in why.diff()
    assert "unlike" not in why.diff()


def test_the_nearest_of_several_codes_is_taken() -> None:
    """Among the codes of a run, that with the fewest differences is compared with."""

    def first(x: int) -> int:
        return x * FACTOR * len(__name__)

    def second(x: int) -> int:
        return x * 3

    for function in (second, first, plain):
        made(function)(1)
    second.__kwdefaults__ = {}

    def third(x: int) -> int:
        return x * 4

    third.__qualname__ = second.__qualname__
    why = made(third).explain(1)
    assert why.against is not None
    assert why.against.code in {made(second).code, made(first).code}


def test_the_method_of_a_parameter_is_followed(
    isolated: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a project's object among the params, a changed method or constant is told."""
    fit = made(sized)
    fit(Options())
    assert isolated.keys("test.fit", "code-")
    monkeypatch.setitem(globals(), "FACTOR", 3)
    why = fit.explain(Options())
    assert [(one.kind, one.name) for one in why.differences] == [
        ("constant", "test_explain.FACTOR")
    ]
    assert (why.differences[0].old, why.differences[0].new) == ("2", "3")


def test_declared_code_is_stale_by_its_defaults() -> None:
    """Where the user answers for the code, the default that changed is told."""

    def other(x: int, y: int = 3) -> int:
        return x + y

    made(plain, version="1")(1)
    why = made(other, version="1").explain(1)
    assert why.status == "stale"
    assert lines(why)[1:] == ["default of y changed: 2 -> 3"]


def test_another_policy_is_told() -> None:
    """Code that is no longer followed is what differs, not each part of it."""
    made(plain)(1)
    why = made(plain, code="ignore").explain(1)
    assert lines(why)[1:] == ["declared code changed: followed -> ignore", ACCEPT]


def test_a_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version of a package in `depends=` is told as such."""

    def installed(version: str) -> None:
        monkeypatch.setattr(importlib.metadata, "version", lambda _name: version)

    installed("1.26.4")
    made(plain, depends=["numpy"])(1)
    installed("2.0.1")
    why = made(plain, depends=["numpy"]).explain(1)
    assert lines(why)[1:] == ["package numpy changed: 1.26.4 -> 2.0.1", ACCEPT]


@pytest.mark.parametrize("options", [{}, {"version": "1"}, {"code": "ignore"}])
def test_values_in_depends_are_told_by_their_places(options: Any) -> None:
    """A value of `depends=` that is no package is named by its place."""
    made(plain, depends=[("UNIT", "words"), ("b", 2)], **options)(1)
    why = made(plain, depends=[("UNIT", "letters"), ("b", 3)], **options).explain(1)
    told = ["depends UNIT changed: words -> letters", "depends value 2[1] changed: 2 -> 3"]
    assert lines(why)[1:] == [*told, ACCEPT]


def test_a_run_without_its_code_cannot_be_explained() -> None:
    """A run that was loaded by id has no present code to compare with."""
    fit = made(plain)
    fit(1)
    with pytest.raises(errors.UnknownIdError, match=r"^cannot explain run .*without its code\."):
        load(fit.id(1)).explain()


def test_an_explanation_is_pickled() -> None:
    """An explanation can be sent to another process."""
    fit = made(plain)
    fit(1)
    why = fit.explain(2)
    again = pickle.loads(pickle.dumps(why))
    assert str(again) == str(why)
    assert repr(again) == f"<Explanation {why.id[:8]} miss: parameter x differs>"


def test_a_sweep_groups_its_points_by_reason(isolated: Store) -> None:
    """Points of one reason are one group, whose first point is explained in full."""
    fit = made(plain)
    fit.sweep(grid(x=[1, 2], y=[7])).run()
    whole = fit.sweep(grid(x=[1, 2, 3, 4], y=[7]), name="sweep_fit")
    why = whole.explain()
    assert [(group.status, group.indices) for group in why.groups] == [
        ("missing", (2, 3)),
        ("done", (0, 1)),
    ]
    assert (len(why), why.hits, why.misses) == (4, 2, 2)
    assert why.groups[0].example.id == whole.ids[2]
    assert str(why).splitlines()[:2] == [
        "sweep_fit: 4 points, 2 stored, 2 not",
        "  2 points missing: parameter x differs",
    ]
    assert repr(why) == "<SweepExplanation of 4 points, 2 stored, 2 not, 2 reasons>"
    assert isolated.claims("test.fit") == {}


def test_a_sweep_explains_chosen_points() -> None:
    """With positions, only the points at these are explained."""
    sweep = made(plain).sweep(grid(x=[1, 2, 3]))
    assert [group.indices for group in sweep.explain([2, 0]).groups] == [(2, 0)]


def test_failures_of_a_sweep_are_one_group() -> None:
    """Failures of one kind from one line are one group, whatever their messages."""
    sweep = made(failing).sweep(grid(x=[1, 2, 3]))
    sweep.run()
    (group,) = sweep.explain().groups
    assert group.reason == "failed before (1 attempt): ValueError: no 1"
    assert not group.hit


def test_a_sweep_of_declared_code_tells_the_default() -> None:
    """A changed default of declared code is one reason for all its points."""

    def other(x: int, y: int = 3) -> int:
        return x + y

    made(plain, version="1").sweep(grid(x=[1, 2])).run()
    (group,) = made(other, version="1").sweep(grid(x=[1, 2])).explain().groups
    assert (group.status, group.reason) == ("stale", "default of y changed")
    assert group.indices == (0, 1)


def test_points_far_from_all_records_are_explained() -> None:
    """Where every parameter differs from every record, the nearest is still told."""
    fit = made(plain)
    fit.sweep(zipped(x=range(5), y=range(5, 10))).run()
    (group,) = fit.sweep(zipped(x=range(10, 15), y=range(20, 25))).explain().groups
    assert group.reason == "parameter x differs and 1 more"
