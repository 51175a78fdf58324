"""The hooks by which pytest meets sweeps; what they do is in the modules below.

A session without sweeps imports nothing of expcache and prints nothing of it.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from pytest_expcache._collect import (
    add_keywords,
    forget_parameters,
    parametrize,
    refuse_in_class,
    sweep_of,
)
from pytest_expcache._files import SweepFile, add_files_option, collect_file
from pytest_expcache._fixtures import isolated_store, run
from pytest_expcache._jobs import distributes, jobs_lines
from pytest_expcache._launching import check_git, leave_launch
from pytest_expcache._options import add_options, options_of, read_options
from pytest_expcache._store import leave_store, use_store

__all__ = ["isolated_store", "run"]

_MARKERS = (
    "sweep(name): a test of one point of the sweep of this name; added by expcache.",
    "point(**params): the point that a test stands for; added by expcache.",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini names."""
    add_options(parser)
    add_files_option(parser)


@pytest.hookimpl(wrapper=True)  # before pytest-xdist reads its options
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Keep a session that only shows what is stored in one process."""
    shows = config.getoption("sweep_status") or config.getoption("sweep_explain")
    if shows and getattr(config.option, "numprocesses", None):
        config.option.numprocesses = 0
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Read the options and make the marks known."""
    if read_options(config).shows:
        from pytest_expcache._session import show  # noqa: PLC0415 - for sweeps only

        show(config)
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say that there are no jobs, where only the workers of pytest-xdist collect sweeps."""
    return jobs_lines(options_of(config).jobs) if distributes(config) else []


def pytest_sessionstart(session: pytest.Session) -> None:
    """Prepare for the reports of workers, if there are any."""
    if session.config.pluginmanager.hasplugin("dsession"):
        from pytest_expcache._session import begin_as_controller  # noqa: PLC0415 - for workers only

        begin_as_controller(session.config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SweepFile | None:
    """Collect the sweep of a YAML or TOML file that is named."""
    return collect_file(file_path, parent)


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> None:
    """Refuse a sweep in a class; one in a module looks like a function to pytest."""
    refuse_in_class(collector, name, obj)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a sweep, or a check of one, a test for every point; leave other functions alone."""
    use_store(metafunc.config, options_of(metafunc.config))
    sweep = sweep_of(metafunc.function)
    if sweep is not None:
        from pytest_expcache._session import begin  # noqa: PLC0415 - a session without is quick

        check_git(metafunc.config, sweep)
        begin(metafunc.config)
        parametrize(metafunc, sweep)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Add the keywords of a point."""
    add_keywords(item)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let go of what only collecting needs."""
    forget_parameters(session.config)


@pytest.hookimpl(tryfirst=True)  # what was chosen last is given up first
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave no trace in a process that goes on."""
    leave_launch(config)
    leave_store(config)
