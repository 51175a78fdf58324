"""Let results of older code count for the present code: accept, and take it back."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, errors, experiment, grid, load, use
from expcache._acceptance import Move, Row, compose
from expcache._environment import host, user

CALLS: list[Any] = []


@dataclass
class Setting:
    """A project class among the params: a record only describes it."""

    depth: int


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[Store]:
    """Give every test a store of its own, and count calls anew."""
    CALLS.clear()
    with use(tmp_path / "store") as opened:
        yield opened
    opened.close()


def made(factor: int, y: Any = 1, **options: Any) -> Any:
    """Return an experiment whose code depends on a factor and on a default."""

    @experiment(name="made", **options)
    def made(x: Any, y: Any = y) -> Any:
        CALLS.append(x)
        return factor, x

    return made


def shorter(factor: int) -> Any:
    """Return the experiment without its second parameter."""

    @experiment(name="made")
    def made(x: Any) -> Any:
        CALLS.append(x)
        return factor, x

    return made


def test_an_experiment_accepts_all_that_is_stale() -> None:
    """Every stored run of older code counts, and nothing is computed."""
    old, new = made(2), made(5)
    old.sweep(grid(x=[1, 2, 3])).run()
    CALLS.clear()
    acceptance = new.accept(reason="only a rename")
    assert (acceptance.runs, acceptance.skipped) == (3, [])
    assert acceptance.ids == [old.id(x) for x in (1, 2, 3)]
    assert new.sweep(grid(x=[1, 2, 3, 4])).run().results == [(2, 1), (2, 2), (2, 3), (5, 4)]
    assert CALLS == [4]


def test_a_sweep_accepts_its_own_points() -> None:
    """The stale points of a sweep count, others stay stale."""
    old, new = made(2), made(5)
    old.sweep(grid(x=[1, 2, 3])).run()
    assert new.sweep(grid(x=[2, 3, 4])).accept().runs == 2
    assert new.sweep(grid(x=[1, 2, 3, 4])).plan().statuses == ["stale", "done", "done", "missing"]


def test_an_acceptance_tells_who_when_and_why(store: Store) -> None:
    """Who accepted, where, when and why is kept, and found again by every run."""
    old, new = made(2), made(5)
    old(1)
    acceptance = new.accept(reason="tests are green")
    assert (acceptance.who, acceptance.host) == (user(), host())
    (kept,) = new.acceptances()
    assert (kept.reason, kept.when, kept.ids) == ("tests are green", acceptance.when, [old.id(1)])
    assert kept.when.tzinfo is not None
    run = new.find(1)
    assert run is not None
    assert run.acceptance is not None
    assert run.acceptance.reason == "tests are green"
    assert (run.code, run.status) == (old.code, "done")
    when = kept.when.isoformat(" ", "minutes")[:16]
    assert str(kept).splitlines() == [
        (
            f"{user()}@{host()} on {when} accepted 1 run of made, "
            f"code {old.code[:8]} for {new.code[:8]}: tests are green"
        ),
        "  x=1, y=1",
    ]
    assert repr(kept).startswith("<Acceptance of 1 run of made by")
    loaded = load(run.id).acceptance
    assert loaded is not None
    assert loaded.reason == "tests are green"
    assert pickle.loads(pickle.dumps(run)).result == (2, 1)
    assert store.verify().sound


def test_a_run_of_the_present_code_needs_none() -> None:
    """A run with a result of its own has no acceptance, whatever was accepted before."""
    old, new = made(2), made(5)
    old(1)
    new.accept()
    assert new.run(1).compute(refresh=True).acceptance is None
    assert new(1) == (5, 1)
    assert old.run(1).acceptance is None
    assert made(7).run(3).acceptance is None


def test_undo_takes_it_back() -> None:
    """What was taken back is stale again; to take it back twice does nothing."""
    old, new = made(2), made(5)
    old(1)
    acceptance = new.accept()
    assert new.sweep(grid(x=[1])).status()["done"] == 1
    assert new.acceptances()[0].undo() is True
    assert acceptance.undo() is False
    assert new.sweep(grid(x=[1])).status()["stale"] == 1
    assert (new.acceptances(), new(1)) == ([], (5, 1))


def test_a_newer_value_of_the_same_code_was_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What replaces an accepted record is stale again, by whichever way it is asked for."""
    monkeypatch.setenv("READING", "old")

    def reading(factor: int) -> Any:
        @experiment(name="reading", depends=[factor])
        def reading(x: int) -> Any:
            return os.environ["READING"]

        return reading

    old, new, third = reading(2), reading(5), reading(7)
    old(1)
    new.accept()
    assert new(1) == "old"
    assert load(new.id(1)).acceptance is not None
    monkeypatch.setenv("READING", "new")
    old.run(1).compute(refresh=True)
    assert (new.find(1).status, new.find(1).acceptance) == ("stale", None)
    assert load(new.id(1)).acceptance is None
    assert new.sweep(grid(x=[1])).plan().statuses == ["stale"]
    with pytest.raises(errors.UnknownIdError, match="no result of 'reading' has it"):
        third.accept(code=new.code)
    with use(stale="error"), pytest.raises(errors.StaleError):
        new(1)
    assert new.accept().runs == 1
    assert (new.find(1).status, new(1)) == ("done", "new")


def test_a_newer_value_is_not_read_by_those_who_hold_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What replaces an accepted record while its run is held is no result of that run."""
    monkeypatch.setenv("READING", "old")

    def reading(factor: int) -> Any:
        @experiment(name="reading", depends=[factor])
        def reading(x: int) -> Any:
            return os.environ["READING"], factor

        return reading

    old, new = reading(2), reading(5)
    old(1)
    new.accept()
    found, runs = new.find(1), new.sweep(grid(x=[1])).run()
    monkeypatch.setenv("READING", "new")
    old.run(1).compute(refresh=True)
    with pytest.raises(errors.RecordError, match=r"was replaced since it was accepted\. Accept"):
        found.result  # noqa: B018 - to read is all that is wanted
    with pytest.warns(errors.RecordWarning, match="was replaced since it was accepted"):
        assert runs.results == [("new", 5)]
    assert new.find(1).result == ("new", 5)


def test_acceptances_are_undone_one_by_one() -> None:
    """To accept what counts for another code accepts its records: each stays until it is undone."""
    first, second, third = made(2), made(5), made(7)
    first(1)
    one = second.accept()
    other = third.accept(code=second.code)
    assert other.codes == [first.code]
    assert f"code {first.code[:8]} for {third.code[:8]}" in str(other)
    assert one.undo()
    assert (second.find(1).status, third.find(1).status, third(1)) == ("stale", "done", (2, 1))
    assert other.undo()
    assert third.find(1).status == "stale"


def test_what_was_computed_from_accepted_results_stays() -> None:
    """To take an acceptance back does not take back what came of it; an audit finds it."""

    def both(factor: int) -> tuple[Any, Any]:
        inner = made(factor)

        @experiment(name="outer")
        def outer(x: int) -> Any:
            return inner(x)

        return inner, outer

    both(2)[0](1)
    inner, outer = both(5)
    acceptance = inner.accept()
    assert outer(1) == (2, 1)
    acceptance.undo()
    assert (inner.find(1).status, outer.find(1).status) == ("stale", "done")
    assert not outer.sweep(grid(x=[1])).audit(1.0).same


def test_what_is_being_computed_is_left_out_and_said(store: Store) -> None:
    """A run that somebody computes now is not accepted, by an experiment or by a sweep."""
    old, new = made(2), made(5)
    old(1), old(2)
    claims = store.claim("made", [f"{new.id(1)}-{new.code}"])
    expected = [(new.id(1), "somebody computes it now; wait for that")]
    for over in (new, new.sweep(grid(x=[1, 2]))):
        acceptance = over.accept(dry_run=True)
        assert [tuple(one) for one in acceptance.skipped] == expected
        assert acceptance.ids == [new.id(2)]
    store.release("made", claims.values())
    assert new.accept().runs == 2


def test_a_dry_run_writes_nothing(store: Store) -> None:
    """With ``dry_run`` all is told and nothing done."""
    old, new = made(2), made(5)
    old(1)
    keys = store.keys("made")
    acceptance = new.accept(dry_run=True)
    assert acceptance.ids == [old.id(1)]
    assert "would accept 1 run of made" in str(acceptance)
    assert repr(acceptance).startswith("<Acceptance of dry run, 1 run of made by")
    assert acceptance.undo() is False
    assert store.keys("made") == keys


def test_nothing_stale_writes_nothing(store: Store) -> None:
    """Where there is nothing to accept, no row is written, and no store is made."""
    acceptance = made(5).accept()
    assert acceptance.runs == 0
    assert str(acceptance) == "accepted nothing: no run of made is stale"
    assert not Path(store.path).exists()
    new = made(5)
    new(1)
    assert new.accept().runs == 0
    assert new.acceptances() == []


@pytest.mark.parametrize("by", ["experiment", "sweep"])
def test_a_changed_default_is_never_accepted(by: str) -> None:
    """A record of another default is of another computation: it is skipped, and says so."""
    old, new = made(2, y=1), made(2, y=7)
    assert (old(1), old(2, y=3), old.id(1)) == ((2, 1), (2, 2), new.id(1))
    points = grid(x=[1]) + grid(x=[2], y=[3])
    accepted = new.accept() if by == "experiment" else new.sweep(points).accept()
    assert accepted.ids == [old.id(2, y=3)]
    assert [one.id for one in accepted.skipped] == [old.id(1)]
    assert accepted.skipped[0].reason == "its parameter 'y' was 1 and is 7 now"
    assert f"not {old.id(1)}: its parameter 'y' was 1" in str(accepted)
    if by == "experiment":
        nothing = "accepted nothing: 1 run of made cannot be accepted\n"
        assert str(new.accept()).startswith(nothing)
    CALLS.clear()
    assert (new(1), new(2, y=3), CALLS) == ((2, 1), (2, 2), [1])


@pytest.mark.parametrize("by", ["experiment", "sweep"])
def test_a_value_that_was_the_old_default_and_is_given_now(by: str) -> None:
    """A record counts for calls of its own id alone, not for those that give its params now."""
    old, new = made(2, y=1), made(2, y=7)
    old(1)
    accepted = new.accept() if by == "experiment" else new.sweep(grid(x=[1], y=[1])).accept()
    assert accepted.runs == 0
    assert new(1, y=1) == (2, 1)
    assert CALLS == [1, 1]


@pytest.mark.parametrize("by", ["experiment", "sweep"])
@pytest.mark.parametrize(("first", "then"), [(shorter, made), (made, shorter)])
def test_a_new_or_lost_default_is_accepted(first: Any, then: Any, by: str) -> None:
    """A parameter with a default that only one of them has says nothing against a record."""
    old, new = first(2), then(5)
    old(1)
    accepted = new.accept() if by == "experiment" else new.sweep(grid(x=[1])).accept()
    assert accepted.runs == 1
    assert (new(1), CALLS) == ((2, 1), [1])


def test_ignored_parameters_do_not_matter() -> None:
    """What is not hashed may differ, also by its default."""
    old, new = made(2, y=1, ignore=["y"]), made(5, y=object(), ignore=["y"])
    old(1, y=object())
    assert new.accept().runs == 1
    assert new(1) == (2, 1)


def test_an_own_key_tells_which_runs_are_the_same() -> None:
    """Under ``key=`` the user's mapping alone says which record is of which run."""
    options: dict[str, Any] = {"key": lambda x: {"x": x % 10}}
    old, new = made(2, **options), made(5, **options)
    old(11)
    assert new.sweep(grid(x=[21])).accept(dry_run=True).runs == 1
    assert new.accept().runs == 1
    assert new(31) == (2, 11)


def test_params_that_are_only_described_need_a_sweep() -> None:
    """An experiment cannot know the runs of values that it cannot read back; a sweep can."""
    old, new = made(2), made(5)
    old(Setting(3))
    (skipped,) = new.accept().skipped
    assert "'x' is only described in its record; accept it by its sweep" in skipped.reason
    sweep = new.sweep([{"x": Setting(3)}])
    assert sweep.accept().runs == 1
    assert sweep.run().results == [(2, Setting(3))]
    assert len(CALLS) == 1


def kind_of(factor: int) -> Any:
    """Return a project class whose method, not its fields, depends on a factor."""

    @dataclass(frozen=True)
    class Kind:
        depth: int = 1

        def value(self) -> int:
            return factor

    return Kind


def test_the_code_of_classes_counts() -> None:
    """A changed class among the params makes stale, and is accepted like any other code."""
    fit = made(2)
    first, second, third = kind_of(1)(), kind_of(2)(), kind_of(3)()
    assert fit(first) == (2, first)
    sweep = fit.sweep([{"x": second}])
    assert sweep.status()["stale"] == 1
    assert sweep.accept().runs == 1
    assert sweep.status()["done"] == 1
    assert fit.sweep([{"x": third}]).status()["stale"] == 1
    assert fit.accept(dry_run=True).runs == 0


def test_opaque_defaults_are_not_taken_for_equal() -> None:
    """Two defaults whose descriptions do not tell all of them are never taken for the same."""

    class Sealed:
        __slots__ = ("_hidden",)

        def __expcache_key__(self) -> int:
            return 1

        def __repr__(self) -> str:
            return "Sealed()"

    old, new = made(2, y=Sealed()), made(5, y=Sealed())
    old(1)
    accepted = new.sweep(grid(x=[1])).accept()
    assert accepted.runs == 0
    assert "parameter 'y'" in accepted.skipped[0].reason


def test_a_code_can_be_picked() -> None:
    """``code=`` accepts results of that code in place of the newest, also later."""
    first, second, new = made(2), made(3), made(5)
    assert (first(1), second(1), first(2)) == ((2, 1), (3, 1), (2, 2))
    assert new.accept(code=second.code[:8]).ids == [first.id(1)]
    assert new(1) == (3, 1)
    again = new.sweep(grid(x=[1, 2])).accept(code=first.code[:8])
    assert again.ids == [first.id(1), first.id(2)]
    assert (new(1), new(2)) == ((2, 1), (2, 2))
    assert new.accept(code=first.code).runs == 0
    assert again.undo()
    assert new(1) == (3, 1)


def test_what_counted_for_a_code_can_be_picked() -> None:
    """Results that were accepted for a code are followed when that code is picked."""
    first, second, new = made(2), made(3), made(5)
    first(1)
    second.accept()
    made(4)(1)
    assert new.accept(code=second.code).ids == [first.id(1)]
    assert new(1) == (2, 1)


def test_an_unknown_code_is_refused() -> None:
    """A code that no result has, or that several have, is an error that lists the codes."""
    first, second, new = made(2), made(3), made(5)
    first(1), second(1)
    with pytest.raises(
        errors.UnknownIdError, match="cannot take results of code 'zz': no result of 'made' has it"
    ) as caught:
        new.accept(code="zz")
    assert str(caught.value).endswith(f"Give one of {first.code[:12]}, {second.code[:12]}.")
    first.accept("again")
    with pytest.raises(errors.AmbiguousIdError, match="2 codes begin with it"):
        new.accept("again", code="")


def test_points_without_that_code_are_told() -> None:
    """A stale point that has no result of the picked code is skipped by name."""
    first, second, new = made(2), made(3), made(5)
    first(1), second(2)
    accepted = new.sweep(grid(x=[1, 2, 3])).accept(code=first.code)
    assert accepted.ids == [first.id(1)]
    assert [one.id for one in accepted.skipped] == [first.id(2)]


def test_a_reason_is_text() -> None:
    """Only text is kept as a reason."""
    with pytest.raises(TypeError, match="cannot accept for the reason 3: it is no text"):
        made(2).accept(reason=3)


def test_unsound_records_are_skipped(store: Store) -> None:
    """A damaged record, and one that lies at another's place, cannot be accepted."""
    old, new = made(2), made(5)
    old(1), old(2), old(3)
    keys = [f"{old.id(x)}-{old.code}" for x in (1, 2, 3)]
    whole = store.get("made", keys[0]) or b""
    store.put_sealed("made", keys[1], whole[:-1], replace=True).wait()
    store.put_sealed("made", keys[2], whole, replace=True).wait()
    accepted = new.accept()
    assert accepted.ids == [old.id(1)]
    assert sorted(one.reason for one in accepted.skipped) == [
        "its record is not sound: truncated",
        "its record is that of another run",
    ]


def test_failed_and_missing_points_are_left_alone() -> None:
    """Only what is stale is accepted: a failure of the present code stays one."""

    @experiment(name="made")
    def failing(x: Any, y: Any = 1) -> Any:
        raise ValueError(x)

    made(2)(1)
    failing.run(1)
    assert failing.sweep(grid(x=[1, 2])).accept().runs == 0
    assert failing.accept().runs == 0
    assert failing.find(1).status == "failed"


@pytest.mark.parametrize("options", [{"version": "1"}, {"code": "ignore"}])
def test_declared_code_is_accepted_where_it_is_stale(options: dict[str, Any]) -> None:
    """What is valid by declaration needs no acceptance; what depends on changed code does."""
    old, new = made(2, **options), made(5, **options)
    old(1)
    assert new.code == old.code
    other = made(5, depends=[made], **options)
    assert other.accept().runs == 1
    assert (other(1), CALLS) == ((2, 1), [1])


def test_a_declared_record_with_a_newer_default_needs_none() -> None:
    """Declared code that only got a new parameter is not stale, so that nothing is accepted."""

    @experiment(name="made", version="1")
    def longer(x: Any, y: Any = 1, z: int = 0) -> Any:
        CALLS.append(x)

    made(2, version="1")(1)
    assert longer.accept().runs == 0
    assert longer(1) == (2, 1)


def test_unsaved_experiments_accept_in_their_process() -> None:
    """Under ``save=False`` acceptances are where the results are."""
    old, new = made(2, save=False), made(5, save=False)
    old(1)
    assert new.accept().runs == 1
    assert new(1) == (2, 1)
    for one in new.acceptances():
        one.undo()


def model_of(factor: int) -> Any:
    """Return a class with an experiment of its own."""

    @dataclass(frozen=True)
    class Model:
        depth: int = 1

        @experiment(name="Model.fit")
        def fit(self, x: int) -> int:
            CALLS.append(x)
            return x * factor

    return Model


def test_methods_are_accepted_by_their_sweep() -> None:
    """The instance of a method is a parameter like any other."""
    old, new = model_of(2), model_of(5)
    assert old().fit(1) == 2
    sweep = new().fit.sweep(grid(x=[1]))
    assert sweep.status()["stale"] == 1
    assert new().fit.accept().runs == 0
    assert sweep.accept().runs == 1
    assert sweep.run().results == [2]
    assert new().fit(1) == 2


def test_a_read_only_store_follows_but_takes_none(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be written, acceptances hold, and neither accept nor undo pretends."""
    old, new, newer = made(2), made(5), made(6)
    old(1)
    new.accept()
    site = store._site  # type: ignore[attr-defined]
    monkeypatch.setattr(site, "access", site.access._replace(writable=False, refusal="cannot."))
    assert new.sweep(grid(x=[1])).run().results == [(2, 1)]
    assert new(1) == (2, 1)
    with pytest.raises(errors.StoreError):
        newer.accept()
    with pytest.raises(errors.StoreError):
        new.acceptances()[0].undo()
    assert newer.accept(dry_run=True).runs == 1
    assert CALLS == [1]


def test_acceptances_take_turns() -> None:
    """Of two that accept the same, one taking it back leaves what the other said."""
    old, new = made(2), made(5)
    old(1)
    sweep = new.sweep(grid(x=[1]))
    first = sweep.accept(reason="mine")
    one = new._definition.key.identify({"x": 1, "y": 1})
    move = Move(one.id, old.code, new.code, one.preimage)
    key, envelope = compose(Row("made", "you", "there", "2024-01-01", "yours", (move,)))
    new._definition.store.put_once("made", key, envelope).wait()
    assert sweep[0].acceptance.reason == "yours"
    assert first.undo()
    assert sweep[0].acceptance.reason == "yours"
    assert new(1) == (2, 1)
