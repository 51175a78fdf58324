"""Stored results are computed once more, apart from the store, and compared with what is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, Sweep, errors, experiment, grid, load, use
from expcache._acceptance import Move, Row, compose
from expcache._audit._sample import sample

pytestmark = pytest.mark.usefixtures("isolated")


class World:
    """What an experiment depends on although its code does not show it."""

    def __init__(self) -> None:
        """Begin with a calm one."""
        self.shift: dict[int, Any] = {}
        self.calls: list[int] = []

    def look(self, x: int) -> Any:
        """Return what is there at a point."""
        self.calls.append(x)
        shift = self.shift.get(x, 0)
        if isinstance(shift, Exception):
            raise shift
        return x + shift


world = World()


@pytest.fixture(autouse=True)
def calm() -> None:
    """Begin every test with a calm world."""
    world.__init__()  # type: ignore[misc]


def looked(**options: Any) -> Any:
    """Return an experiment whose results the world can change behind its back."""

    @experiment(name="looked", **{"version": "1", **options})
    def looked(x: int, scale: int = 10) -> dict[str, Any]:
        return {"seen": world.look(x), "list": [x * scale]}

    return looked


def swept(n: int = 10, **options: Any) -> Sweep[Any]:
    """Return a sweep over n points."""
    sweep: Sweep[Any] = looked(**options).sweep(grid(x=range(n)), name="swept")
    return sweep


def content_of(store: Store) -> dict[str, bytes | None]:
    """Return all that is stored."""
    return {key: store.get("looked", key) for key in store.keys("looked")}


def test_a_sample_is_computed_once_more(isolated: Store) -> None:
    """Only the sample is computed, and the store is afterwards as it was before."""
    sweep = swept()
    sweep.run()
    before, count = content_of(isolated), len(world.calls)
    audit = sweep.audit(0.3)
    assert len(world.calls) - count == len(audit.runs) == 3
    assert audit.same
    assert audit
    assert str(audit) == "audit of swept: 3 of 10 stored points computed once more: none differ"
    assert content_of(isolated) == before
    assert [run.index for run in audit.runs] == sorted(run.index or 0 for run in audit.runs)


def test_a_difference_is_told(isolated: Store) -> None:
    """What comes out differently is named with its point and both values; nothing is written."""
    sweep = swept()
    sweep.run()
    before = content_of(isolated)
    world.shift = {4: 0.5, 7: 1}
    audit = sweep.audit(1.0)
    assert not audit.same
    assert not audit
    assert str(audit).splitlines() == [
        "audit of swept: 10 of 10 stored points computed once more: 2 differ",
        "  x=4, scale=10: result['seen']: int 4 -> float 4.5",
        "  x=7, scale=10: result['seen']: 7 -> 8 (difference 1, relative 0.143)",
    ]
    assert repr(audit) == ("<Audit of swept: 10 of 10 stored points computed once more: 2 differ>")
    assert [pair.params["x"] for pair in audit.differences] == [4, 7]
    pair = audit.differences[1]
    assert (pair.old.result["seen"], pair.new.result["seen"]) == (7, 8)
    assert pair.comparison.differences[0].path == "['seen']"
    assert (pair.id, pair.index) == (sweep[7].id, 7)
    assert repr(pair).startswith("<Pair x=7, scale=10: result['seen']: 7 -> 8")
    assert content_of(isolated) == before
    assert sweep[7].result["seen"] == 7


def test_tolerance() -> None:
    """What differs by no more than the tolerance is the same."""
    sweep = swept()
    sweep.run()
    world.shift = {5: 1}
    assert not sweep.audit(1.0, rtol=0.1)
    assert sweep.audit(1.0, rtol=0.2)
    assert sweep.audit(1.0, atol=1)


def test_a_run_that_fails_now_is_a_difference(isolated: Store) -> None:
    """A point that has a result, but raises when it is computed again, differs."""
    sweep = swept()
    sweep.run()
    before = content_of(isolated)
    world.shift = {3: ZeroDivisionError("no")}
    (line,) = str(sweep.audit(1.0, replace=True)).splitlines()[1:]
    assert line == (
        "  x=3, scale=10: result: {'seen': 3, 'list': [30]} -> the run fails with"
        " ZeroDivisionError: no"
    )
    assert content_of(isolated) == before


def test_replace(isolated: Store) -> None:
    """With ``replace``, what differs is replaced by what was computed, and only that."""
    sweep = swept()
    sweep.run()
    before = content_of(isolated)
    world.shift = {4: 1}
    audit = sweep.audit(1.0, replace=True)
    assert audit.replaced == 1
    assert str(audit).splitlines()[0].endswith(": 1 differs, 1 replaced")
    changed = {key for key, value in content_of(isolated).items() if before.get(key) != value}
    assert {key[:32] for key in changed if "-" not in key[:32]} == {sweep[4].id}
    assert sweep[4].result["seen"] == 5
    assert audit.differences[0].comparison.differences[0].old == 4
    assert isolated.verify().sound
    count = len(world.calls)
    assert sweep.run()[4].result["seen"] == 5
    assert len(world.calls) == count


def test_replace_keeps_large_arrays(tmp_path: Path) -> None:
    """A replaced result with large arrays is as whole as any, and nothing is left over."""
    np = pytest.importorskip("numpy")

    @experiment(name="large", version="1")
    def large(x: int) -> Any:
        return np.full(300_000, float(world.look(x)))

    with use(tmp_path / "store") as store:
        sweep = large.sweep(grid(x=[1, 2]))
        sweep.run()
        world.shift = {2: 1}
        assert "300000 of 300000 elements differ" in str(sweep.audit(1.0, replace=True))
        assert float(load(sweep[1].id).result.sum()) == 900_000
        assert store.verify().sound


def test_the_sample_depends_on_ids_and_seed_alone() -> None:
    """The same points are chosen whatever their order; another seed chooses others."""
    ids = [f"{i:032x}" for i in range(100)]
    chosen = sample(ids, 0.1, 0)
    assert len(chosen) == 10
    assert sample(reversed(ids), 0.1, 0) == chosen
    assert sample(ids, 0.1, 1) != chosen
    assert sample(ids, 0.2, 0) > chosen
    assert len(sample(ids[:30], 0.1, 0)) == 3
    assert len(sample(ids[:1], 0.001, 0)) == 1
    assert sample([], 1.0, 0) == set()
    assert sample(ids, 1, 0) == set(ids)


def test_only_what_is_stored_is_audited() -> None:
    """Points that are missing, stale or failed are no part of it; equal points are one."""
    sweep = swept(4)
    world.shift = {1: ValueError()}
    sweep[0].compute()
    sweep[1].compute()
    audit = sweep.add(grid(x=[0, 0])).audit(1.0)
    assert [run.params["x"] for run in audit.runs] == [0]


def test_nothing_to_audit_is_not_the_same() -> None:
    """An audit of nothing is not taken for one that found everything the same."""
    audit = swept().audit()
    assert not audit
    assert str(audit) == "audit of swept: 0 of 10 points could be audited: 10 missing"
    options: dict[str, Any] = {"version": None, "code": "ignore"}
    swept(2, **options, depends=[calm]).run()
    audit = swept(3, **options, depends=[World]).audit("100%")
    assert not audit.runs
    assert str(audit).endswith("0 of 3 points could be audited: 2 stale, 1 missing")


def test_a_fraction_can_be_a_percentage() -> None:
    """A text such as 30% is the share that it says."""
    sweep = swept()
    sweep.run()
    assert sweep.audit("30%").runs.ids == sweep.audit(0.3).runs.ids
    assert len(sweep.audit("30%").runs) == 3


def test_accepted_results_are_audited() -> None:
    """A result of older code that was accepted is compared with what the present code gives."""
    old, new = (looked(version=None, code="ignore", depends=[one]) for one in (calm, World))
    old.sweep(grid(x=range(3))).run()
    identities = [new._definition.key.identify({"x": x, "scale": 10}) for x in range(3)]
    moves = tuple(Move(one.id, old.code, new.code, one.preimage) for one in identities)
    key, envelope = compose(Row("looked", "me", "here", "2024-01-01T00:00:00+00:00", "", moves))
    new._definition.store.put_once("looked", key, envelope).wait()
    sweep = new.sweep(grid(x=range(3)), name="swept")
    assert sweep.audit(1.0)
    world.shift = {1: 1}
    audit = sweep.audit(1.0, replace=True)
    assert [pair.params["x"] for pair in audit.differences] == [1]
    assert [run.code for run in sweep] == [old.code, new.code, old.code]
    assert sweep[1].result["seen"] == 2


def test_workers_compute_too() -> None:
    """With jobs, the points are computed in other processes, where the world is another."""
    sweep = swept(6)
    world.shift = {2: 1}
    sweep.run()
    count = len(world.calls)
    audit = sweep.audit(0.5, jobs=2)
    assert len(audit.runs) == 3
    assert len(world.calls) == count
    world.shift = {}
    audit = sweep.audit(1.0, jobs=2, timeout=60)
    assert [pair.params["x"] for pair in audit.differences] == [2]


def test_a_damaged_record_differs() -> None:
    """A stored result that cannot be read is a difference that says so, and can be replaced."""
    sweep = swept(2)
    sweep.run()
    run = sweep[1]
    store, key = run._store, run._locate().key or ""
    envelope = store.get("looked", key) or b""
    store.put_sealed("looked", key, envelope[:-1] + b"?", replace=True).wait()
    audit = sweep.audit(1.0, replace=True)
    (pair,) = audit.differences
    assert pair.texts[0].startswith("result: the old one cannot be read: cannot ")
    assert sweep[1].result == {"seen": 1, "list": [10]}


def test_nested_experiments_are_served(isolated: Store) -> None:
    """What the code of an audited point calls comes from the store as ever."""
    inner = looked()

    @experiment(name="outer", version="1")
    def outer(x: int) -> Any:
        return inner(x)["seen"]

    sweep = outer.sweep(grid(x=range(3)))
    sweep.run()
    count = len(world.calls)
    world.shift = {1: 1}
    assert sweep.audit(1.0)
    assert len(world.calls) == count
    assert isolated.verify().sound


def test_async_experiments_are_audited() -> None:
    """Coroutine experiments are computed once more like any other."""

    @experiment(name="waited", version="1")
    async def waited(x: int) -> Any:
        return world.look(x)

    sweep = waited.sweep(grid(x=range(3)))
    sweep.run()
    world.shift = {1: 1}
    assert [pair.params["x"] for pair in sweep.audit(1.0).differences] == [1]


def test_unsaved_experiments_are_audited() -> None:
    """Results that are kept in this process only can be audited in it."""
    sweep = swept(3, save=False)
    sweep.run()
    world.shift = {1: 1}
    assert [pair.params["x"] for pair in sweep.audit(1.0).differences] == [1]


@pytest.mark.parametrize(
    "fraction", [0, -0.1, 1.1, True, "0%", "101%", "10", "%", "a%", float("nan")]
)
def test_a_fraction_is_a_share(fraction: Any) -> None:
    """A fraction that is no share of the points is refused."""
    with pytest.raises(ValueError, match=r"cannot audit with fraction=.*: it is no share") as told:
        swept().audit(fraction)
    assert str(told.value).endswith(
        "Give one above 0 and up to 1, which is all of them, or a text such as '10%'."
    )


def test_a_table_of_an_audit() -> None:
    """The table has a row for each audited point, with its params and what differs."""
    pytest.importorskip("pandas")

    @experiment(name="named", version="1")
    def named(same: int) -> Any:
        return world.look(same)

    sweep = named.sweep(grid(same=[1, 2]))
    sweep.run()
    world.shift = {2: 1}
    frame = sweep.audit(1.0).to_frame()
    assert list(frame.columns) == ["param_same", "same", "difference"]
    assert list(frame.index) == sweep.ids
    assert list(frame["same"]) == [True, False]
    assert list(frame["difference"]) == ["", "result: 2 -> 3 (difference 1, relative 0.5)"]


def test_apart(isolated: Store) -> None:
    """A run apart has nothing stored, and what is computed there does not touch the store."""
    run = swept(1).run()[0]
    before = content_of(isolated)
    world.shift = {0: 1}
    apart = run.apart()
    assert (apart.id, apart.index, apart.params, apart.status) == (run.id, 0, run.params, "missing")
    assert apart.compute().result["seen"] == 1
    assert run.result["seen"] == 0
    assert content_of(isolated) == before
    assert apart.apart().status == "missing"


def test_a_loaded_run_cannot_be_apart() -> None:
    """A run that was loaded by id has no code to compute it with."""
    run = swept(1).run()[0]
    with pytest.raises(errors.UnknownIdError, match="it was loaded without its code"):
        load(run.id).apart()


SCRIPT = """
import os, sys, expcache
from expcache import experiment, grid

@experiment(name="fit", version="1")
def fit(x):
    print(x, flush=True)
    return {"x": x, "seen": os.environ.get("SHIFT")}

with expcache.use(sys.argv[1]):
    sweep = fit.sweep(grid(x=range(200)))
    if sys.argv[2] == "run":
        sweep.run()
    audit = sweep.audit(1.0, replace=sys.argv[2] == "replace")
"""


def killed(store: Path, what: str, after: int) -> None:
    """Run the script, and kill it after some lines."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(store), what],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "SHIFT": what},
    ) as process:
        assert process.stdout is not None
        for count, _ in enumerate(process.stdout):
            if count == after:
                process.send_signal(signal.SIGKILL)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_kill_9_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """An audit that is killed has written nothing; with ``replace``, each record is whole."""
    place = tmp_path / "store"
    killed(place, "run", 200 + 17)
    with use(place) as store:
        before = {key: store.get("fit", key) for key in store.keys("fit")}
    store.close()
    killed(place, "audit", 120)
    with use(place) as store:
        assert {key: store.get("fit", key) for key in store.keys("fit")} == before
        store.close()
        killed(place, "replace", 90)
        assert store.verify().sound
        keys = [key for key in store.keys("fit") if len(key) == 65]
        assert len(keys) == 200
        seen = [load(key[:32]).result["seen"] for key in keys]
        assert set(seen) <= {"run", "replace"}
    store.close()
