"""What every test directory shares."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from expcache import LocalExecutor, Store, use
from expcache._completion import _completed
from marked import Marked
from plugin_project import CHECK, STUDY, Project

pytest_plugins = ["pytester", "command_line"]

# How long an example takes says how busy the machine is, and nothing of what is tested. A change
# is checked with the examples that others were: `--hypothesis-profile search` looks for new ones.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("patient", settings.get_profile("search"), derandomize=True)
settings.load_profile("patient")

# What a shell starts in the background ignores Ctrl-C; the tests send it to themselves.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A session inside of a test forgets what it was the first to import, which takes time each time,
# and numpy loads only once.
for late in (
    "expcache._git",
    "expcache._store._disk",
    "pytest_expcache._computing",
    "pytest_expcache._loop",
    "pytest_expcache._session",
):
    import_module(late)
with suppress(ImportError):
    import numpy  # noqa: F401, ICN001 - as said above
    import pandas  # noqa: F401, ICN001 - as said above


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project with the study of three points, and without a store."""
    # The worker of single calls with a time limit is where the first of them was made.
    workers: list[tuple[int, LocalExecutor]] = []
    monkeypatch.setattr(_completed, "_single", workers)
    monkeypatch.delenv("EXPCACHE_STORE", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    made = Project(pytester)
    made.write(STUDY)
    yield made
    for _, worker in workers:
        worker.stop()


@pytest.fixture
def checked(project: Project) -> Project:
    """The same project with a check of the sweep."""
    project.write(STUDY + CHECK)
    return project


@pytest.fixture
def isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of the test's own, in use while it runs."""
    with use(tmp_path_factory.mktemp("isolated") / "store") as store:
        yield store
    store.close()


@pytest.fixture(scope="module")
def pool() -> Iterator[LocalExecutor]:
    """Two workers that several tests share."""
    with LocalExecutor(2) as executor:
        yield executor


@pytest.fixture
def marked(tmp_path: Path) -> Iterator[Marked]:
    """A folder of programs whose processes are all found, and ended at the latest with the test."""
    made = Marked(tmp_path)
    # Whoever runs the tests may ignore it, as nohup does, and programs take that over.
    hang_up = getattr(signal, "SIGHUP", signal.SIGTERM)
    before = signal.signal(hang_up, signal.SIG_DFL)
    yield made
    made.end()
    signal.signal(hang_up, before)
