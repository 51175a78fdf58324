"""A large part whose content is damaged, its size unchanged: a warning and a run, no exception."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, errors, experiment, grid, load, use

np = pytest.importorskip("numpy")

CALLS: list[int] = []


def made(factor: int = 1) -> Any:
    """Return an experiment whose results are large."""

    @experiment(name="large")
    def large(x: int) -> Any:
        CALLS.append(x)
        return np.full(200_000, float(factor * x))

    return large


@pytest.fixture(autouse=True)
def store(isolated: Store) -> Store:
    """Keep the result of one run and damage it; count calls anew."""
    made()(3)
    for path in Path(isolated.path).rglob("*.part"):
        with path.open("r+b") as file:
            file.write(b"garbage!")
    CALLS.clear()
    return isolated


WAYS: list[Callable[[Any], Any]] = [
    lambda fit: fit(3),
    lambda fit: fit.run(3).result,
    lambda fit: fit.sweep(grid(x=[3])).run().results[0],
    lambda fit: next(iter(fit.sweep(grid(x=[3])).as_completed())).result,
    lambda fit: fit.sweep(grid(x=[3]))[0].compute().result,
]


@pytest.mark.parametrize("way", WAYS)
def test_who_asks_for_a_damaged_result_gets_a_new_one(way: Callable[[Any], Any]) -> None:
    """Each way to ask for a result warns, computes once, and mends what is stored."""
    with pytest.warns(errors.RecordWarning, match="its content is not what was written"):
        assert (way(made()) == 3.0).all()
    assert CALLS == [3]
    assert (way(made()) == 3.0).all()
    assert CALLS == [3]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("accepted", [True, False])
def test_a_damaged_result_of_other_code_is_computed_anew(
    way: Callable[[Any], Any],
    accepted: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    """An accepted and a reused result are checked as those of the present code are."""
    new = made(2)
    if accepted:
        assert new.accept().runs == 1
    with (
        use(stale="recompute" if accepted else "reuse"),
        pytest.warns(errors.RecordWarning, match="its content is not what was written"),
    ):
        assert (way(new) == 6.0).all()
    assert CALLS == [3]


def test_a_coroutine_mends_its_result() -> None:
    """A damaged result of a coroutine function is computed again, and awaited."""

    @experiment(name="large")
    async def large(x: int) -> Any:
        CALLS.append(x)
        return np.full(200_000, float(x))

    assert large.accept().runs == 1
    with pytest.warns(errors.RecordWarning, match="its content is not what was written"):
        assert (asyncio.run(large(3)) == 3.0).all()
    assert CALLS == [3]


def test_a_look_at_a_damaged_result_computes_nothing() -> None:
    """Whoever only looks gets the error that tells what to do."""
    fit = made()
    for run in (fit.find(3), fit.sweep(grid(x=[3]))[0], load(fit.id(3))):
        with pytest.raises(errors.RecordError, match=r"its content is not what was written\. C"):
            run.result  # noqa: B018 - raises
    assert not CALLS


def test_a_table_of_two_codes_has_no_value_for_it() -> None:
    """A result that cannot be read is none in a table of two codes, which says why."""
    pytest.importorskip("pandas")
    new = made(2).sweep(grid(x=[3]))
    new.run()
    (told,) = new.compare().to_frame().to_dict("records")
    assert (told["old"], told["new"][0]) == (None, 6.0)
    assert "the old one cannot be read" in told["difference"]


def test_an_explanation_reads_the_result() -> None:
    """A damaged result is no hit."""
    why = made().explain(3)
    assert (why.hit, why.cause) == (False, "is stored, but cannot be read")
