"""Write stored results again as runs of other params, of another name, of another version."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, errors, experiment, grid, load, use

np = pytest.importorskip("numpy")

CALLS: list[Any] = []


class Kernel(Enum):
    """A project class that is found by its name."""

    LINEAR = 1
    RADIAL = 2


@dataclass
class Setting:
    """A project class that a record only describes."""

    depth: int


@pytest.fixture(autouse=True, params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Give every test a store of its own, of each kind, and count calls anew."""
    CALLS.clear()
    with use(tmp_path / "store" if request.param == "disk" else ":memory:") as opened:
        yield opened
    opened.close()


def old_fit(**options: Any) -> Any:
    """Return the experiment as it was."""

    @experiment(**({"name": "moved"} | options))
    def moved(a: Any, b: Any = 1) -> Any:
        CALLS.append((a, b))
        sys.stdout.write(f"computed {a} {b}\n")
        return {"a": a, "b": b}

    return moved


def new_fit(**options: Any) -> Any:
    """Return the experiment with its first parameter renamed."""

    @experiment(**({"name": "moved"} | options))
    def moved(alpha: Any, b: Any = 1) -> Any:
        CALLS.append((alpha, b))
        return {"alpha": alpha, "b": b}

    return moved


def test_a_renamed_parameter() -> None:
    """Results move to the ids of the new name; nothing is computed, the old ones stay."""
    old, new = old_fit(), new_fit()
    old(1), old(2, b=3)
    migration = new.migrate(rename={"a": "alpha"})
    assert (len(migration), migration.skipped, migration.there) == (2, [], 0)
    assert [(one.old, one.new) for one in migration.steps] == [
        (old.id(1), new.id(1)),
        (old.id(2, b=3), new.id(2, b=3)),
    ]
    assert new.find(1) is None
    CALLS.clear()
    assert migration.apply() == 2
    assert (new(1), new(2, b=3), CALLS) == ({"a": 1, "b": 1}, {"a": 2, "b": 3}, [])
    assert (old(1), CALLS) == ({"a": 1, "b": 1}, [])


def test_the_table() -> None:
    """Printed, a migration shows old and new ids, and what cannot move and why."""
    old, new = old_fit(), new_fit()
    old(1), old(Setting(2))
    assert str(new.migrate(rename={"a": "alpha"})).splitlines() == [
        "1 run of moved can move to moved",
        f"{'old id':32}    {'new id':32}  params",
        f"{old.id(1)} -> {new.id(1)}  alpha=1, b=1",
        "1 cannot move:",
        f"{old.id(Setting(2))}: its parameter 'alpha' is only described in its record",
    ]
    assert repr(new.migrate(rename={"a": "alpha"})) == (
        "<Migration to moved: 1 can move, 1 cannot, 0 there>"
    )


def test_planning_writes_nothing(store: Store) -> None:
    """A plan alone leaves the store as it was."""
    old, new = old_fit(), new_fit()
    old(1)
    keys = store.keys("moved")
    assert len(new.migrate(rename={"a": "alpha"})) == 1
    assert store.keys("moved") == keys


def test_the_history_is_kept(store: Store) -> None:
    """A moved record tells where it was, and keeps all that was told of its computation."""
    old, new = old_fit(), new_fit()
    before = old.run(1)
    new.migrate(rename={"a": "alpha"}).apply()
    run = new.find(1)
    assert run.history == [run.history[0]]
    assert {n: run.history[0][n] for n in ("id", "code", "experiment")} == {
        "id": before.id,
        "code": old.code,
        "experiment": "moved",
    }
    assert run.history[0]["when"] > run.finished.isoformat()
    assert (run.code, run.params) == (new.code, {"alpha": 1, "b": 1})
    assert (run.output, run.started, run.host) == ("computed 1 1\n", before.started, before.host)
    assert run.environment == before.environment != {}
    assert before.history == []
    assert load(run.id).result == {"a": 1, "b": 1}
    assert load(before.id).params == {"a": 1, "b": 1}
    assert store.verify().sound


def test_another_name(store: Store) -> None:
    """Results of an experiment of another name move, with the environment they tell of."""
    old, new = old_fit(name="before"), old_fit(name="after")
    old(1)
    assert new.migrate(from_name="before").apply() == 1
    run = new.find(1)
    assert (run.result, len(CALLS)) == ({"a": 1, "b": 1}, 1)
    assert run.environment == load(old.id(1)).environment != {}
    assert store.get("after", f"code-{new.code}") is not None
    assert new.runs().ids == [new.id(1)]


def test_another_version() -> None:
    """Results of another ``version=`` move to the present one."""
    old, new = old_fit(version="1"), old_fit(version="2")
    old(1)
    assert new.find(1) is None
    assert new.migrate().apply() == 1
    assert (new(1), len(CALLS)) == ({"a": 1, "b": 1}, 1)
    assert new.migrate().there == 1


def test_lost_and_new_parameters() -> None:
    """A parameter that is no more is dropped, one that is new gets the value that is given."""

    @experiment(name="moved")
    def new(a: Any, c: Any) -> Any:
        CALLS.append((a, c))

    old = old_fit()
    old(1)
    (skipped,) = new.migrate().skipped
    assert skipped.reason == "the experiment has no parameter 'b'; rename= or drop= it"
    (skipped,) = new.migrate(drop=["b"]).skipped
    assert skipped.reason == "it has no parameter 'c'; add= a value"
    assert new.migrate(drop="b", add={"c": (1, 2)}).apply() == 1
    assert (new(1, (1, 2)), len(CALLS)) == ({"a": 1, "b": 1}, 1)


def test_a_default_is_no_value() -> None:
    """A new parameter is never filled with its default: the old code may have done otherwise."""

    @experiment(name="after")
    def new(a: Any, b: Any = 1, c: Any = 5) -> Any:
        CALLS.append((a, b, c))

    old_fit(name="before")(1)
    assert new.migrate(from_name="before").apply() == 0
    assert new.migrate(from_name="before", add={"c": 0}).apply() == 1
    assert new(1, c=0) == {"a": 1, "b": 1}
    assert new.find(1) is None


def test_a_parameter_at_its_default_moves_too() -> None:
    """A renamed parameter at its default is in no id: its record is written for the new code."""

    @experiment(name="moved")
    def new(a: Any, beta: Any = 1) -> Any:
        CALLS.append((a, beta))

    old = old_fit()
    old(1)
    assert old.id(1) == new.id(1)
    assert new.migrate(rename={"b": "beta"}).apply() == 1
    assert (new(1), len(CALLS)) == ({"a": 1, "b": 1}, 1)
    assert new.find(1).params == {"a": 1, "beta": 1}


def test_the_old_default_moves_as_a_value() -> None:
    """A record moves with the values it was computed with, whatever the defaults are now."""

    @experiment(name="moved")
    def new(alpha: Any, b: Any = 7) -> Any:
        CALLS.append((alpha, b))
        return alpha, b

    old_fit()(1)
    assert new.migrate(rename={"a": "alpha"}).apply() == 1
    assert new(1, b=1) == {"a": 1, "b": 1}
    assert new(1) == (1, 7)


def test_results_that_would_be_one_run_stay() -> None:
    """Where what is dropped told results apart, none of them is taken for the run."""

    @experiment(name="moved")
    def new(a: Any) -> Any:
        CALLS.append(a)

    old = old_fit()
    old(1, b=2), old(1, b=3), old(2, b=2)
    migration = new.migrate(drop=["b"])
    assert [one.new for one in migration.steps] == [new.id(2)]
    assert {one.id for one in migration.skipped} == {old.id(1, b=2), old.id(1, b=3)}
    assert migration.skipped[0].reason == f"2 results would become the run {new.id(1)}"
    assert migration.apply() == 1
    assert new.find(1) is None


def test_swapped_names_need_a_code() -> None:
    """Where a name is old and new, only results of a code that is given move: no one twice."""

    @experiment(name="moved")
    def new(b: Any, a: Any = 1) -> Any:
        CALLS.append((b, a))

    old = old_fit()
    old(1, b=2)
    swap = {"a": "b", "b": "a"}
    with pytest.raises(errors.QueryError, match="'a' is an old name and a new one"):
        new.migrate(rename=swap)
    assert new.migrate(rename=swap, code=old.code).apply() == 1
    assert new(1, a=2) == {"a": 1, "b": 2}
    again = new.migrate(rename=swap, code=old.code[:9])
    assert (len(again), again.there) == (0, 1)


def test_results_of_the_present_code_stay() -> None:
    """What the present code has computed is never moved from where it is."""
    new = new_fit()
    new(1)
    assert len(new.migrate()) == 0
    with pytest.raises(errors.QueryError, match="it is the present one"):
        new.migrate(code=new.code)


def test_only_changed_code_is_left_to_accept() -> None:
    """A record whose id stays is not written again: that is what accepting is for."""
    old, new = old_fit(), old_fit(depends=[Kernel])
    old(1)
    (skipped,) = new.migrate().skipped
    assert skipped.reason == "its id stays as it is; accept() lets its result count"


def test_the_first_writer_wins() -> None:
    """A result that is there already stays, also when it comes after the plan."""
    old, new = old_fit(), new_fit()
    old(1), old(2)
    migration = new.migrate(rename={"a": "alpha"})
    new(1)
    assert migration.apply() == 1
    assert new(1) == {"alpha": 1, "b": 1}
    assert migration.apply() == 0
    again = new.migrate(rename={"a": "alpha"})
    assert (len(again), again.there) == (0, 1)
    reason = f"the run {new.id(1)} has another result already"
    assert [(one.id, one.reason) for one in again.skipped] == [(old.id(1), reason)]


def test_only_what_was_moved_from_here_is_there_already() -> None:
    """A result that came from another name, or was computed, is none that was moved."""
    one, other, new = (old_fit(name=name) for name in ("one", "other", "new"))
    one(1), other(1)
    assert new.migrate(from_name="one").apply() == 1
    assert new.migrate(from_name="one").there == 1
    again = new.migrate(from_name="other")
    assert (len(again), again.there, len(again.skipped)) == (0, 0, 1)


def test_what_is_refreshed_after_the_plan_stays() -> None:
    """A record that was computed anew since the plan was made is left out, and said so."""
    old, new = old_fit(), new_fit()
    old(1), old(2)
    migration = new.migrate(rename={"a": "alpha"})
    old.run(1).compute(refresh=True)
    assert migration.apply() == 1
    (skipped,) = migration.skipped
    why = "its record has changed since the plan was made; migrate again"
    assert (skipped.id, skipped.reason) == (old.id(1), why)
    assert (len(migration), migration.apply(), len(migration.skipped)) == (1, 0, 1)
    assert new.find(1) is None


def test_unsound_records_stay(store: Store) -> None:
    """A record that is damaged is not moved, whether before the plan or after it."""
    old, new = old_fit(), new_fit()
    old(1), old(2), old(3)
    keys = [f"{old.id(a)}-{old.code}" for a in (1, 2, 3)]
    whole = store.get("moved", keys[0]) or b""
    store.put_sealed("moved", keys[1], whole[:-1], replace=True).wait()
    migration = new.migrate(rename={"a": "alpha"})
    assert [one.reason for one in migration.skipped] == ["its record is not sound: truncated"]
    store.delete("moved", keys[2]).wait()
    assert migration.apply() == 1
    assert migration.skipped[-1].reason == "its record is gone"
    assert new.find(3) is None


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1.5, float("nan"), -0.0, "é\n", b"x", (1, [2]), {1: "x"}, {3}),
        *(Path("p"), Kernel.RADIAL, np.float32(2), np.arange(3), 10**40),
    ],
    ids=repr,
)
def test_values_move_as_they_were(value: Any) -> None:
    """Whatever a record tells whole is found under the id of a call with that very value."""
    old, new = old_fit(), new_fit()
    old(value)
    assert new.migrate(rename={"a": "alpha"}).apply() == 1
    CALLS.clear()
    new(value)
    assert CALLS == []


@pytest.mark.parametrize("value", [Setting(1), np.arange(1000.0), [Setting(2)], str.lower])
def test_values_that_are_only_described_stay(value: Any) -> None:
    """What a record does not tell whole is reported, never guessed."""
    old, new = old_fit(), new_fit()
    old(value)
    migration = new.migrate(rename={"a": "alpha"})
    assert len(migration) == 0
    assert "is only described in its record" in migration.skipped[0].reason


def test_an_enum_that_is_gone_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member whose class cannot be found by its name is not taken for another value."""
    old, new = old_fit(), new_fit()
    old(Kernel.LINEAR)
    monkeypatch.delitem(globals(), "Kernel")
    assert len(new.migrate(rename={"a": "alpha"})) == 0


@pytest.mark.parametrize("size", [10, 1 << 18])
def test_arrays_move_with_their_files(size: int, store: Store) -> None:
    """The result is copied, large parts to files of its own."""

    def arrays(name: str) -> Any:
        @experiment(name=name)
        def fill(n: int) -> Any:
            CALLS.append(n)
            return {"x": np.arange(float(n)), "set": {1}}

        return fill

    old, new = arrays("small"), arrays("large")
    old(size)
    assert new.migrate(from_name="small").apply() == 1
    for key in store.keys("small"):
        store.delete("small", key).wait()
    assert store.verify().sound
    result = new(size)
    assert (result["x"].sum(), result["set"], CALLS) == (np.arange(size).sum(), {1}, [size])
    assert new.find(size).read(mmap=True)["x"][-1] == size - 1


def test_pickled_results_move() -> None:
    """A result that only pickle keeps is copied as it is."""

    def complicated(name: str) -> Any:
        @experiment(name=name)
        def make(n: int) -> Any:
            return Setting(n)

        return make

    complicated("pickled")(1)
    new = complicated("again")
    assert new.migrate(from_name="pickled").apply() == 1
    assert new.find(1).result == Setting(1)


def test_names_are_checked() -> None:
    """Names that neither the experiment nor any record has are errors that list the others."""
    old, new = old_fit(), new_fit()
    old(1)
    with pytest.raises(errors.ParameterError, match="to a parameter 'x': 'moved' has none"):
        new.migrate(rename={"a": "x"})
    with pytest.raises(errors.ParameterError, match="to a parameter 'x': 'moved' has none"):
        new.migrate(add={"x": 1})
    with pytest.raises(errors.ParameterError, match="a parameter 'aa': no record has it"):
        new.migrate(rename={"aa": "alpha"})
    with pytest.raises(errors.QueryError, match="from 'nobody': no result is stored"):
        new.migrate(from_name="nobody")
    with pytest.raises(errors.UnknownIdError, match="no result of 'moved' has it"):
        new.migrate(code="zz")
    (skipped,) = new.migrate(rename={"a": "b"}).skipped
    assert skipped.reason == "it has a parameter 'b' already"


def test_ignored_parameters_move_as_they_are_told() -> None:
    """A parameter that is not hashed may be one that a record only describes."""

    @experiment(name="moved", ignore=["b"])
    def new(alpha: Any, b: Any = 1) -> Any:
        CALLS.append(alpha)

    old_fit(ignore=["b"])(1, b=object())
    assert new.migrate(rename={"a": "alpha"}).apply() == 1
    assert new(1)["a"] == 1
    assert len(CALLS) == 1


def test_what_was_accepted_for_a_code_moves() -> None:
    """Results that count for the code that is given move from the records that hold them."""
    first, second, new = old_fit(), old_fit(depends=[Kernel]), new_fit()
    first(1)
    second.accept()
    migration = new.migrate(rename={"a": "alpha"}, code=second.code)
    assert migration.apply() == 1
    assert new.find(1).history[0]["code"] == first.code


def test_a_history_grows() -> None:
    """A record that moves twice tells of both."""

    @experiment(name="moved")
    def newest(omega: Any, b: Any = 1) -> Any:
        CALLS.append((omega, b))

    old, new = old_fit(), new_fit()
    old(1)
    new.migrate(rename={"a": "alpha"}).apply()
    migration = newest.migrate(rename={"alpha": "omega"}, code=new.code)
    assert migration.apply() == 1
    assert [one["id"] for one in newest.find(1).history] == [old.id(1), new.id(1)]
    assert newest.sweep(grid(omega=[1])).run().results == [{"a": 1, "b": 1}]


def test_a_read_only_store_takes_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written, a plan can be made, and applying it says so."""
    if store.path == ":memory:":
        pytest.skip("memory can be written to")
    old, new = old_fit(), new_fit()
    old(1)
    site = store._site  # type: ignore[attr-defined]
    monkeypatch.setattr(site, "access", site.access._replace(writable=False, refusal="cannot."))
    migration = new.migrate(rename={"a": "alpha"})
    assert len(migration) == 1
    with pytest.raises(errors.StoreError):
        migration.apply()
