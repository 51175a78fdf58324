"""Which results of older code are served for newer code, since somebody answers for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from expcache import Experiment, Store, experiment, grid, load, use
from expcache._acceptance import Move, Row, adopted, compose, parse

CALLS: list[int] = []


@pytest.fixture(autouse=True)
def store() -> Iterator[Store]:
    """Give every test a store of its own, and count calls anew."""
    CALLS.clear()
    with use(":memory:") as opened:
        yield opened


def made(factor: int, **options: Any) -> Experiment[..., Any]:
    """Return an experiment whose code depends on a factor, but whose ids do not."""

    @experiment(name="served", **options)
    def made(x: int, y: int = 1) -> int:
        CALLS.append(x)
        return x * y * factor

    return made


def write(store: Store, new: Experiment[..., Any], old: Experiment[..., Any], *xs: int) -> str:
    """Write the row that makes the results of one code count for another."""
    identify = new._definition.key.identify
    identities = [identify({"x": x, "y": 1}) for x in xs]
    moves = tuple(Move(one.id, old.code, new.code, one.preimage) for one in identities)
    key, envelope = compose(Row("served", "me", "here", "2024-01-01T00:00:00+00:00", "", moves))
    store.put_once("served", key, envelope).wait()
    return key


def by_call(fit: Experiment[..., Any]) -> Any:
    """Call the experiment."""
    return fit(3)


def by_run(fit: Experiment[..., Any]) -> Any:
    """Ask for the run."""
    return fit.run(3).result


def by_find(fit: Experiment[..., Any]) -> Any:
    """Find the run without computing."""
    run = fit.find(3)
    found = None if run is None else run.find()
    return None if found is None else found.result


def by_sweep(fit: Experiment[..., Any]) -> Any:
    """Run a sweep."""
    return fit.sweep(grid(x=[3])).run().results[0]


def by_limit(fit: Experiment[..., Any]) -> Any:
    """Compute with a time limit, which is done elsewhere."""
    return fit.sweep(grid(x=[3]))[0].compute(timeout=60).result


def by_plan(fit: Experiment[..., Any]) -> Any:
    """Ask the plan of a sweep."""
    return fit.sweep(grid(x=[3])).plan().done[0].result


WAYS = [by_call, by_run, by_find, by_sweep, by_limit, by_plan]


@pytest.mark.parametrize("way", WAYS)
def test_an_accepted_result_is_served(way: Callable[..., Any], store: Store) -> None:
    """However a run is asked for, an accepted result of older code is given, not computed."""
    old, new = made(2), made(5)
    assert (old(3), new.find(3).status) == (6, "stale")  # type: ignore[union-attr]
    write(store, new, old, 3)
    assert way(new) == 6
    assert CALLS == [3]
    assert new.run(3).code == old.code


def test_an_own_result_comes_first(store: Store) -> None:
    """A result of the present code is served whatever was accepted before or after."""
    old, new = made(2), made(5)
    assert (old(3), new(3)) == (6, 15)
    write(store, new, old, 3)
    assert [way(new) for way in WAYS] == [15] * len(WAYS)
    assert CALLS == [3, 3]


def test_an_acceptance_is_for_its_params_only(store: Store) -> None:
    """A run whose full params are not those that were accepted is computed."""
    old, new = made(2), made(5)
    old(3)
    move = Move(new.id(3), old.code, new.code, bytes(16))
    key, envelope = compose(Row("served", "me", "here", "2024-01-01", "", (move,)))
    store.put_once("served", key, envelope).wait()
    assert new(3) == 15


@pytest.mark.parametrize("way", [by_call, by_run, by_sweep])
def test_a_record_that_is_gone_is_computed_again(way: Callable[..., Any], store: Store) -> None:
    """An acceptance of a record that is no longer there gives no result."""
    old, new = made(2), made(5)
    old(3)
    write(store, new, old, 3)
    store.delete("served", f"{old.id(3)}-{old.code}").wait()
    assert new.find(3) is None
    assert way(new) == 15


@pytest.mark.parametrize("way", [by_call, by_run, by_sweep])
def test_a_damaged_record_is_computed_again(way: Callable[..., Any], store: Store) -> None:
    """An accepted record that is damaged is warned of and computed again."""
    old, new = made(2), made(5)
    old(3)
    write(store, new, old, 3)
    key = f"{old.id(3)}-{old.code}"
    envelope = store.get("served", key) or b""
    store.put_sealed("served", key, envelope[:-20] + bytes(20), replace=True).wait()
    with pytest.warns(match="cannot read the record"):
        assert way(new) == 15


@pytest.mark.parametrize("damage", ["cut", "swapped", "foreign"])
def test_a_damaged_acceptance_counts_for_nothing(damage: str, store: Store) -> None:
    """A row that cannot be read, or is not what was written under its key, is warned of."""
    old, new = made(2), made(5)
    old(3)
    key = write(store, new, old, 3)
    envelope = store.get("served", key) or b""
    other = compose(Row("served", "me", "here", "2024-01-01", "another", ()))[1]
    wrong = {"cut": envelope[:-5], "swapped": other, "foreign": b"foreign"}[damage]
    store.put_sealed("served", key, wrong, replace=True).wait()
    with pytest.warns(match="cannot follow an acceptance of 'served'"):
        assert new(3) == 15
    assert store.verify().sound is (damage == "swapped")


def test_an_acceptance_of_another_experiment_is_passed_over(store: Store) -> None:
    """A row that names another experiment says nothing of this one."""
    old, new = made(2), made(5)
    old(3)
    one = new._definition.key.identify({"x": 3, "y": 1})
    move = Move(one.id, old.code, new.code, one.preimage)
    key, envelope = compose(Row("other", "me", "here", "2024-01-01", "", (move,)))
    store.put_once("served", key, envelope).wait()
    assert new(3) == 15


def test_the_latest_acceptance_counts(store: Store) -> None:
    """Of several acceptances of one run the latest that is still there counts."""
    first, second, new = made(2), made(7), made(5)
    assert (first(3), second(3)) == (6, 21)
    write(store, new, second, 3)
    latest = write(store, new, first, 3)
    assert new(3) == 6
    store.delete("served", latest).wait()
    assert new(3) == 21
    assert CALLS == [3, 3]


def test_an_acceptance_is_read_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are read when they change, not for every run."""
    old, new = made(2), made(5)
    old(3)
    write(store, new, old, 3)
    target = f"{new.id(3)}-{new.code}"
    assert adopted(store, "served")[target].key == f"{old.id(3)}-{old.code}"
    monkeypatch.setattr("expcache._acceptance._adopted.parse", None)
    assert target in adopted(store, "served")


def test_a_row_says_what_was_written(store: Store) -> None:
    """A row gives back all that it was made of."""
    moves = (Move("a" * 32, "b" * 32, "c" * 32, bytes(range(16))),)
    row = Row("served", "me", "here", "2024-01-01", "no \ud800 change, only 日本", moves)
    assert parse(*compose(row)) == row
    assert store.keys("served") == []


def test_sweeps_and_loading_pass_rows_over(store: Store) -> None:
    """An acceptance is no run: nothing lists or loads it as one."""
    old, new = made(2), made(5)
    old(3)
    write(store, new, old, 3)
    assert new.runs().ids == [old.id(3)]
    assert load(new.id(3)).result == 6
    assert new.sweep(grid(x=[3, 4])).status()["done"] == 1
    assert store.verify().sound


@pytest.mark.parametrize("options", [{"version": "1"}, {"code": "ignore"}, {"save": False}])
def test_declared_and_unsaved_experiments_follow_acceptances(options: dict[str, Any]) -> None:
    """Acceptances count for every kind of experiment, each in its own store."""
    old, new = made(2, depends=[by_run], **options), made(5, depends=[by_find], **options)
    assert old(3) == 6
    assert new.code != old.code
    write(new._definition.store, new, old, 3)
    assert (new(3), CALLS) == (6, [3])


def test_coroutine_experiments_follow_acceptances(store: Store) -> None:
    """What is awaited is looked for under older code too."""

    def coroutine(factor: int) -> Any:
        @experiment(name="served")
        async def made(x: int, y: int = 1) -> int:
            CALLS.append(x)
            return x * y * factor

        return made

    old, new = coroutine(2), coroutine(5)
    assert asyncio.run(old(3)) == 6
    write(store, new, old, 3)
    assert asyncio.run(new(3)) == 6
    assert CALLS == [3]
