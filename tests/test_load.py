"""Any stored run can be loaded by its id, from any process, without the code that made it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from expcache import Store, errors, experiment, grid, load, load_ids, use
from expcache._run import Run

pytestmark = pytest.mark.usefixtures("isolated")


def make_square() -> Any:
    """Return an experiment whose results and ids never change."""

    @experiment(name="square", version="1")
    def square(x: int) -> dict[str, int]:
        return {"square": x * x}

    return square


def test_an_id_loads_its_run() -> None:
    """The run of an id has params, result and status, and cannot compute."""
    square = make_square()
    square(3)
    run = load(square.id(3))
    assert isinstance(run, Run)
    assert (run.params, run.result, run.status, run.done) == ({"x": 3}, {"square": 9}, "done", True)
    assert run.experiment == "square"
    with pytest.raises(errors.UnknownIdError, match=r"it was loaded without its code. Import the"):
        run.compute()


def test_a_prefix_that_fits_one_id_is_enough() -> None:
    """Six digits suffice where they are unique."""
    square = make_square()
    square(3)
    assert load(square.id(3)[:6]).id == square.id(3)


def test_a_list_of_ids_loads_in_order() -> None:
    """Several ids give a sequence of runs in the same order."""
    square = make_square()
    ids = square.sweep(grid(x=[3, 1, 2])).run().ids
    assert [run.result["square"] for run in load(ids)] == [9, 1, 4]
    assert [run.index for run in load(ids)] == [0, 1, 2]


def test_missing_ids_of_many_are_counted(tmp_path: Path) -> None:
    """Loading a file of a sweep that is not complete says how many of its ids are missing."""
    sweep = make_square().sweep(grid(x=range(5)))
    make_square()(0)
    sweep.save_ids(tmp_path / "square.ids.txt")
    with pytest.raises(errors.UnknownIdError) as caught:
        load(tmp_path / "square.ids.txt")
    assert f"cannot load {sweep.ids[1]!r}: no such id in the store " in str(caught.value)
    assert ", nor 3 others of the 5 ids. Compute what is missing," in str(caught.value)


def test_prefixes_can_be_loaded_in_a_list() -> None:
    """A list may mix whole ids and prefixes."""
    square = make_square()
    ids = square.sweep(grid(x=[1, 2])).run().ids
    assert load([ids[0], ids[1][:10]]).ids == ids


def test_an_unknown_id_is_an_error() -> None:
    """An id that is not stored says so, with the store's place."""
    with pytest.raises(errors.UnknownIdError) as caught:
        load("0" * 32)
    assert str(caught.value).startswith(f"cannot load {'0' * 32!r}: no such id in the store ")
    assert str(caught.value).endswith("Check the id, or name another store=.")
    assert caught.value.id == "0" * 32


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("abc", r"cannot load 'abc': 3 digits are too few to tell an id\. Give at least 6\."),
        ("", r"cannot load '': an id has 32 hex digits\. Give an id, or at least 6 of its first"),
        ("no-id-at-all", r"cannot load 'no-id-at-all': an id has 32 hex digits\."),
        ("0" * 33, r"an id has 32 hex digits"),
    ],
)
def test_what_is_no_id_is_refused(prefix: str, message: str) -> None:
    """A prefix too short, or something else than an id, is refused before any search."""
    with pytest.raises(errors.UnknownIdError, match=message):
        load(prefix)


@pytest.mark.parametrize("thing", [None, 5])
def test_what_is_neither_id_nor_file_is_refused(thing: Any) -> None:
    """Something that cannot be an id is an error that says what can."""
    with pytest.raises(
        errors.UnknownIdError, match=r"cannot load .*: it is no id\. Give an id, sev"
    ):
        load(thing)


def test_an_ambiguous_prefix_lists_the_candidates() -> None:
    """A prefix that fits several ids names them."""

    @experiment(name="many", version="1")
    def many(x: int) -> int:
        return x

    # A birthday search over ids only: two that begin with the same six digits.
    seen: dict[str, int] = {}
    pair = next(
        (seen[prefix], x)
        for x in range(100_000)
        if (prefix := many.id(x)[:6]) in seen or seen.setdefault(prefix, x) != x
    )
    for x in pair:
        many(x)
    prefix = many.id(pair[0])[:6]
    with pytest.raises(errors.AmbiguousIdError) as caught:
        load(prefix)
    assert f"cannot load {prefix!r}: 2 ids begin with it: " in str(caught.value)
    assert set(caught.value.candidates) == {many.id(x) for x in pair}


def test_an_id_of_several_codes_loads_the_newest_record() -> None:
    """An id without a code means the record that was written last."""

    def make(offset: int) -> Any:
        @experiment(name="edited")
        def edited(x: int) -> int:
            return x + offset

        return edited

    for offset in (10, 20):
        make(offset)(1)
    assert load(make(10).id(1)).result == 21


def test_a_failed_run_loads_with_its_error() -> None:
    """A failure can be read from anywhere, too."""

    @experiment(name="inverse", version="1")
    def inverse(x: int) -> float:
        return 1 / x

    inverse.run(0)
    run = load(inverse.id(0))
    assert run.status == "failed"
    assert str(run.error) == "ZeroDivisionError: division by zero"
    assert run.error.exception is None


@pytest.mark.parametrize("ending", [".json", ".txt", ".py"])
def test_a_file_of_ids_loads_the_runs(tmp_path: Path, ending: str) -> None:
    """Each format of ids files is written whole and read back in order."""
    sweep = make_square().sweep(grid(x=[2, 1]))
    sweep.run()
    path = tmp_path / f"square.ids{ending}"
    sweep.save_ids(path)
    assert load_ids(path) == sweep.ids
    assert [run.params["x"] for run in load(path)] == [2, 1]
    assert [run.params["x"] for run in load(str(path))] == [2, 1]
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix == ending] == [path.name]


def test_another_ending_is_refused(tmp_path: Path) -> None:
    """A format that does not exist is named, with those that do."""
    with pytest.raises(errors.QueryError, match=r"no such format\. Use one of \.json, \.txt, \.py"):
        make_square().sweep(grid(x=[1])).save_ids(tmp_path / "ids.npy")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("b.json", "{}"),
        ("c.json", "[1, 2]"),
        ("d.py", "import os\n"),
        ("e.py", "ids = [open('x')]\n"),
    ],
)
def test_a_file_that_holds_no_ids_is_refused(tmp_path: Path, name: str, text: str) -> None:
    """A broken file of ids is an error that names it, and nothing in it is executed."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(errors.QueryError, match=r"cannot read ids from .* save_ids wrote\."):
        load_ids(path)


def test_a_json_file_knows_its_store(tmp_path: Path) -> None:
    """A .json file of ids leads to its store when the current one is another."""
    with use(tmp_path / "project" / "store"):
        sweep = make_square().sweep(grid(x=[2]))
        sweep.run()
        sweep.save_ids(tmp_path / "square.ids.json")
    content = json.loads((tmp_path / "square.ids.json").read_text(encoding="utf-8"))
    assert content["store"] == "project/store"
    assert load(tmp_path / "square.ids.json").results == [{"square": 4}]


def test_results_load_in_another_process_without_the_code(isolated: Store, tmp_path: Path) -> None:
    """A fresh process that never saw the experiment reads params and result by id."""
    square = make_square()
    square(3)
    script = (
        "import sys, expcache\n"
        f"run = expcache.load({square.id(3)!r}, store={isolated.path!r})\n"
        "print(run.params, run.result, run.experiment)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "{'x': 3} {'square': 9} square\n"


def test_a_store_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    """Loading never makes a store."""
    with pytest.raises(errors.StoreError, match="cannot"):
        load("0" * 32, store=tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
