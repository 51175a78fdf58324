"""How runs are explained that older code computed, accepted or not, or that failed under it."""

from __future__ import annotations

from typing import Any

import pytest

from expcache import experiment, grid
from expcache._environment import user

pytestmark = pytest.mark.usefixtures("isolated")

REMEDY = "made.<locals>.made.accept(reason=...), or pytest --sweep-accept."


def made(factor: int, n: int = 1, failing: int = 0) -> Any:
    """Return an experiment whose code depends on a factor and on a default."""

    @experiment(name="test.made")
    def made(x: int, n: int = n) -> Any:
        if x == failing:
            raise ValueError("two")
        return factor, x, n

    return made


def test_a_stale_run_may_be_accepted() -> None:
    """What is stale says how it may be kept, and which result it is compared with."""
    old, new = made(2), made(5)
    old(1)
    why = new.explain(1)
    assert why.remedy == f"If it changes no result: {REMEDY}"
    lines = str(why).splitlines()
    assert lines[1].startswith(f"  compared with the result of code {old.code[:8]}, computed ")


def test_what_cannot_be_accepted_is_not_said_to_be() -> None:
    """A result of another default cannot be accepted: nothing is said of it."""
    made(2, n=1)(1)
    assert made(5, n=7).explain(1).remedy == ""


def test_the_result_that_can_be_accepted_is_compared_with() -> None:
    """Of results of several defaults, that of the run's own params is the one to explain."""
    made(2, n=1)(1)
    made(3, n=2)(1)
    why = made(3, n=1).explain(1)
    assert why.against is not None
    assert why.against.code == made(2, n=1).code
    assert why.remedy


def test_an_accepted_run_says_by_whom() -> None:
    """A run that counts by somebody's word is a hit for that reason, not for what has changed."""
    old, new = made(2), made(5)
    old.sweep(grid(x=[1, 2, 3])).run()
    acceptance = new.sweep(grid(x=[1, 2])).accept("a rename")
    new.sweep(grid(x=[3])).accept("another one")
    day = acceptance.when.date()
    told = new.sweep(grid(x=[1, 2, 3])).explain()
    assert [(group.indices, group.reason) for group in told.groups] == [
        ((0, 1), f"accepted by {user()}, {day}: a rename"),
        ((2,), f"accepted by {user()}, {day}: another one"),
    ]
    why = new.explain(1)
    assert str(why).startswith(
        f"hit: test.made(x=1, n=1) is accepted by {user()}, {day}: a rename\n"
    )
    assert why.differences


def test_a_failure_under_other_code_is_told() -> None:
    """Of a run that only failed, and under other code, it is not said that nothing is stored."""
    old, new = made(2, failing=2), made(5, failing=2)
    with pytest.raises(ValueError, match="two"):
        old(2)
    why = new.explain(2)
    assert why.status == "missing"
    assert str(why).startswith(
        "miss: test.made(x=2, n=1) failed under other code (ValueError: two)\n"
    )
    assert f"compared with the failure of code {old.code[:8]}, computed " in str(why)
    (group,) = new.sweep(grid(x=[2])).explain().groups
    assert (group.status, group.reason) == ("missing", why.reason)


def test_another_run_is_named_by_its_params() -> None:
    """A record of other params is told by these, not by its id."""
    made(2)(1)
    lines = str(made(2).explain(3)).splitlines()
    assert lines[1].startswith("  compared with test.made(x=1, n=1), computed ")
