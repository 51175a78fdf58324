"""Results of several defaults under one id: each is taken for what it was computed with."""

from __future__ import annotations

from typing import Any

import pytest

from expcache import experiment, grid

pytestmark = pytest.mark.usefixtures("isolated")


def made(factor: int, n: int = 1, name: str = "test.made") -> Any:
    """Return an experiment whose code depends on a factor and on a default."""

    @experiment(name=name)
    def made(x: int, n: int = n) -> Any:
        return factor, x, n

    return made


def computed(factor: int, n: int) -> None:
    """Compute three runs."""
    made(factor, n).sweep(grid(x=[0, 1, 2])).run()


@pytest.mark.parametrize("by", ["experiment", "sweep"])
def test_the_newest_result_of_these_params_is_accepted(by: str) -> None:
    """A newer result of another default does not hide the one that agrees, as with reuse."""
    computed(2, n=1)
    computed(3, n=1)
    computed(4, n=2)
    now = made(5, n=1)
    accepted = now.accept() if by == "experiment" else now.sweep(grid(x=[0, 1, 2])).accept()
    assert (accepted.runs, accepted.skipped) == (3, [])
    assert now(1) == (3, 1, 1)


def test_what_agrees_with_none_says_why() -> None:
    """Where no result is of these params, the newest says in what it differs."""
    computed(2, n=1)
    computed(3, n=2)
    accepted = made(5, n=7).accept()
    assert accepted.runs == 0
    assert {one.reason for one in accepted.skipped} == {"its parameter 'n' was 2 and is 7 now"}


def test_each_default_moves() -> None:
    """To another name the results of every default move, the newest of each."""
    computed(2, n=1)
    computed(3, n=1)
    computed(4, n=2)
    now = made(5, n=1, name="test.new")
    migration = now.migrate(from_name="test.made")
    assert (len(migration), migration.skipped) == (6, [])
    assert migration.apply() == 6
    assert (now(1), now(1, n=2)) == ((3, 1, 1), (4, 1, 2))


def test_results_that_the_present_default_would_join_stay() -> None:
    """Where what told results apart is dropped, none of several defaults is taken for the run."""

    @experiment(name="test.new")
    def now(x: int) -> int:
        return x

    computed(2, n=1)
    computed(3, n=2)
    migration = now.migrate(from_name="test.made", drop=["n"])
    assert len(migration) == 0
    assert len(migration.skipped) == 6


def test_a_record_that_only_lacks_a_parameter_is_no_other_run() -> None:
    """An older record without a newer parameter stands behind the newer one that has it."""

    @experiment(name="test.made")
    def shorter(x: int) -> int:
        return x

    shorter(1)
    made(2, n=1)(1)
    migration = made(5, n=1, name="test.new").migrate(from_name="test.made")
    assert (len(migration), migration.skipped) == (1, [])
