"""The sweep of the handwritten digits is the same wherever it is computed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from engine_places import PLACES, Places
from expcache import RunSet, Sweep, grid, use

pytest.importorskip("sklearn")

STUDY = Path(__file__).resolve().parents[1] / "examples" / "digits" / "study.py"
GAMMAS = [round(1e-4 * 1.5**power, 8) for power in range(len(PLACES))]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep[Any]]:
    """Some points of the example, with fewer folds."""
    folder = tmp_path_factory.mktemp("study")
    shutil.copy(STUDY, folder / "digits_study.py")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield import_module("digits_study").fit.sweep(grid(C=[1], gamma=GAMMAS, folds=2))


@pytest.fixture(scope="module")
def two(sweep: Sweep[Any]) -> Sweep[Any]:
    """Fewer of them, for what all places compute."""
    return sweep.where(gamma__in=GAMMAS[:2])


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """What can compute the sweep."""
    with ExitStack() as opened:
        yield Places(opened, tmp_path_factory.mktemp)


def bits(runs: RunSet[Any]) -> list[Any]:
    """Return all that is in the results, floats to their last bit."""
    return [
        (run.id, run.code, run.result["accuracy"].hex(), run.result["scores"].tobytes())
        for run in runs
    ]


@pytest.fixture(scope="module")
def here(two: Sweep[Any]) -> list[Any]:
    """What comes of these in this process."""
    with use(":memory:"):
        return bits(two.run())


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize("name", PLACES)
def test_ids_and_results_are_those_of_this_process(
    two: Sweep[Any], here: list[Any], places: Places, name: str
) -> None:
    """A point has one id, one code and one result to the last bit, whatever computes it."""
    assert bits(places[name](two)) == here


@pytest.mark.usefixtures("isolated")
def test_each_goes_on_with_what_another_has_begun(sweep: Sweep[Any], places: Places) -> None:
    """A sweep that is begun on one is resumed on the next, and nothing is computed twice."""
    began: dict[str, Any] = {}
    names = places.names()
    for count, name in enumerate(names, 1):
        part = sweep.where(gamma__in=GAMMAS[:count])
        assert part.status()["done"] == count - 1
        for run in places[name](part):
            assert run.done
            assert began.setdefault(run.id, run.started) == run.started
        assert len(began) == count
    assert len(names) >= 3
