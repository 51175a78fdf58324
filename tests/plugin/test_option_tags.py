"""--sweep-tags, and the launch that a session is."""

from __future__ import annotations

import pytest

import expcache
from plugin_project import Project


def runs_of(project: Project) -> expcache.RunSet[object]:
    """Return all stored runs of the project."""
    with expcache.use(project.path / ".expcache") as store:
        (name,) = store.experiments()
        ids = dict.fromkeys(key[:32] for key in store.keys(name) if len(key) == 65)
        return expcache.load(ids)


@pytest.mark.parametrize("options", [[], ["--sweep-jobs=2"], ["-n2"]])
def test_a_session_is_one_launch(project: Project, options: list[str]) -> None:
    """All that a session computes has one launch and its tags, in whatever process."""
    if "-n2" in options:
        pytest.importorskip("xdist")
    project.run("--sweep-tags=night, big", *options)
    runs = runs_of(project)
    assert len(runs) > 1
    assert len(runs.launches) == 1
    assert {run.tags for run in runs} == {("night", "big")}


def test_the_next_session_is_another(project: Project) -> None:
    """What is computed later is of another launch; what was cached stays as it was."""
    project.run()
    project.run("--sweep-refresh", "-k", "0")
    assert len(runs_of(project).launches) in (1, 2)
    first = runs_of(project).launches
    project.run("--sweep-refresh")
    assert not set(runs_of(project).launches) & set(first)
    assert set(runs_of(project)[0].tags) == set()
