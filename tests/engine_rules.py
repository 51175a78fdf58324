"""What every engine keeps: a test class derives from `EngineRules` and has a fixture `engine`.

The fixture, of the module and of its scope, gives what `executor=` takes, and ends it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import engine_subjects as subjects
from engine_parts import Grain
from executor_cells import until
from expcache import grid, points, use
from expcache._executor import _remote

PATIENCE = 180.0


def calls(folder: Path) -> list[int]:
    """Return what was computed, sorted."""
    file = folder / "calls"
    return sorted(map(int, file.read_text().split())) if file.exists() else []


@pytest.mark.usefixtures("isolated")
class EngineRules:
    """The rules; an engine may take exception to one by overriding it with its reason."""

    def test_results_are_those_of_this_process(self, engine: Any) -> None:
        """Ids and results are the same wherever a sweep is computed."""
        sweep = subjects.scaled.sweep(grid(x=range(12)))
        runs = sweep.run(executor=engine)
        with use(":memory:"):
            here = sweep.run()
        assert (runs.ids, runs.results) == (here.ids, here.results)
        assert [run.code for run in runs] == [run.code for run in here]
        assert sweep.status()["done"] == 12

    def test_parameters_may_have_any_name(self, engine: Any) -> None:
        """No parameter meets an option of the engine."""
        names = {"key": 1, "workers": 2, "pure": True, "retries": 3, "fn": "f"}
        runs = subjects.taken.sweep(points([{**names, "resource_dict": "r"}])).run(executor=engine)
        assert runs.results == [(1, 2, True, 3, "f", "r")]

    def test_code_goes_by_value(self, engine: Any) -> None:
        """A worker needs no file of the project, neither for functions nor for classes."""
        placed = subjects.placed.sweep(grid(x=range(4))).run(executor=engine)
        assert [run.result[1] for run in placed] == [False] * 4
        weighed = subjects.weighed.sweep(grid(grain=[Grain(2)])).run(executor=engine)
        assert weighed.results == [Grain(4)]

    def test_what_a_run_imports_goes_along(self, engine: Any) -> None:
        """A function may import code of the project in its body, packages and experiments too."""
        runs = subjects.late.sweep(grid(x=range(3))).run(executor=engine)
        assert runs.results == [10, 11, 12]

    @pytest.mark.parametrize(
        ("how", "error"),
        [
            ("raise", "ValueError: as told"),
            ("two", "TwoArguments: one"),
            ("exit", "ended its process with exit status 4"),
            ("interrupt", "its process was killed"),
            ("leave", "exited with status 3"),
            ("kill", "was killed"),
            ("lock", "lock"),
        ],
    )
    def test_only_the_guilty_run_fails(self, engine: Any, how: str, error: str) -> None:
        """A run that fails or ends its process fails alone, and says why."""
        runs = subjects.misbehave.sweep(grid(x=range(4), how=how)).run(executor=engine)
        assert [run.status for run in runs] == ["done", "failed", "done", "done"]
        assert error in str(runs[1].error)

    def test_a_time_limit_ends_one_run(self, engine: Any) -> None:
        """A run that takes longer than its limit fails alone."""
        sweep = subjects.misbehave.sweep(grid(x=range(3), how="sleep"))
        runs = sweep.run(executor=engine, timeout=1.0)
        assert [run.status for run in runs] == ["done", "failed", "done"]
        assert "took longer than its time limit of 1 s" in str(runs[1].error)

    def test_a_crash_is_tried_again_by_our_rules(self, engine: Any, tmp_path: Path) -> None:
        """A lost run is tried as often as the experiment says, and no attempt is the engine's."""
        run = subjects.flaky.sweep(grid(x=[1], folder=str(tmp_path))).run(executor=engine)[0]
        assert (run.result, len(run.attempts)) == (1, 2)

    @pytest.mark.filterwarnings("ignore:warned")
    def test_what_a_run_says_is_kept(self, engine: Any) -> None:
        """Output, warnings and log records of a run are kept with it."""
        run = subjects.chatter.sweep(grid(x=[5])).run(executor=engine)[0]
        assert {"printed 5", "written 5"} <= set(run.output.splitlines())
        assert "warned 5" in str(run.warnings)
        assert "logged 5" in str(run.logs)

    def test_another_place_goes_on(self, engine: Any, tmp_path: Path) -> None:
        """What was computed here is not computed there, nor the other way round."""
        sweep = subjects.traced.sweep(grid(x=range(8), folder=str(tmp_path)))
        for run in sweep[:3]:
            run.compute()
        assert sweep.run(executor=engine).results == list(range(8))
        assert sweep.run().results == list(range(8))
        assert calls(tmp_path) == list(range(8))

    def test_many_short_runs_are_computed_once_each(self, engine: Any, tmp_path: Path) -> None:
        """Runs that are sent together are neither lost nor computed twice."""
        sweep = subjects.traced.sweep(grid(x=range(300), folder=str(tmp_path)))
        assert sweep.run(executor=engine).results == list(range(300))
        assert calls(tmp_path) == list(range(300))

    def test_workers_open_no_store(self, engine: Any) -> None:
        """No worker opens a database, though a run calls an experiment that is kept."""
        runs = subjects.outer.sweep(grid(x=range(6))).run(executor=engine)
        assert runs.results == [[]] * 6

    def test_results_may_be_large(self, engine: Any) -> None:
        """A result of many megabytes comes back whole."""
        run = subjects.filled.sweep(grid(size=[20_000_000])).run(executor=engine)[0]
        assert len(run.result) == 20_000_000

    def test_leaving_early_leaves_nothing_claimed(self, engine: Any, tmp_path: Path) -> None:
        """Whoever stops in the middle keeps what came, and nothing is waited for or claimed."""
        sweep = subjects.held.sweep(grid(x=range(6), folder=str(tmp_path)))
        completed = sweep.as_completed(executor=engine)
        reader = threading.Thread(target=lambda: next(completed, None), daemon=True)
        reader.start()
        assert until(lambda: list(tmp_path.glob("begun-*")))
        (tmp_path / "go").touch()
        reader.join(PATIENCE)
        assert not reader.is_alive()
        completed.close()
        statuses = sweep.status()
        assert statuses["running"] == 0
        assert statuses["done"] >= 1

    def test_another_expcache_is_refused(
        self, engine: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A worker of another version says so, and nothing is computed."""
        monkeypatch.setattr(_remote, "_version", lambda: "0.0.9")
        runs = subjects.scaled.sweep(grid(x=range(2))).run(executor=engine)
        for run in runs:
            assert "this process has Python" in str(run.error)
            assert "and expcache 0.0.9. Start workers with the same Python" in str(run.error)
