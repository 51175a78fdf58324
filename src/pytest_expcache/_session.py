"""Which parts of the plugin a session needs: none before there is a sweep."""

from __future__ import annotations

import pytest

from pytest_expcache._options import Options, read_options
from pytest_expcache._overview import Overview
from pytest_expcache._plans import Plans
from pytest_expcache._replay import Replay
from pytest_expcache._report import Report
from pytest_expcache._runs import Runs
from pytest_expcache._xdist import FromWorkers, ToController, is_worker

__all__ = ["begin", "begin_as_controller", "options_of", "prepare"]

_options = pytest.StashKey[Options]()
_plans = pytest.StashKey[Plans]()


def prepare(config: pytest.Config) -> None:
    """Read the options; with ``--sweep-status`` nothing may run, whatever is collected."""
    config.stash[_options] = options = read_options(config)
    config.stash[_plans] = plans = Plans()
    if options.status:
        config.pluginmanager.register(Overview(plans), "expcache-overview")


def options_of(config: pytest.Config) -> Options:
    """Return the options of the session."""
    return config.stash[_options]


def begin(config: pytest.Config) -> None:
    """Register what sweeps need, when the first one is collected."""
    manager, options, plans = config.pluginmanager, options_of(config), config.stash[_plans]
    if options.status or manager.hasplugin("expcache-runs"):
        return
    manager.register(Runs(options, plans), "expcache-runs")
    report = _tell(config)
    if is_worker(config):
        manager.register(ToController(report.tally), "expcache-to-controller")
    if options.resume and not _shows_setup(config):
        manager.register(Replay(config, plans), "expcache-replay")


def begin_as_controller(config: pytest.Config) -> None:
    """Register what tells of the sweeps that the workers of pytest-xdist run."""
    if config.pluginmanager.hasplugin("dsession"):
        config.pluginmanager.register(FromWorkers(_tell(config).tally), "expcache-from-workers")


def _tell(config: pytest.Config) -> Report:
    report = Report(config, config.stash[_plans])
    config.pluginmanager.register(report, "expcache-report")
    return report


def _shows_setup(config: pytest.Config) -> bool:
    return bool(config.getoption("setuponly") or config.getoption("setupshow"))
