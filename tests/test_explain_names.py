"""How a miss is explained where parameters have come and gone: what may be migrated, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import expcache
from expcache import Experiment, experiment, grid

pytestmark = pytest.mark.usefixtures("isolated")


def made(function: Callable[..., Any], **options: Any) -> Experiment[Any, Any]:
    """Return an experiment named `test.fit`, whatever its function is called."""
    made: Experiment[Any, Any] = experiment(**{"name": "test.fit", **options})(function)
    return made


def by_alpha(alpha: float, degree: int = 1) -> float:
    """Return something."""
    return alpha * degree


def by_penalty(penalty: float, degree: int = 1) -> float:
    """Return the same by another name."""
    return penalty * degree


def by_both(penalty: float, rate: float) -> float:
    """Return something of two parameters."""
    return penalty + rate


def told(why: expcache.Explanation) -> list[str]:
    """Return what differs, then the remedy."""
    return [*map(str, why.differences), why.remedy]


RENAME = "If alpha is called penalty now: by_penalty.migrate(rename={'alpha': 'penalty'})."


def test_one_lost_and_one_new_may_be_a_rename() -> None:
    """A new name at a value that is not stored never asks to give one result to another value."""
    made(by_alpha)(100.0)
    why = made(by_penalty).explain(0.1)
    assert told(why) == [
        "parameter penalty is not in the record: 0.1",
        "parameter alpha is gone: was 100.0",
        RENAME,
    ]


def test_a_renamed_parameter_is_compared_by_its_value() -> None:
    """Each point is compared with the record that has its value under the old name."""
    made(by_alpha).sweep(grid(alpha=[0.1, 1.0, 100.0], degree=[1, 2])).run()
    renamed = made(by_penalty).sweep(grid(penalty=[0.1, 1.0, 100.0], degree=[1, 2]))
    (group,) = renamed.explain().groups
    assert (group.reason, group.example.remedy) == (
        "parameter penalty has another name in the record",
        RENAME,
    )
    for run in renamed:
        against = run.explain().against
        assert against is not None
        assert against.id == made(by_alpha).id(run.params["penalty"], run.params["degree"])


def test_a_rename_is_seen_among_newer_records() -> None:
    """A record of the new name does not hide that the others have the old one."""
    made(by_alpha).sweep(grid(alpha=[0.1, 1.0, 100.0])).run()
    made(by_penalty)(100.0)
    why = made(by_penalty).explain(1.0)
    assert told(why) == [
        "parameter penalty has another name in the record: alpha -> penalty",
        RENAME,
    ]


def test_a_rename_with_another_change_is_told_with_it() -> None:
    """Where one more parameter differs, the record of the same value is the nearest still."""
    made(by_alpha).sweep(grid(alpha=[0.1, 1.0, 100.0])).run()
    why = made(by_penalty).explain(1.0, degree=3)
    assert told(why) == [
        "parameter penalty has another name in the record: alpha -> penalty",
        "parameter degree differs: 1 -> 3",
        RENAME,
    ]


def test_two_names_by_their_values() -> None:
    """Several renamed parameters are told apart by their values."""

    def old(a: float, b: float) -> float:
        return a + b

    made(old)(1.0, 2.0)
    why = made(by_both).explain(2.0, 1.0)
    assert why.remedy == (
        "If b is called penalty and a rate now: "
        "by_both.migrate(rename={'b': 'penalty', 'a': 'rate'})."
    )


def test_two_names_that_no_value_tells_apart() -> None:
    """Which of several names is which is asked, not guessed."""

    def old(a: float, b: float) -> float:
        return a + b

    made(old)(1.0, 1.0)
    assert told(made(by_both).explain(1.0, 1.0)) == [
        "parameter penalty is not in the record: 1.0",
        "parameter rate is not in the record: 1.0",
        "parameter a is gone: was 1.0",
        "parameter b is gone: was 1.0",
        (
            "If parameters have other names now: by_both.migrate(rename={...}), "
            "from a, b to penalty, rate."
        ),
    ]


def test_a_value_is_never_taken_from_the_point() -> None:
    """The value to add is the one that the results were computed with, which nobody knows here."""

    def old(penalty: float) -> float:
        return penalty

    made(old)(1.0)
    assert told(made(by_both).explain(1.0, 0.5)) == [
        "parameter rate is not in the record: 0.5",
        (
            "To keep what is stored: by_both.migrate(add={'rate': ...}), "
            "with the value that the stored results were computed with."
        ),
    ]


def test_a_lost_parameter_is_dropped_knowingly() -> None:
    """Dropping a parameter keeps results that were computed with it: that is said."""

    def old(penalty: float, rate: float, seed: int) -> float:
        return penalty + rate + seed

    made(old)(1.0, 0.5, 3)
    assert told(made(by_both).explain(1.0, 0.5)) == [
        "parameter seed is gone: was 3",
        "If the stored results hold without seed: by_both.migrate(drop=['seed']).",
    ]
