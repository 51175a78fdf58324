"""Garbage: what nobody needs is found, told, and removed only when asked."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, errors, experiment, gc, grid, use

NOW = -1.0
"""Older than this is everything."""


def made(factor: int) -> Any:
    """An experiment whose code depends on the factor."""

    @experiment(name="fit")
    def fit(x: int) -> int:
        if os.environ.get("BROKEN"):
            raise ValueError(x)
        return factor * x

    return fit


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Each kind of store, in use."""
    with use(":memory:" if request.param == "memory" else tmp_path / "store") as store:
        yield store
    store.close()


def failed_once(x: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a failure of a run that has its result by now."""
    with monkeypatch.context() as broken:
        broken.setenv("BROKEN", "1")
        assert made(2).run(x).status == "failed"
    assert made(2).run(x).status == "done"


def test_failures_that_have_a_result_are_garbage(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure goes when the run has a result of the same code; the result knows of it still."""
    failed_once(1, monkeypatch)
    monkeypatch.setenv("BROKEN", "1")
    alone = made(2).run(2)
    garbage = gc(older_than=NOW)
    (one,) = garbage.records
    assert (one.experiment, one.id) == ("fit", made(2).id(1))
    assert one.reason == "the run has a result of the same code"
    assert len(store.keys("fit", one.id)) == 2
    assert garbage.remove().records == 1
    assert store.keys("fit", one.id) == [f"{one.id}-{one.code}"]
    assert len(made(2).find(1).attempts) == 2
    assert alone.status == "failed"
    assert not gc(older_than=NOW)


def test_codes_that_are_not_kept_are_garbage(store: Store) -> None:
    """With `keep_codes`, all that other codes gave goes, and nothing else."""
    for factor in (2, 3, 4):
        made(factor).sweep(grid(x=range(3))).run()
    garbage = gc(keep_codes=[made(2).code[:6], made(4).code], older_than=NOW)
    assert (len(garbage), {one.code for one in garbage.records}) == (3, {made(3).code})
    assert garbage.nbytes > 0
    removal = garbage.remove()
    assert (removal.records, removal.nbytes) == (3, garbage.nbytes)
    plans = [made(factor).sweep(grid(x=range(3))).status()["done"] for factor in (2, 3, 4)]
    assert plans == [3, 0, 3]


def test_a_code_of_accepted_results_alone_is_kept(store: Store) -> None:
    """A code that computed nothing itself can be kept, while there is a result for it."""
    made(2).sweep(grid(x=[1, 2])).run()
    made(3)(1)
    made(4).accept(code=made(2).code)
    garbage = gc(keep_codes=[made(4).code], older_than=NOW)
    assert [one.code for one in garbage.records] == [made(3).code]
    for run in made(2).runs():
        run.delete(code=made(2).code)
    with pytest.raises(errors.QueryError, match="nothing is stored of it"):
        gc(keep_codes=[made(4).code])


def test_accepted_results_stay(store: Store) -> None:
    """A result of an older code that counts for a kept one is needed."""
    made(2).run(1)
    made(2).run(2)
    new = made(3)
    new.run(2)
    new.sweep(grid(x=[1])).accept(reason="same")
    gc(keep_codes=[new.code], older_than=NOW).remove()
    assert new.sweep(grid(x=[1, 2])).status()["done"] == 2
    assert made(2).find(2).status == "stale"


def test_other_experiments_keep_their_codes(store: Store) -> None:
    """Codes of one experiment say nothing of another; `experiment` looks at one alone."""

    @experiment
    def other(x: int) -> int:
        return x

    other.run(1)
    made(2).run(1)
    made(3).run(1)
    everywhere, there = gc(keep_codes=[made(3).code], older_than=NOW), gc(experiment="fit")
    assert {one.experiment for one in everywhere.records} == {"fit"}
    assert len(there) == 0


def test_what_is_young_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is garbage before its time."""
    failed_once(1, monkeypatch)
    assert (len(gc()), len(gc(older_than=NOW))) == (0, 1)


def test_what_is_computed_now_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that somebody computes is passed over."""
    failed_once(1, monkeypatch)
    failed_once(2, monkeypatch)
    run = made(2).find(1)
    claims = store.claim("fit", [f"{run.id}-{run.code}"])
    removal = gc(older_than=NOW).remove()
    assert removal.ids == (made(2).id(2),)
    store.release("fit", claims.values())
    assert gc(older_than=NOW).remove().ids == (run.id,)


def test_files_that_no_record_names_are_garbage(tmp_path: Path) -> None:
    """Orphans are listed with their age, and removed when they are old enough."""
    with use(tmp_path / "store") as store:
        made(2).run(1)
        parts = next((tmp_path / "store").rglob("parts")) / "ab"
        parts.mkdir()
        old, young = parts / f"{'a' * 32}-{'b' * 16}.part", parts / f"{'c' * 32}-{'d' * 16}.part"
        for file, age in ((old, 2 * 86_400), (young, 0)):
            file.write_bytes(b"left")
            os.utime(file, times=(time.time() - age,) * 2)
        garbage = gc()
        assert [one.path for one in garbage.orphans] == [str(old)]
        assert f"{old}: no record names it" in str(garbage)
        assert old.exists()
        assert garbage.remove().files == (str(old),)
        assert (old.exists(), young.exists()) == (False, True)
    store.close()


def test_the_plan_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Printed, it says what can go and why, and of many only some."""
    for x in range(12):
        failed_once(x, monkeypatch)
    lines = str(gc(older_than=NOW)).splitlines()
    assert lines[0] == "12 records and 0 files can go"
    assert lines[1].endswith(": the run has a result of the same code")
    assert lines[-1] == "... and 2 more"
    assert repr(gc(older_than=NOW)) == "<Garbage of 12 records and 0 files>"


def test_unknown_names_are_refused(store: Store) -> None:
    """A misspelt experiment or code removes nothing."""
    made(2).run(1)
    with pytest.raises(
        errors.QueryError,
        match=r"cannot look for what can go beside the experiment 'fot': nothing is stored of it"
        r"\. Give one of fit\.",
    ):
        gc(experiment="fot")
    with pytest.raises(errors.QueryError, match="beside the code '': nothing is stored of it"):
        gc(keep_codes=[""])
    with pytest.raises(errors.QueryError, match="beside the code 'zz'"):
        gc(keep_codes=["zz"])


def test_a_path_names_a_store(tmp_path: Path) -> None:
    """Another store than the current one can be looked at."""
    with use(tmp_path / "store") as store:
        made(2).run(1)
        made(3).run(1)
    store.close()
    assert len(gc(tmp_path / "store", keep_codes=[made(3).code], older_than=NOW)) == 1
